"""Days and weeks in the agent's time zone. A day has 23 or 25 hours where clocks are changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

QUARTER = 900.0
_WEEK = re.compile(r"^(\d{4})-W(\d{2})$", re.ASCII)


@dataclass(frozen=True)
class Day:
    """One day, from midnight to midnight of the agent."""

    date: date
    start: float
    end: float


@dataclass(frozen=True, order=True)
class Slot:
    """A quarter of an hour as clocks show it.

    :param again: 1 where clocks show this hour for the second time that day
    """

    hour: int
    again: int
    quarter: int


def local(moment: float, zone: tzinfo | None) -> datetime:
    """Return a moment as clocks at the agent show it.

    :param zone: None for that of the machine
    """
    return datetime.fromtimestamp(moment, UTC).astimezone(zone)


def next_hour(moment: float, zone: tzinfo | None) -> datetime:
    """Return when clocks at the agent show the next full hour, be it of the next day."""
    full = (moment // QUARTER + 1) * QUARTER
    while local(full, zone).minute:
        full += QUARTER
    return local(full, zone)


def day_of(when: date, zone: tzinfo | None) -> Day:
    """Return a day."""
    return Day(when, _midnight(when, zone), _midnight(when + timedelta(days=1), zone))


def read_day(text: str, today: date) -> date:
    """Return the day that an address names; today where it names none."""
    try:
        return _possible(date.fromisoformat(text), today)
    except ValueError:
        return today


def read_week(text: str, today: date) -> date:
    """Return the Monday of the week that an address names, such as ``2026-W47``; this week's otherwise."""
    monday = today - timedelta(days=today.weekday())
    match = _WEEK.match(text)
    if not match:
        return monday
    try:
        return _possible(date.fromisocalendar(int(match[1]), int(match[2]), 1), monday)
    except ValueError:
        return monday


def show_week(when: date) -> str:
    """Return the week of a day as an address names it."""
    year, week, _ = when.isocalendar()
    return f"{year:04}-W{week:02}"


def slots_of(day: Day, zone: tzinfo | None) -> dict[Slot, float]:
    """Return the quarters of a day in order, with the moments at which they begin."""
    found: dict[Slot, float] = {}
    moment = day.start
    while moment < day.end:
        shown = local(moment, zone)
        first = Slot(shown.hour, 0, shown.minute // 15)
        found[Slot(first.hour, 1, first.quarter) if first in found else first] = moment
        moment += QUARTER
    return found


def axis_of(days: Sequence[Day], zone: tzinfo | None, first: int, last: int) -> list[Slot]:
    """Return the quarters that any of these days has, between two hours of the day."""
    every = {slot for day in days for slot in slots_of(day, zone)}
    return sorted(slot for slot in every if first <= slot.hour < last)


def _midnight(when: date, zone: tzinfo | None) -> float:
    return datetime.combine(when, time(), zone).timestamp()


def _possible(when: date, otherwise: date) -> date:
    """Keep away from the ends of the calendar, where there is no day before or after."""
    return when if 1971 <= when.year <= 9000 else otherwise
