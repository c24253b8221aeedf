"""What was planned and recorded during a span of time, in brief; answered from the indexes of the times."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from pyca.core.event import Origin
from pyca.core.states import EventState
from pyca.store.tables import RecordedEvent, UpcomingEvent

LONGEST = 14 * 86_400.0
"""Seconds; an event that began longer before the span is not looked for."""


@dataclass(frozen=True)
class Entry:
    """An event in a calendar; the end is the one that holds now, also where somebody moved it by hand."""

    uid: str
    title: str
    start: float
    end: float
    origin: Origin
    state: EventState
    inputs: tuple[str, ...] = ()
    creator: str = ""
    location: str = ""
    error: str = ""
    over: bool = False
    """True where nothing is recorded of it any more"""


def entries(session: Session, start: float, end: float, limit: int) -> list[Entry]:
    """Return what shares time with a span, the earliest first.

    :param limit: at most so many of the planned and as many of the recorded ones
    """
    begun = exists().where(RecordedEvent.uid == UpcomingEvent.uid)
    planned = _columns(UpcomingEvent).where(
        UpcomingEvent.start < end,
        UpcomingEvent.start > start - LONGEST,
        UpcomingEvent.end > start,
        ~begun,
    )
    holds = func.coalesce(RecordedEvent.operator_end, RecordedEvent.end)
    recorded = (
        _columns(RecordedEvent)
        .add_columns(RecordedEvent.state, RecordedEvent.error, RecordedEvent.ended, holds.label("holds"))
        .where(RecordedEvent.start < end, RecordedEvent.start > start - LONGEST, holds > start)
    )
    found = [
        *_planned(session.execute(planned.order_by(UpcomingEvent.start).limit(limit))),
        *_recorded(session.execute(recorded.order_by(RecordedEvent.start).limit(limit))),
    ]
    return sorted(found, key=lambda entry: (entry.start, entry.uid))


def _columns(table: type[UpcomingEvent] | type[RecordedEvent]) -> Select[Any]:
    """Select what a calendar shows; catalogs and properties may be large."""
    return select(
        table.uid,
        table.title,
        table.start,
        table.end,
        table.origin,
        table.inputs,
        table.creator,
        table.location,
    )


def _planned(rows: Iterable[Any]) -> list[Entry]:
    return [_entry(row, row.end, EventState.UPCOMING) for row in rows]


def _recorded(rows: Iterable[Any]) -> list[Entry]:
    return [
        _entry(row, max(row.holds, row.start), EventState(row.state), row.error, row.ended is not None)
        for row in rows
    ]


def _entry(row: Any, end: float, state: EventState, error: str = "", over: bool = False) -> Entry:
    return Entry(
        row.uid,
        row.title,
        row.start,
        end,
        Origin(row.origin),
        state,
        tuple(row.inputs),
        row.creator,
        row.location,
        error,
        over,
    )
