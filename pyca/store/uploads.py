"""Deliveries: which recording is due, and how far it has come."""

import math
from dataclasses import fields
from typing import Any

from sqlalchemy import CursorResult, Select, exists, func, select, update
from sqlalchemy.orm import Session

from pyca.core.recording import Upload, UploadStep
from pyca.core.states import DELIVERABLE, EventState
from pyca.store import figures
from pyca.store.figures import Figure
from pyca.store.tables import RecordedEvent, UploadRow

_DELETED = (str(UploadStep.DELETING), str(UploadStep.GONE))
_NOT_OPEN = (str(UploadStep.AMBIGUOUS), *_DELETED)
"""Steps at which a delivery never goes on by itself."""
_FIELDS = tuple(f.name for f in fields(Upload))


def get(session: Session, uid: str) -> Upload | None:
    """Return how far the delivery of a recording has come."""
    row = session.get(UploadRow, uid)
    return _upload(row) if row else None


def many(session: Session, uids: list[str]) -> dict[str, Upload]:
    """Return the deliveries of these recordings."""
    return {
        row.uid: _upload(row) for row in session.scalars(select(UploadRow).where(UploadRow.uid.in_(uids)))
    }


def save(session: Session, upload: Upload) -> None:
    """Store how far a delivery has come; the point at which it is resumed."""
    values = {name: getattr(upload, name) for name in _FIELDS} | {"step": str(upload.step)}
    session.merge(UploadRow(**values))


def progress(session: Session, uid: str, bytes_sent: int, rate: float, grown: int = 0) -> bool:
    """Store how many bytes are over; the resume point stays as it is.

    :param rate: bytes per second
    :param grown: bytes that are over since the last note
    :return: False where the recording is not “uploading” any more, because somebody paused it
    """
    running = exists().where(RecordedEvent.uid == uid, RecordedEvent.state == EventState.UPLOADING)
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(UploadRow).where(UploadRow.uid == uid, running).values(bytes_sent=bytes_sent, rate=rate)
    )
    figures.add(session, Figure.UPLOAD_BYTES, grown)
    return result.rowcount == 1


def due(session: Session, now: float, longest: float = math.inf) -> str | None:
    """Return the oldest recording that is ready for delivery now.

    One that an operator must decide about (permanent error, ambiguous end) is never due by itself.

    :param longest: seconds of the longest pause; what lies further ahead was set before the machine's clock
        was put back, and is due
    """
    ready = (UploadRow.next_attempt <= now) | (UploadRow.next_attempt > now + longest)
    query = _open().where((UploadRow.uid.is_(None)) | ready).limit(1)
    uid: str | None = session.scalars(query).first()
    return uid


def next_due(session: Session) -> float | None:
    """Return the earliest moment at which a postponed delivery is to be tried again."""
    query = _open().with_only_columns(UploadRow.next_attempt).order_by(None)
    moments = [moment or 0.0 for moment in session.scalars(query)]
    return min(moments, default=None)


def hasten(session: Session, now: float) -> int:
    """Make deliveries due that failed and wait for their next try; returns how many."""
    waiting = exists().where(
        RecordedEvent.uid == UploadRow.uid, RecordedEvent.state == EventState.FAILED_UPLOADING
    )
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(UploadRow)
        .where(
            waiting,
            UploadRow.attempts > 0,
            UploadRow.permanent.is_(False),
            UploadRow.step.not_in(_NOT_OPEN),
            UploadRow.next_attempt > now,
        )
        .values(next_attempt=now)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount


def troubled(session: Session, limit: int = 100) -> list[Upload]:
    """Return deliveries whose last try failed, the oldest recording first."""
    failed = (UploadRow.permanent.is_(True)) | (UploadRow.step == UploadStep.AMBIGUOUS)
    query = (
        select(UploadRow)
        .join(RecordedEvent, RecordedEvent.uid == UploadRow.uid)
        .where(
            RecordedEvent.state.in_([str(state) for state in DELIVERABLE]),
            failed | (UploadRow.attempts > 0),
            UploadRow.step.not_in(_DELETED),
        )
        .order_by(RecordedEvent.start, RecordedEvent.uid)
    )
    return [_upload(row) for row in session.scalars(query.limit(limit))]


def unclear(session: Session, checks: int) -> list[Upload]:
    """Return deliveries whose final call was never answered and that the server is still to be asked about.

    :param checks: how often it is asked; ``attempts`` counts that after the final call
    """
    query = (
        select(UploadRow)
        .join(RecordedEvent, RecordedEvent.uid == UploadRow.uid)
        .where(
            RecordedEvent.state == EventState.FAILED_UPLOADING,
            UploadRow.step == UploadStep.AMBIGUOUS,
            UploadRow.attempts < checks,
        )
        .order_by(UploadRow.next_attempt)
    )
    return [_upload(row) for row in session.scalars(query)]


def stuck(session: Session) -> int:
    """Return how many deliveries wait for an operator's decision."""
    waiting = (UploadRow.permanent.is_(True)) | (UploadRow.step == UploadStep.AMBIGUOUS)
    query = (
        select(func.count())
        .select_from(UploadRow)
        .join(RecordedEvent, RecordedEvent.uid == UploadRow.uid)
        .where(RecordedEvent.state == EventState.FAILED_UPLOADING, waiting)
    )
    return session.scalar(query) or 0


def settled(session: Session) -> list[str]:
    """Return recordings that count as delivered by somebody's word and wait to be cleaned up."""
    return list(session.scalars(select(UploadRow.uid).where(UploadRow.step == UploadStep.SETTLED)))


def interrupted(session: Session) -> list[str]:
    """Return recordings that are “uploading”; after a start these are the ones that a crash left behind."""
    query = select(RecordedEvent.uid).where(RecordedEvent.state == EventState.UPLOADING)
    return list(session.scalars(query.order_by(RecordedEvent.start)))


def _open() -> Select[Any]:
    """Deliverable recordings in order of age, with their delivery where one was begun."""
    return (
        select(RecordedEvent.uid)
        .join(UploadRow, UploadRow.uid == RecordedEvent.uid, isouter=True)
        .where(
            RecordedEvent.state.in_([str(state) for state in DELIVERABLE]),
            (UploadRow.uid.is_(None)) | (UploadRow.permanent.is_(False) & UploadRow.step.not_in(_NOT_OPEN)),
        )
        .order_by(RecordedEvent.start, RecordedEvent.uid)
    )


def _upload(row: UploadRow) -> Upload:
    values = {name: getattr(row, name) for name in _FIELDS} | {"step": UploadStep(row.step)}
    return Upload(**values)
