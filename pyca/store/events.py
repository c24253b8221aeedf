"""The schedule: upcoming events."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import CursorResult, delete, exists, insert, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Session

from pyca.core.errors import UsageError
from pyca.core.event import Attachment, Event, Origin
from pyca.core.states import EventState
from pyca.store.tables import DeletedEvent, EventColumns, RecordedEvent, UpcomingEvent

logger = logging.getLogger(__name__)

_FIELDS = tuple(f.name for f in fields(Event))
_CHUNK = 500
"""Ids per statement; databases limit the number of parameters."""


@dataclass(frozen=True)
class Change:
    """What a refresh did to the schedule."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """ids that were left alone because an event of another source has them"""

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)

    def __str__(self) -> str:
        return f"{len(self.added)} added, {len(self.updated)} changed, {len(self.removed)} removed"


def event_of(row: EventColumns) -> Event:
    """Return the event that a row describes."""
    return Event(
        uid=row.uid,
        title=row.title,
        start=row.start,
        end=row.end,
        origin=Origin(row.origin),
        creator=row.creator,
        description=row.description,
        location=row.location,
        series=row.series,
        inputs=tuple(row.inputs),
        workflow=row.workflow,
        workflow_parameters=dict(row.workflow_parameters),
        properties=dict(row.properties),
        attachments=tuple(Attachment(**item) for item in row.attachments),
        fingerprint=row.fingerprint,
    )


def _readable(rows: Iterable[EventColumns]) -> list[Event]:
    """Return the events of all rows that make sense: a single damaged one must not hide the others."""
    found = []
    for row in rows:
        try:
            found.append(event_of(row))
        except (ValueError, TypeError) as error:
            logger.error("event “%s” in the database is not readable and left out: %s", row.uid, error)
    return found


def columns_of(event: Event) -> dict[str, Any]:
    """Return an event's values as columns."""
    values = {name: getattr(event, name) for name in _FIELDS}
    values["origin"] = str(event.origin)
    values["inputs"] = list(event.inputs)
    values["workflow_parameters"] = dict(event.workflow_parameters)
    values["properties"] = dict(event.properties)
    values["attachments"] = [asdict(attachment) for attachment in event.attachments]
    return values


def upcoming(
    session: Session, *, before: float | None = None, limit: int | None = None, offset: int = 0
) -> list[Event]:
    """Return events that have not begun, the next one first.

    :param before: only those that start before this moment
    """
    begun = exists().where(RecordedEvent.uid == UpcomingEvent.uid)
    query = select(UpcomingEvent).where(~begun).order_by(UpcomingEvent.start, UpcomingEvent.uid)
    if before is not None:
        query = query.where(UpcomingEvent.start < before)
    return _readable(session.scalars(query.limit(limit).offset(offset)))


def unrecorded(session: Session, now: float) -> list[Event]:
    """Return scheduled events that count as failed so far and of which the rest may still be recorded."""
    failed = exists().where(
        RecordedEvent.uid == UpcomingEvent.uid,
        RecordedEvent.state == EventState.FAILED_RECORDING,
        RecordedEvent.ended.is_(None),
    )
    query = select(UpcomingEvent).where(UpcomingEvent.end > now, failed).order_by(UpcomingEvent.start)
    return _readable(session.scalars(query))


def get(session: Session, uid: str, *, held: bool = False) -> Event | None:
    """Return the scheduled event of this id, also while it is being recorded.

    :param held: nobody else changes it, nor gets it held, until this transaction ends
    """
    row = session.get(UpcomingEvent, uid, with_for_update=held)
    return event_of(row) if row else None


def many(session: Session, uids: Iterable[str]) -> dict[str, Event]:
    """Return the scheduled events among these ids."""
    found = {}
    for chunk in _chunks(uids):
        for row in session.scalars(select(UpcomingEvent).where(UpcomingEvent.uid.in_(chunk))):
            found[row.uid] = event_of(row)
    return found


def fingerprints(session: Session, origin: Origin) -> dict[str, str]:
    """Return id → fingerprint of the events of one source, to see which of them changed."""
    query = select(UpcomingEvent.uid, UpcomingEvent.fingerprint).where(UpcomingEvent.origin == origin)
    return {row.uid: row.fingerprint for row in session.execute(query)}


def refresh(session: Session, origin: Origin, present: Mapping[str, Event | None]) -> Change:
    """Bring the events of one source up to date; those of other sources stay untouched.

    What an operator has deleted stays deleted.

    :param present: every event that the source has now; None where it is unchanged and was not parsed again
    """
    known = set(session.scalars(select(UpcomingEvent.uid).where(UpcomingEvent.origin == origin)))
    fresh = {uid: event for uid, event in present.items() if event is not None}
    foreign = _taken(session, fresh.keys() - known)
    left_out = foreign | _deleted(session, [event for uid, event in fresh.items() if uid not in known])
    added = [event for uid, event in fresh.items() if uid not in known and uid not in left_out]
    updated = [event for uid, event in fresh.items() if uid in known]
    removed = sorted(known - present.keys())
    for chunk in _chunks(removed):
        session.execute(delete(UpcomingEvent).where(UpcomingEvent.uid.in_(chunk)))
    for event in updated:
        values = columns_of(event)
        session.execute(update_rows(UpcomingEvent).where(UpcomingEvent.uid == event.uid).values(**values))
    for start in range(0, len(added), _CHUNK):
        session.execute(insert(UpcomingEvent), [columns_of(event) for event in added[start : start + _CHUNK]])
    return Change(_uids(added), _uids(updated), tuple(removed), tuple(sorted(foreign)))


def drop_over(session: Session, before: float) -> int:
    """Drop events that ended before a moment, save those that are still being recorded; returns how many."""
    running = exists().where(
        RecordedEvent.uid == UpcomingEvent.uid, RecordedEvent.state == EventState.RECORDING
    )
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        delete(UpcomingEvent)
        .where(UpcomingEvent.end < before, ~running)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount


def forget_deleted(session: Session, before: float) -> None:
    """Forget which events were deleted, once they are over and no calendar could bring them back."""
    session.execute(delete(DeletedEvent).where(DeletedEvent.end < before))


def add(session: Session, event: Event) -> None:
    """Add an event.

    :raises UsageError: where its id is taken
    """
    if session.get(UpcomingEvent, event.uid) or session.get(RecordedEvent, event.uid):
        raise UsageError(f"an event with the id “{event.uid}” exists already", "choose another id")
    put(session, event)


def put(session: Session, event: Event) -> None:
    """Write an event whose id is known to be free."""
    session.add(UpcomingEvent(**columns_of(event)))


def update(session: Session, event: Event) -> None:
    """Write a changed event back.

    :raises UsageError: where it is not scheduled any more
    """
    row = session.get(UpcomingEvent, event.uid)
    if row is None:
        raise UsageError(f"no event with the id “{event.uid}” is scheduled")
    for name, value in columns_of(event).items():
        setattr(row, name, value)


def cancel(session: Session, uid: str) -> bool:
    """Take an event from the schedule; True where it was there."""
    row = session.get(UpcomingEvent, uid)
    if row is None:
        return False
    session.delete(row)
    return True


def overlapping(session: Session, start: float, end: float, *, ignore: str = "") -> list[Event]:
    """Return scheduled events that share time with the given span; mere neighbours do not."""
    query = (
        select(UpcomingEvent)
        .where(UpcomingEvent.start < end, UpcomingEvent.end > start, UpcomingEvent.uid != ignore)
        .order_by(UpcomingEvent.start)
    )
    return [event_of(row) for row in session.scalars(query)]


def _taken(session: Session, uids: Iterable[str]) -> set[str]:
    """Return which of these ids are in the schedule."""
    return {
        uid
        for chunk in _chunks(uids)
        for uid in session.scalars(select(UpcomingEvent.uid).where(UpcomingEvent.uid.in_(chunk)))
    }


def _deleted(session: Session, events: Iterable[Event]) -> set[str]:
    """Return which of these events an operator has deleted; one that was moved since is wanted again."""
    rows = {row.uid: row for row in session.scalars(select(DeletedEvent))}
    found = set()
    for event in events if rows else ():
        row = rows.get(event.uid)
        if row is not None and row.start == event.start:
            row.end = event.end  # an event that was prolonged stays deleted until its new end
            found.add(event.uid)
        elif row is not None:
            session.delete(row)
    return found


def _chunks(uids: Iterable[str]) -> Iterator[list[str]]:
    every = list(uids)
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]


def _uids(events: Iterable[Event]) -> tuple[str, ...]:
    return tuple(event.uid for event in events)
