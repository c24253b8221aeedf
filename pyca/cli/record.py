"""``pyca record``: an ad-hoc recording, followed to its end."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from pyca.cli.options import Command, Options, open_database, pass_options
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import CommandError, DeliveryError
from pyca.core.states import EventState, ServiceName
from pyca.core.units import show_duration, show_size

if TYPE_CHECKING:
    from pyca.cli.records import Known
    from pyca.config.settings import Settings
    from pyca.store.database import Database

_NEEDED = (ServiceName.CAPTURE, ServiceName.INGEST)
_INCOMPLETE = 1
"""Exit code where something was recorded, but not all of it."""


@click.command(cls=Command)
@click.argument("duration", metavar="DURATION")
@click.option("--title", default="Recording", help="What it is called.")
@click.option("--input", "inputs", multiple=True, metavar="NAME", help="Input to record; all if left out.")
@pass_options
def record(options: Options, duration: str, title: str, inputs: tuple[str, ...]) -> None:
    """Record now, for DURATION such as 90s, 45min or 1:30:00.

    Ctrl-C ends the recording early and keeps it. Services that do not run are started for the time of this
    recording. The exit code is 1 where a part of the recording is missing.
    """
    from pyca.cli.follow import follow
    from pyca.cli.moments import parse_recording
    from pyca.cli.progress import Progress
    from pyca.schedule.local import record_now

    settings, clock = options.settings(), SystemClock()
    seconds = parse_recording(duration)
    database = open_database(settings)
    progress = Progress()
    with _services(settings, database, clock) as check:
        event = record_now(database, clock, settings, title, seconds, inputs)
        watch = partial(
            follow, database, event.uid, clock, progress, check, delivers=not settings.agent.backup_mode
        )
        try:
            one, stopped = _until_the_end(watch, partial(stop, database, event.uid, clock))
        finally:
            progress.end()
    _report(one)
    if shortage := describe_shortage(one, stopped=stopped):
        click.echo(shortage, err=True)
        click.get_current_context().exit(_INCOMPLETE)


@contextlib.contextmanager
def _services(settings: "Settings", database: "Database", clock: Clock) -> Iterator[Callable[[], None]]:
    """Make sure that somebody records and delivers; gives what raises where they are gone."""
    from pyca.cli.background import Background
    from pyca.cli.run import preload
    from pyca.cli.services import is_alive

    missing = [name for name in _NEEDED if not is_alive(database, name, clock)]
    if not missing:
        yield lambda: None
        return
    preload()
    database.dispose()
    log = settings.capture.directory / "record.log"
    with Background(missing, settings, log) as background:
        background.wait_until_ready(database, clock)
        yield background.check


def _until_the_end(watch: Callable[..., "Known"], stop: Callable[[], None]) -> tuple["Known", bool]:
    """Watch the recording; the first Ctrl-C or SIGTERM ends it, one after that leaves.

    :return: what became of it, and True where it was ended early
    """
    try:
        return watch(), False
    except (KeyboardInterrupt, SystemExit):
        stop()
        return watch(stopped=True), True


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


def describe_shortage(one: "Known", *, stopped: bool = False) -> str:
    """Return how much of a recording is missing and why; nothing where it is whole.

    :param stopped: True where its end was not the planned one
    """
    recording = one.recording
    if recording is None or not (recording.error or one.state is EventState.PARTIAL_RECORDING):
        return ""
    lengths: defaultdict[tuple[str, str], float] = defaultdict(float)
    for track in recording.tracks:
        lengths[track.input, track.flavor] += track.duration or 0.0
    end = recording.ended if stopped and recording.ended else recording.event.end
    got, planned = min(lengths.values(), default=0.0), max(end - recording.event.start, 0.0)
    # Each further attempt may have ended like the one before.
    reason = "; ".join(dict.fromkeys(recording.error.split("; "))) or "no reason is known"
    return f"partial: {got:.1f} of {planned:.0f} s: {reason}"


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
