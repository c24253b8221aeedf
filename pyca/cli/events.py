"""``pyca events``: the schedule and what became of it."""

from typing import Any

import click

from pyca.cli.options import Group, Options, open_database, pass_options
from pyca.cli.output import plain, print_facts, print_json, print_table, show_moment
from pyca.cli.records import Known, describe, find, known_events
from pyca.core.clock import SystemClock
from pyca.core.errors import UsageError
from pyca.core.states import EventState
from pyca.core.units import show_duration, show_size

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group)
def events() -> None:
    """List, show, add, cancel, retry, pause and delete events."""


@events.command("list")
@click.option("--state", type=click.Choice([str(state) for state in EventState]), help="Only these.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@json_option
@pass_options
def list_events(options: Options, state: str | None, limit: int, as_json: bool) -> None:
    """List events: those to come first, then recordings, the newest first."""
    settings = options.settings()
    found = known_events(open_database(settings, create=False), EventState(state) if state else None, limit)
    zone = settings.agent.timezone
    if as_json:
        print_json([describe(one, zone) for one in found])
        return
    if not found:
        click.echo("No events.")
        return
    rows = [
        (
            one.event.uid,
            show_moment(one.event.start, zone),
            show_duration(one.event.duration),
            str(one.state),
            one.event.title,
        )
        for one in found
    ]
    print_table(("id", "start", "length", "state", "title"), rows)


@events.command()
@click.argument("event_id", metavar="ID")
@json_option
@pass_options
def show(options: Options, event_id: str, as_json: bool) -> None:
    """Show one event and its files. The beginning of its id is enough."""
    settings = options.settings()
    one = find(open_database(settings, create=False), event_id)
    if as_json:
        print_json(describe(one, settings.agent.timezone))
    else:
        _print_event(one, settings.agent.timezone)


@events.command()
@click.option("--title", default="Recording", help="What it is called.")
@click.option("--start", required=True, metavar="WHEN", help="Such as “tomorrow 14:00”, now or +10min.")
@click.option("--duration", metavar="LENGTH", help="Such as 90s, 45min or 1:30:00.")
@click.option("--end", metavar="WHEN", help="Instead of the length.")
@click.option("--input", "inputs", multiple=True, metavar="NAME", help="Input to record; all if left out.")
@click.option("--live", is_flag=True, help="Stream it while it is recorded; see events in [live].")
@json_option
@pass_options
def add(
    options: Options,
    title: str,
    start: str,
    duration: str | None,
    end: str | None,
    inputs: tuple[str, ...],
    live: bool,
    as_json: bool,
) -> None:
    """Plan an event on this agent."""
    from pyca.schedule.local import plan

    settings, clock = options.settings(), SystemClock()
    begins, ends = _span(start, duration, end, clock.now(), settings.agent.timezone)
    event = plan(open_database(settings), clock, settings, title, begins, ends, inputs=inputs, live=live)
    zone = settings.agent.timezone
    if as_json:
        print_json(describe(Known(event), zone))
    else:
        moment = show_moment(event.start, zone)
        click.echo(f"{event.uid}  “{plain(event.title)}” at {moment} for {show_duration(event.duration)}")


@events.command()
@click.argument("event_id", metavar="ID")
@pass_options
def cancel(options: Options, event_id: str) -> None:
    """Take an event from the schedule; a running recording ends now and is kept."""
    from pyca.schedule import local

    database = open_database(options.settings(), create=False)
    one = find(database, event_id)
    local.stop(database, SystemClock(), one.event.uid)
    done = "ends now and is kept" if one.state is EventState.RECORDING else "is cancelled"
    click.echo(f"“{plain(one.event.title)}” {done}")


@events.command()
@click.argument("event_id", metavar="ID")
@click.option("--delivered", is_flag=True, help="The server has it: settle an end that was never answered.")
@click.option("--anew", is_flag=True, help="Begin with the first step instead of where it stopped.")
@pass_options
def retry(options: Options, event_id: str, delivered: bool, anew: bool) -> None:
    """Deliver a recording whose delivery failed, or was paused."""
    from pyca.ingest import operator

    database = open_database(options.settings(), create=False)
    one = find(database, event_id)
    if delivered:
        operator.resolve(database, SystemClock(), one.event.uid, delivered=True)
        click.echo(f"“{plain(one.event.title)}” counts as delivered")
        return
    operator.retry(database, SystemClock(), one.event.uid, anew=anew)
    click.echo(f"“{plain(one.event.title)}” is delivered again")


@events.command()
@click.argument("event_id", metavar="ID")
@pass_options
def pause(options: Options, event_id: str) -> None:
    """Keep a recording from being delivered until “retry” lets it go on."""
    from pyca.ingest import operator

    database = open_database(options.settings(), create=False)
    one = find(database, event_id)
    operator.pause(database, SystemClock(), one.event.uid)
    click.echo(f"“{plain(one.event.title)}” is not delivered until “pyca events retry {one.event.uid}”")


@events.command()
@click.argument("event_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_options
def delete(options: Options, event_id: str, yes: bool) -> None:
    """Forget a recording and delete its files; what was delivered stays where it is."""
    from pyca.ingest.deletion import delete as delete_recording

    settings = options.settings()
    database = open_database(settings, create=False)
    one = find(database, event_id)
    if one.recording is None:
        raise UsageError(f"“{plain(one.event.title)}” was not recorded yet", "cancel it instead")
    if not yes:
        click.confirm(f"Delete {_what_is_lost(one)}?", abort=True)
    stays = delete_recording(database, settings, SystemClock(), one.event.uid, files=True)
    click.echo(f"“{plain(one.event.title)}” is {'forgotten' if stays else 'deleted'}")
    for path in stays:
        click.echo(f"{plain(str(path))} stays: the log says why")


def _span(start: str, duration: str | None, end: str | None, now: float, zone: str) -> tuple[float, float]:
    """Return start and end of an event as seconds since 1970."""
    from pyca.cli.moments import parse_length, parse_moment

    if (duration is None) == (end is None):
        raise click.UsageError("Give either --duration or --end.")
    begins = parse_moment(start, now, zone)
    if end is not None:
        return begins, parse_moment(end, now, zone)
    return begins, begins + parse_length(duration or "")


def _what_is_lost(one: Known) -> str:
    tracks = one.recording.tracks if one.recording else ()
    size = show_size(sum(track.size for track in tracks))
    if one.upload and one.upload.files_gone:
        return f"what is known about “{plain(one.event.title)}” (its files are gone already)"
    where = f"; its copy in {one.upload.location} stays" if one.upload and one.upload.location else ""
    warning = "" if one.state is EventState.FINISHED_UPLOADING else ", which was NOT delivered"
    return f"“{plain(one.event.title)}”{warning} ({len(tracks)} files, {size}{where})"


def _print_event(one: Known, zone: str) -> None:
    facts: dict[str, Any] = describe(one, zone)
    names = ("id", "title", "state", "error", "origin", "inputs", "directory", "location")
    values = [
        (name, plain(", ".join(facts[name]) if name == "inputs" else facts[name] or "")) for name in names
    ]
    span = f"{show_moment(one.event.start, zone)} – {show_moment(one.event.end, zone)}"
    print_facts([*values[:2], ("planned", span), *values[2:]])
    if facts["files_deleted"]:
        click.echo("The files have been deleted from this machine; they were:")
    for track in one.recording.tracks if one.recording else ():
        length = show_duration(track.duration) if track.duration is not None else "?"
        click.echo(f"{track.flavor}  {track.path}  {length}  {show_size(track.size)}")
        for stream in track.streams:
            click.echo(f"    {stream}")
