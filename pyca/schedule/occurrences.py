"""iCalendar text → the events that happen within a span, repetitions expanded (RFC 5545)."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Component, vDDDTypes

from pyca.core.errors import CalendarError
from pyca.core.event import Event, Origin
from pyca.core.naming import safe_name, tidy_title

logger = logging.getLogger(__name__)

LONGEST_UID = 400
_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_REPEATS = ("RRULE", "RDATE", "RECURRENCE-ID")
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
"""What icalendar and its relatives raise where a single event is nonsense."""


@dataclass(frozen=True)
class Span:
    """The time that events are wanted of."""

    start: float
    end: float
    zone: tzinfo | None
    """of times without a zone of their own; None for the machine's"""


def expand(text: str, span: Span) -> dict[str, Event]:
    """Return id → event of all that share time with the span.

    :raises CalendarError: where the text cannot be read as a calendar
    """
    try:
        calendar = Calendar.from_ical(text)
    except _BROKEN as error:
        raise CalendarError(f"the calendar cannot be read: {error}") from error
    found: dict[str, Event] = {}
    strangers: dict[str, str] = {}
    for uid, components in _series(calendar).items():
        try:
            for event in _events(calendar, uid, components, span):
                found[event.uid] = event
                strangers |= dict.fromkeys(_unknown_zones(components) - strangers.keys(), event.title)
        except _BROKEN as error:
            logger.warning("Event “%s” of the calendar is left out: %s", uid, error)
    for zone, title in strangers.items():
        text = "Event “%s” is in the unknown time zone “%s”; its times are taken as those of this agent"
        logger.warning(text, title, zone)
    return found


def _unknown_zones(components: list[Component]) -> set[str]:
    """Return the names of zones that neither the calendar nor the machine explains; such times have none."""
    times = [component.get(name) for component in components for name in ("DTSTART", "DTEND")]
    return {
        tidy_title(str(time.params["TZID"]))
        for time in times
        if isinstance(time, vDDDTypes)
        and isinstance(time.dt, datetime)
        and time.dt.tzinfo is None
        and "TZID" in time.params
    }


def _series(calendar: Component) -> dict[str, list[Component]]:
    """Return the components that make up each event: its rule and the occurrences that differ from it."""
    series: dict[str, list[Component]] = {}
    for component in calendar.walk("VEVENT"):
        uid = str(component.get("UID", "")) or _digest(component.to_ical())
        series.setdefault(uid, []).append(component)
    return series


def _events(calendar: Component, uid: str, components: list[Component], span: Span) -> Iterator[Event]:
    repeats = any(name in component for component in components for name in _REPEATS)
    for component in _repetitions(calendar, components, span) if repeats else components:
        if str(component.get("STATUS", "")).upper() == "CANCELLED":
            continue
        first, last = component.start, component.end  # type: ignore[attr-defined]
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            logger.info("All-day event “%s” is not recorded", _title(component) or uid)
            continue
        start, end = _moment(first, span.zone), _moment(last, span.zone)
        if end <= start:
            logger.warning("Event “%s” has no length and is not recorded", _title(component) or uid)
        elif start < span.end and end > span.start:
            yield _event(component, _id(uid, component, start, span) if repeats else uid, start, end)


def _repetitions(calendar: Component, components: list[Component], span: Span) -> list[Component]:
    """Return the occurrences near the span; a day more on both sides, as zones differ."""
    for component in components:
        _check_rules(component)
    alone = Calendar()
    alone.update(calendar)
    for component in components:
        alone.add_component(component)
    day = timedelta(days=1)
    first = datetime.fromtimestamp(span.start, UTC) - day
    query: Any = recurring_ical_events.of(alone)
    found: list[Component] = query.between(first, datetime.fromtimestamp(span.end, UTC) + day)
    return found


def _check_rules(component: Component) -> None:
    """Refuse rules that would keep the box busy for minutes or for ever.

    :raises ValueError: naming what is wrong
    """
    rules = component.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if _TOO_OFTEN & {str(each).upper() for each in rule.get("FREQ", [])}:
            raise ValueError("it repeats more often than each day")
        if any(int(each) < 1 for each in rule.get("INTERVAL", [])):
            raise ValueError("it repeats with an interval of nothing")


def _moment(when: datetime, zone: tzinfo | None) -> float:
    """Return seconds since 1970; a time without a zone is one of the agent's."""
    return (when.replace(tzinfo=zone) if when.tzinfo is None else when).timestamp()


def _id(uid: str, component: Component, start: float, span: Span) -> str:
    """Name an occurrence by the moment that its rule gives it, so that a moved one stays the same event."""
    planned = component.get("RECURRENCE-ID")
    if planned is not None and "RANGE" not in planned.params and isinstance(planned.dt, date):
        when = planned.dt
        if isinstance(when, datetime):
            start = _moment(when, span.zone)
    return f"{uid}-{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%M%SZ}"


def _event(component: Component, uid: str, start: float, end: float) -> Event:
    event = Event(
        uid=uid if len(uid) <= LONGEST_UID else safe_name(uid),
        title=_title(component) or "Untitled",
        start=start,
        end=end,
        origin=Origin.ICS,
        description=_text(component, "DESCRIPTION"),
        location=_text(component, "LOCATION"),
    )
    return event.changed(fingerprint=_digest(repr(event).encode("utf-8", "surrogatepass")))


def _title(component: Component) -> str:
    return tidy_title(_text(component, "SUMMARY"))


def _text(component: Component, name: str) -> str:
    """Return a property's text; of several the first."""
    value = component.get(name, "")
    return str(value[0] if isinstance(value, list) else value).strip()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
