"""Page through recordings, however many there are: each page begins where the other ended."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from pyca.core.states import EventState
from pyca.store.tables import RecordedEvent


@dataclass(frozen=True)
class Place:
    """A place in the list: the recording that is passed already."""

    start: float
    uid: str


@dataclass(frozen=True)
class Slice:
    """One page of a list."""

    uids: tuple[str, ...]
    """the newest first"""
    newer: Place | None
    """where the page before this one ends; None where this is the first"""
    older: Place | None


def page(
    session: Session,
    *,
    states: Collection[EventState] = (),
    title: str = "",
    older: Place | None = None,
    newer: Place | None = None,
    size: int,
) -> Slice:
    """Return the ids of one page of recordings.

    :param states: only these; empty for all
    :param title: only those whose title contains this
    :param older: what comes behind this place; with neither this nor ``newer`` the newest
    :param newer: what comes right before this place
    """
    query = _wanted(states, title)
    start, uid = RecordedEvent.start, RecordedEvent.uid
    backwards = newer is not None and older is None
    if older is not None:
        query = query.where(start <= older.start, or_(start < older.start, uid > older.uid))
    elif newer is not None:
        query = query.where(start >= newer.start, or_(start > newer.start, uid < newer.uid))
    order = (start.asc(), uid.desc()) if backwards else (start.desc(), uid.asc())
    rows = [Place(row.start, row.uid) for row in session.execute(query.order_by(*order).limit(size + 1))]
    more = len(rows) > size
    rows = rows[:size][::-1] if backwards else rows[:size]
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    has_newer = more if backwards else older is not None
    has_older = newer is not None if backwards else more
    return Slice(tuple(row.uid for row in rows), first if has_newer else None, last if has_older else None)


def count(session: Session, states: Collection[EventState]) -> int:
    """Return how many recordings are in one of these states."""
    wanted = RecordedEvent.state.in_([str(state) for state in states])
    return session.scalar(select(func.count()).select_from(RecordedEvent).where(wanted)) or 0


def _wanted(states: Collection[EventState], title: str) -> Any:
    query = select(RecordedEvent.start, RecordedEvent.uid)
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(RecordedEvent.state.in_([str(state) for state in states]))
    if title:
        conditions.append(RecordedEvent.title.icontains(title, autoescape=True))
    return query.where(and_(*conditions)) if conditions else query
