"""The schedule of a day or a week: what is planned and what was recorded, and where it collides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo

from pyca.core.event import Event
from pyca.core.states import EventState
from pyca.store import calendar
from pyca.store.calendar import Entry
from pyca.ui.context import Context
from pyca.ui.view.days import Day, Slot, axis_of, day_of, local, slots_of
from pyca.ui.view.digest import digest
from pyca.ui.view.forecast import Conflict, forecast
from pyca.ui.view.lanes import Bar, side_by_side

MOST = 500
"""Events shown at once; a week has 672 quarters of an hour."""
BEFORE = 43_200.0
"""Seconds before the span that conflicts are judged from."""
AFTER = 86_400.0
FIRST_HOUR, LAST_HOUR = 8, 18
"""Hours that are shown even where nothing happens."""
ROWS_AT_LEAST = 2
"""Rows of a bar, so that its words can be read."""


@dataclass(frozen=True)
class Shown:
    """An event as it stands on one day."""

    entry: Entry
    bar: Bar
    before: bool
    """True where it began on an earlier day"""
    after: bool
    """True where it goes on on the next day"""
    conflict: Conflict | None = None

    @property
    def late(self) -> float | None:
        """Return the seconds that a conflict costs; None where there is none."""
        if self.conflict is None:
            return None
        begins = self.entry.end if self.conflict.begins is None else self.conflict.begins
        return begins - self.entry.start


@dataclass(frozen=True)
class Column:
    """One day with its events."""

    day: Day
    shown: tuple[Shown, ...]
    lanes: int
    today: bool
    past: bool
    now_row: int | None = None
    """the row of the present moment"""
    gaps: tuple[tuple[int, int], ...] = ()
    """rows of times that this day does not have, because clocks are changed"""

    @property
    def hours(self) -> float:
        """Return the length of the day."""
        return (self.day.end - self.day.start) / 3600


@dataclass(frozen=True)
class Schedule:
    """What the page shows."""

    now: float
    days: tuple[Column, ...]
    axis: tuple[Slot, ...]
    conflicts: tuple[Shown, ...]
    cut: bool
    """True where there is more than is shown"""
    empty: bool

    @property
    def tag(self) -> str:
        """A digest of what is visible; it changes at least every minute."""
        return digest(replace(self, now=self.now // 60))


def gather(context: Context, first: date, number: int) -> Schedule:
    """Look at some days.

    :param number: how many
    :raises StoreError: where the database cannot be read
    """
    now, zone = context.clock.now(), context.zone
    days = [day_of(first + timedelta(days=count), zone) for count in range(number)]
    start, end = days[0].start, days[-1].end
    with context.database.read() as session:
        found = calendar.entries(session, start - BEFORE, end + AFTER, MOST)
    found = [_held(entry, now) for entry in found]
    conflicts = forecast(found, context.settings.capture.max_parallel, now)
    seen = [entry for entry in found if entry.start < end and entry.end > start]
    axis = axis_of(days, zone, *_hours(days, seen, zone))
    columns = tuple(_column(day, seen, axis, conflicts, now, zone) for day in days)
    shown = [one for column in columns for one in column.shown if one.conflict and not one.before]
    return Schedule(now, columns, tuple(axis), tuple(shown), len(found) >= MOST, not seen)


def _held(entry: Entry, now: float) -> Entry:
    """Return an entry that is as long as it looks: what runs beyond its end is there until now."""
    running = entry.state is EventState.RECORDING and not entry.over
    return replace(entry, end=max(entry.end, now)) if running else entry


def _hours(days: Sequence[Day], entries: Sequence[Entry], zone: tzinfo | None) -> tuple[int, int]:
    """Return the first hour to show, and the one that follows the last."""
    first, last = FIRST_HOUR, LAST_HOUR
    for day in days:
        for entry in entries:
            if entry.start >= day.end or entry.end <= day.start:
                continue
            begins = max(entry.start, day.start)
            ends = min(max(entry.end, begins + 1), day.end) - 1
            first, last = min(first, local(begins, zone).hour), max(last, local(ends, zone).hour + 1)
    return first, last


def _column(
    day: Day,
    entries: Sequence[Entry],
    axis: Sequence[Slot],
    conflicts: Mapping[str, Conflict],
    now: float,
    zone: tzinfo | None,
) -> Column:
    own = [entry for entry in entries if entry.start < day.end and entry.end > day.start]
    moments = slots_of(day, zone)
    rows = [(row, moments[slot]) for row, slot in enumerate(axis, 1) if slot in moments]
    bars, lanes = side_by_side([_span(entry, rows) for entry in own])
    shown = tuple(
        Shown(entry, bar, entry.start < day.start, entry.end > day.end, conflicts.get(entry.uid))
        for entry, bar in zip(own, bars, strict=True)
    )
    today = day.start <= now < day.end
    inside = today and bool(rows) and now >= rows[0][1]
    gaps = _gaps([row for row, slot in enumerate(axis, 1) if slot not in moments])
    return Column(day, shown, lanes, today, day.end <= now, _row_at(now, rows) if inside else None, gaps)


def _span(entry: Entry, rows: Sequence[tuple[int, float]]) -> tuple[int, int]:
    """Return first and end row of an event among the rows of its day."""
    first = _row_at(entry.start, rows)
    last = _row_at(max(entry.end - 1, entry.start), rows)
    return first, max(last + 1, first + ROWS_AT_LEAST)


def _row_at(moment: float, rows: Sequence[tuple[int, float]]) -> int:
    return next((row for row, begins in reversed(rows) if begins <= moment), rows[0][0] if rows else 1)


def _gaps(rows: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return neighbouring rows as spans."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and spans[-1][1] == row:
            spans[-1] = (spans[-1][0], row + 1)
        else:
            spans.append((row, row + 1))
    return tuple(spans)


def conflict_of(context: Context, event: Event) -> Conflict | None:
    """Return what becomes of a planned event where there is no place for it."""
    now = context.clock.now()
    with context.database.read() as session:
        found = calendar.entries(session, event.start - BEFORE, event.end, MOST)
    found = [_held(entry, now) for entry in found]
    return forecast(found, context.settings.capture.max_parallel, now).get(event.uid)
