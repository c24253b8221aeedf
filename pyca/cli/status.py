"""``pyca status``: what the agent does, also while the page is down."""

from typing import TYPE_CHECKING, Any

import click

import pyca
from pyca.cli.options import Command, Options, open_database, pass_options
from pyca.cli.output import brief, emphasized, iso_moment, plain, print_facts, print_json, print_table
from pyca.core.clock import SystemClock
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.core.units import show_size

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.store.database import Database

_NEXT = 3


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def status(options: Options, as_json: bool) -> None:
    """Show the services, what is being recorded and what comes next."""
    settings = options.settings()
    facts = gather(settings, open_database(settings, create=False), SystemClock().now())
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def gather(settings: "Settings", database: "Database", now: float) -> dict[str, Any]:
    """Return what is known about the agent as plain data."""
    from pyca.runtime.disk import free_bytes
    from pyca.store import alarms, events, recordings, services

    zone = settings.agent.timezone
    with database.read() as session:
        begun = recordings.listing(session, states=[EventState.RECORDING], oldest_first=True)
        known = services.statuses(session, now, settings.extra_services)
        planned = events.upcoming(session, limit=_NEXT)
        counts = recordings.count_by_state(session)
        active = alarms.active(session, now)
        titles = recordings.titles(session, {alarm.subject for alarm in active if alarm.subject})
    recorder = next(one for one in known if one.name == ServiceName.CAPTURE)
    # Without the service nobody records: these go on once it is started again.
    alive = recorder.state is not ServiceState.STOPPED
    return {
        "agent": settings.agent.name,
        "version": pyca.__version__,
        "server": settings.server.url or None,
        "backup_mode": settings.agent.backup_mode,
        "services": [
            {
                "name": one.name,
                "state": str(one.state),
                "text": one.text,
                "pid": one.pid or None,
                "since": iso_moment(one.started, zone),
            }
            for one in known
        ],
        "alarms": [
            {
                "kind": str(alarm.kind),
                "text": alarm.text,
                "since": iso_moment(alarm.since, zone),
                "event": alarm.subject or None,
                "title": titles.get(alarm.subject),
                "input": alarm.input or None,
                "service": alarm.service,
            }
            for alarm in active
        ],
        "recording": [_event(one.event, zone) for one in begun if alive],
        "interrupted": [_event(one.event, zone) for one in begun if not alive],
        "next": [_event(event, zone) for event in planned],
        "recordings": {str(state): number for state, number in sorted(counts.items())},
        "free_bytes": free_bytes(settings.capture.directory),
        "minimum_free_bytes": settings.capture.minimum_free,
    }


def _event(event: Any, zone: str) -> dict[str, Any]:
    return {
        "id": event.uid,
        "title": event.title,
        "start": iso_moment(event.start, zone),
        "end": iso_moment(event.end, zone),
    }


def _print(facts: dict[str, Any]) -> None:
    mode = facts["server"] or "none, recordings go to the archive"
    backup = emphasized("backup mode: nothing is sent") if facts["backup_mode"] else ""
    print_facts([("agent", facts["agent"]), ("server", mode), ("mode", backup), ("free", _room(facts))])
    for alarm in facts["alarms"]:
        click.echo(_alarm(alarm))
    click.echo()
    rows = [(one["name"], one["state"], str(one["pid"] or ""), one["text"]) for one in facts["services"]]
    print_table(("service", "state", "pid", ""), rows)
    click.echo()
    for head in ("recording", "interrupted", "next"):
        for event in facts[head]:
            line = f"{head.ljust(11)}  {_span(event)}  "
            click.echo(f"{click.style(line[:11], bold=True)}{line[11:]}{brief(event['title'], len(line))}")
    counts = ", ".join(f"{number} {state}" for state, number in facts["recordings"].items())
    click.echo(f"{click.style('so far', bold=True)}       {counts or 'no recordings'}")
    if all(one["state"] == ServiceState.STOPPED for one in facts["services"]):
        click.echo("Nothing runs. Start it with “pyca all” or systemctl.", err=True)


def _alarm(alarm: dict[str, Any]) -> str:
    """Return an alarm as one line: kind, event, input, text and since when."""
    about = [f"“{plain(alarm['title'])}”" if alarm["title"] else "", plain(alarm["input"] or "")]
    place = ", ".join(part for part in about if part)
    since = alarm["since"][:16].replace("T", " ")
    words = f"{place}: {plain(alarm['text'])}" if place else plain(alarm["text"])
    return f"{emphasized('alarm')} ({alarm['kind']}) {words}, since {since}"


def _room(facts: dict[str, Any]) -> str:
    """Return the free space, and a warning where recordings need more."""
    free, least = facts["free_bytes"], facts["minimum_free_bytes"]
    if free is None:
        return "unknown"
    if free >= least:
        return show_size(free)
    return emphasized(f"{show_size(free)}: too little, recordings need {show_size(least)}")


def _span(event: dict[str, Any]) -> str:
    start, end = (event[name][:19].replace("T", " ") for name in ("start", "end"))
    return f"{start} – {end[11:] if end[:10] == start[:10] else end}"
