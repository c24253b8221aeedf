"""``pyca demo``: one short event from its schedule to the archive."""

import contextlib
import os
import secrets
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import pyca
from pyca.cli.options import Command, open_database
from pyca.cli.output import print_facts
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import MediaError, RunningError
from pyca.core.states import EventState, ServiceName

if TYPE_CHECKING:
    from pyca.cli.background import Background
    from pyca.cli.records import Known
    from pyca.config.settings import Settings
    from pyca.media.ffmpeg import Tools
    from pyca.store.database import Database

_LEAD = 3.0
"""Seconds from planning the event to its start."""
_TOLERANCE = 1.5
"""Seconds by which the recording may miss the planned length; FFmpeg takes a moment to start."""
# The sources pace themselves: “-re” would let newer versions of FFmpeg begin with half a second at once.
_COMMAND = (
    "ffmpeg -hide_banner -loglevel warning"
    " -f lavfi -i testsrc2=s=640x360:r=25,realtime -f lavfi -i sine=f=440:r=48000,arealtime"
    " -map 0:v -map 1:a -c:v libx264 -preset veryfast -tune zerolatency -g 25 -b:v 300k -pix_fmt yuv420p"
    " -c:a aac -cluster_time_limit 1000 -flush_packets 1 -y '{{dir}}/{{name}}.mkv'"
    " -map 0:v -r 1 -update 1 -atomic_writing 1 -y '{{previewdir}}/preview.jpg'"
)


@click.command(cls=Command)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Folder for the database, the recording and the archive.",
)
@click.option("--duration", default="10s", show_default=True, metavar="LENGTH", help="Length of the event.")
def demo(directory: Path, duration: str) -> None:
    """Record a short event from a test source, to see that this machine can do it.

    Uses a database and folders of its own, and contacts no server.
    """
    from pyca.cli.background import Background
    from pyca.cli.moments import parse_recording
    from pyca.cli.run import preload
    from pyca.cli.services import AGENT, is_alive
    from pyca.media.ffmpeg import find_tools

    seconds = parse_recording(duration)
    tools = find_tools(os.environ)
    settings, clock = demo_settings(directory.absolute()), SystemClock()
    database = open_database(settings)
    services = (*AGENT, ServiceName.UI)
    if any(is_alive(database, name, clock) for name in services):
        raise RunningError("another demo runs in this folder", "wait for its end, or choose a --directory")
    clear(database, clock)
    preload()
    database.dispose()
    click.echo(f"pyCA {pyca.__version__}: demo in {directory.absolute()}")
    with Background(services, settings, directory / "pyca.log") as background:
        background.wait_until_ready(database, clock)
        click.echo(
            f"The page while this runs: http://{settings.ui.bind}:{settings.ui.port}"
            f" (user {settings.ui.username}, password {settings.ui.password})"
        )
        one = _record(database, settings, clock, seconds, background)
    _report(one, database, tools, seconds)


def clear(database: "Database", clock: Clock) -> None:
    """End what earlier demos left behind; the services finish what had begun."""
    from pyca.schedule import local
    from pyca.store import events, recordings

    with database.read() as session:
        waiting = events.upcoming(session)
        running = recordings.listing(session, states=[EventState.RECORDING])
    for uid in (*(event.uid for event in waiting), *(recording.uid for recording in running)):
        local.stop(database, clock, uid)


def demo_settings(directory: Path) -> "Settings":
    """Return a configuration that owes nothing to any file or variable.

    :param directory: absolute folder that holds everything
    """
    from pyca.config import load

    settings = load(None, {})
    page = replace(settings.ui, port=_free_port(settings.ui.bind, settings.ui.port))
    recordings = directory / "recordings"
    return replace(
        settings,
        agent=replace(settings.agent, name="pyca-demo", database=f"sqlite:///{directory / 'pyca.db'}"),
        capture=replace(
            settings.capture,
            directory=recordings,
            command=_COMMAND,
            files=("{{dir}}/{{name}}.mkv",),
            preview_dir=recordings,
            preview=("{{previewdir}}/preview.jpg",),
            container="mp4",
        ),
        ingest=replace(settings.ingest, archive=directory / "archive"),
        # Of no use to anybody once the demo is over.
        ui=replace(page, password=secrets.token_urlsafe(9)),
    )


def _free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or another one where somebody uses it."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    return wanted


def _record(
    database: "Database", settings: "Settings", clock: Clock, seconds: float, background: "Background"
) -> "Known":
    """Plan the event and follow it to the archive."""
    from pyca.cli.follow import follow
    from pyca.cli.progress import Progress
    from pyca.schedule.local import plan

    progress = Progress()
    start = clock.now() + _LEAD
    event = plan(database, clock, settings, "Demo", start, start + seconds)
    try:
        return follow(database, event.uid, clock, progress, background.check)
    except (KeyboardInterrupt, SystemExit):
        progress.end()
        clear(database, clock)
        click.echo("Interrupted: the demo's event is cancelled.", err=True)
        raise
    finally:
        progress.end()


def _report(one: "Known", database: "Database", tools: "Tools", seconds: float) -> None:
    """Say what was recorded, after a look into the very files that were archived.

    :raises MediaError: where they are not there, not readable or of another length
    """
    from pyca.media.probe import probe

    if one.state is not EventState.FINISHED_UPLOADING or one.upload is None or one.recording is None:
        raise MediaError(
            f"the demo failed: the event is “{one.state}”", one.recording.error if one.recording else ""
        )
    late = _lateness(one, database)
    for name in _files(Path(one.upload.location)):
        found = probe(name, tools)
        length = found.duration or 0.0
        print_facts(
            [
                ("recording", str(name)),
                ("duration", f"{length:.2f} s, planned {seconds:g} s"),
                ("start", f"{late * 1000:.0f} ms after the planned moment"),
                *((f"track {number}", str(stream)) for number, stream in enumerate(found.streams, start=1)),
            ]
        )
        if abs(length - seconds) > _TOLERANCE:
            raise MediaError(f"“{name}” lasts {length:.2f} s instead of {seconds:g} s", "see pyca.log")


def _reason(one: "Known") -> str:
    upload = one.upload.error if one.upload else ""
    return upload or (one.recording.error if one.recording else "")


def _files(folder: Path) -> list[Path]:
    """Return the archived media files.

    :raises MediaError: where there is none
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in (".mp4", ".mkv"))
    if not files:
        raise MediaError(f"“{folder}” holds no recording")
    return files


def _lateness(one: "Known", database: "Database") -> float:
    """Return the seconds from the planned start to that of the capture command."""
    from pyca.store import recordings

    with database.read() as session:
        return recordings.parts(session, one.event.uid)[0].started - one.event.start
