"""``pyca record``: an ad-hoc recording, followed to its end."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pyca.cli.options import Command, Options, open_database, pass_options
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import CommandError, DeliveryError
from pyca.core.states import EventState, ServiceName
from pyca.core.units import show_duration, show_size

if TYPE_CHECKING:
    from pyca.cli.follow import Show
    from pyca.cli.records import Known
    from pyca.config.settings import Settings
    from pyca.store.database import Database

_NEEDED = (ServiceName.CAPTURE, ServiceName.INGEST)


@click.command(cls=Command)
@click.argument("duration", metavar="DURATION")
@click.option("--title", default="Recording", help="What it is called.")
@click.option("--input", "inputs", multiple=True, metavar="NAME", help="Input to record; all if left out.")
@pass_options
def record(options: Options, duration: str, title: str, inputs: tuple[str, ...]) -> None:
    """Record now, for DURATION such as 90s, 45min or 1:30:00.

    Ctrl-C ends the recording early and keeps it. Services that do not run are started for the time of this
    recording.
    """
    from pyca.cli.moments import parse_length
    from pyca.cli.progress import Progress
    from pyca.schedule.local import record_now

    settings, clock = options.settings(), SystemClock()
    seconds = parse_length(duration)
    database = open_database(settings)
    progress = Progress()
    with _services(settings, database, clock):
        event = record_now(database, clock, settings, title, seconds, inputs)
        try:
            one = _follow(database, event.uid, clock, progress, delivers=not settings.agent.backup_mode)
        finally:
            progress.end()
    _report(one)


@contextlib.contextmanager
def _services(settings: "Settings", database: "Database", clock: Clock) -> Iterator[None]:
    """Make sure that somebody records and delivers."""
    from pyca.cli.background import Background
    from pyca.cli.run import preload
    from pyca.cli.services import is_alive

    missing = [name for name in _NEEDED if not is_alive(database, name, clock)]
    if not missing:
        yield
        return
    preload()
    database.dispose()
    log = settings.capture.directory / "record.log"
    with Background(missing, settings, log) as background:
        background.wait_until_ready(database, clock)
        yield


def _follow(database: "Database", uid: str, clock: Clock, show: "Show", *, delivers: bool) -> "Known":
    """Follow the recording; the first Ctrl-C ends it, one after that leaves."""
    from pyca.cli.follow import follow

    try:
        return follow(database, uid, clock, show, delivers=delivers)
    except KeyboardInterrupt:
        stop(database, uid, clock)
        return follow(database, uid, clock, show, delivers=delivers, stopped=True)


def stop(database: "Database", uid: str, clock: Clock) -> None:
    """End a recording now, also one that failed so far or is just about to begin."""
    from pyca.runtime.bell import ring
    from pyca.store import events, recordings

    with database.write() as session:
        recording, event = recordings.get(session, uid), events.get(session, uid)
        if recording and recording.state is EventState.RECORDING:
            recordings.set_end(session, uid, clock.now())
        elif event:
            # Not cancelled: its capture command may have been started this very moment.
            events.update(session, event.changed(end=clock.now()))
    ring(database.scope, ServiceName.CAPTURE)


def _report(one: "Known") -> None:
    """Say what became of the recording.

    :raises CommandError: where nothing was recorded
    :raises DeliveryError: where it is not delivered yet
    """
    if one.recording is None or one.state is EventState.FAILED_RECORDING:
        raise CommandError("nothing was recorded", one.recording.error if one.recording else "")
    for track in one.recording.tracks:
        length = show_duration(track.duration) if track.duration is not None else "?"
        click.echo(f"{track.flavor}  {track.path}  {length}  {show_size(track.size)}")
    if one.upload and one.upload.location:
        click.echo(f"delivered to {one.upload.location}")
    if one.state is EventState.FAILED_UPLOADING:
        why = one.upload.error if one.upload else "no reason is known"
        raise DeliveryError(f"recorded, but not delivered: {why}", "the ingest service goes on trying")
