"""What changes when events change: a short look at all that matters, cheap enough for every second."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, Text, cast, exists, select
from sqlalchemy.orm import Session

from pyca.core.states import EventState
from pyca.store.tables import RecordedEvent, UpcomingEvent, UploadRow

COMING = 500
"""Events to come that are looked at, the next ones first."""
PAST = 200
"""Recordings that are looked at, the newest first; those that go on are looked at in any case."""

_GOING_ON = (EventState.RECORDING, EventState.UPLOADING)


@dataclass(frozen=True)
class Progress:
    """How far an upload is now."""

    bytes_sent: int
    bytes_total: int
    rate: float
    """bytes per second"""


@dataclass(frozen=True)
class Fingerprints:
    """Ids of events, each with a number that is another one after the event has changed."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)
    going_on: frozenset[str] = frozenset()
    """what is being recorded or uploaded"""
    uploads: Mapping[str, Progress] = field(default_factory=dict)
    first: float = -math.inf
    """recordings that started before were not looked at"""
    last: float = math.inf
    """events that start later were not looked at"""

    def covers(self, start: float) -> bool:
        """Tell whether an event that starts at a moment would be among these."""
        return self.first <= start <= self.last


def look(session: Session) -> Fingerprints:
    """Return the fingerprints of all events that matter now."""
    begun = exists().where(RecordedEvent.uid == UpcomingEvent.uid)
    coming = session.execute(_coming().where(~begun).order_by(UpcomingEvent.start).limit(COMING)).all()
    past = session.execute(_past().order_by(RecordedEvent.start.desc()).limit(PAST)).all()
    going_on = session.execute(
        _past().where(RecordedEvent.state.in_([str(state) for state in _GOING_ON]))
    ).all()
    rows = [*past, *going_on, *coming]
    return Fingerprints(
        numbers={row.uid: hash(tuple(row)) for row in rows},
        starts={row.uid: row.start for row in rows},
        going_on=frozenset(row.uid for row in going_on),
        uploads=_uploads(session),
        first=past[-1].start if len(past) == PAST else -math.inf,
        last=coming[-1].start if len(coming) == COMING else math.inf,
    )


def existing(session: Session, uids: Iterable[str]) -> set[str]:
    """Return which of these events there are still."""
    wanted = list(uids)
    return {
        uid
        for table in (UpcomingEvent, RecordedEvent)
        for uid in session.scalars(select(table.uid).where(table.uid.in_(wanted)))
    }


def _coming() -> Select[*tuple[Any, ...]]:
    row = UpcomingEvent
    texts = (row.title, row.creator, row.description, row.location, row.series, row.workflow, row.fingerprint)
    inputs = (cast(row.inputs, Text), cast(row.workflow_parameters, Text))
    return select(row.uid, row.start, row.end, *texts, *inputs)


def _past() -> Select[*tuple[Any, ...]]:
    row, sent = RecordedEvent, UploadRow
    columns = (row.state, row.title, row.started, row.ended, row.error, row.operator_end)
    delivery = (sent.step, sent.attempts, sent.next_attempt, sent.error, sent.permanent, sent.location)
    columns_told = select(
        row.uid, row.start, row.end, *columns, *(one.label(f"upload_{one.key}") for one in delivery)
    )
    return columns_told.join(sent, sent.uid == row.uid, isouter=True)


def _uploads(session: Session) -> dict[str, Progress]:
    query = (
        select(UploadRow.uid, UploadRow.bytes_sent, UploadRow.bytes_total, UploadRow.rate)
        .join(RecordedEvent, RecordedEvent.uid == UploadRow.uid)
        .where(RecordedEvent.state == EventState.UPLOADING)
    )
    rows: Iterable[Row[Any]] = session.execute(query)
    return {row.uid: Progress(row.bytes_sent, row.bytes_total, row.rate) for row in rows}
