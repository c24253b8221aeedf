"""Times, lengths and states in words, as filters of the templates."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from itertools import groupby

from flask import Flask

from pyca.config.settings import Settings
from pyca.core.event import Event
from pyca.core.states import EventState, ServiceState
from pyca.core.units import show_duration, show_size
from pyca.ui.context import context
from pyca.ui.view.sound import meter

STATES: dict[EventState, tuple[str, str]] = {
    EventState.UPCOMING: ("clock", "planned"),
    EventState.RECORDING: ("record", "recording"),
    EventState.FAILED_RECORDING: ("failed", "not recorded"),
    EventState.FINISHED_RECORDING: ("done", "recorded, waits for upload"),
    EventState.PARTIAL_RECORDING: ("warning", "recorded in part"),
    EventState.PAUSED_AFTER_RECORDING: ("pause", "recorded, upload paused"),
    EventState.UPLOADING: ("upload", "uploading"),
    EventState.FAILED_UPLOADING: ("failed", "upload failed"),
    EventState.FINISHED_UPLOADING: ("done", "uploaded"),
}
"""Icon and words of each event state; the icon also gives the colour, so colour never stands alone."""

ARCHIVED: dict[EventState, tuple[str, str]] = STATES | {
    EventState.FINISHED_RECORDING: ("done", "recorded, waits for the archive"),
    EventState.FINISHED_UPLOADING: ("done", "archived"),
}
"""The same for an agent without a server."""

SERVICE_STATES: dict[ServiceState, tuple[str, str]] = {
    ServiceState.STOPPED: ("stopped", "not running"),
    ServiceState.IDLE: ("done", "ready"),
    ServiceState.BUSY: ("busy", "working"),
    ServiceState.ERROR: ("failed", "in trouble"),
}


def register(app: Flask, settings: Settings) -> None:
    """Add the filters to an application."""
    states = ARCHIVED if settings.standalone else STATES
    app.jinja_env.filters.update(
        size=show_size,
        duration=show_duration,
        span=span,
        clock=lambda moment: clock(moment, context().zone),
        when=lambda moment, now: when(moment, now, context().zone),
        second=lambda moment, now: second(moment, now, context().zone),
        iso=iso,
        sound=meter,
        day=lambda moment, now: day(moment, now, context().zone),
        days=lambda events, now: by_day(events, now, context().zone),
    )
    app.jinja_env.globals.update(states=states, service_states=SERVICE_STATES)


def span(seconds: float) -> str:
    """Return a length in words for reading at a glance: ``45 min``, ``1 h 30 min``, ``3 days``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 60 / 24)} days"


def clock(moment: float, zone: tzinfo | None) -> str:
    """Return the time of day."""
    return f"{_local(moment, zone):%H:%M}"


def when(moment: float, now: float, zone: tzinfo | None) -> str:
    """Return day and time, the day only where it is not today."""
    time, name = clock(moment, zone), day(moment, now, zone)
    if name == "Today":
        return time
    return f"{name.lower()} {time}" if name in ("Tomorrow", "Yesterday") else f"{name}, {time}"


def day(moment: float, now: float, zone: tzinfo | None) -> str:
    """Return the day of a moment: “Today”, “Tomorrow”, “Mon 23 Nov”."""
    then, today = _local(moment, zone), _local(now, zone)
    near = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}.get((then.date() - today.date()).days)
    if near:
        return near
    year = f" {then.year}" if then.year != today.year else ""
    return f"{then:%a} {then.day} {then:%b}{year}"


def by_day(events: Iterable[Event], now: float, zone: tzinfo | None) -> list[list[Event]]:
    """Return events in groups of the days on which they start.

    :param events: in the order of their starts
    """
    return [list(group) for _, group in groupby(events, lambda event: day(event.start, now, zone))]


def second(moment: float, now: float, zone: tzinfo | None) -> str:
    """Return a moment to the second, as logs need it; the day only where it is not today."""
    then, today = _local(moment, zone), _local(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    year = f"{then.year}-" if then.year != today.year else ""
    return f"{year}{then:%m-%d} {then:%H:%M:%S}"


def iso(moment: float) -> str:
    """Return a moment for machines, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _local(moment: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(moment, UTC).astimezone(zone)
