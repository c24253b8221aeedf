"""Deliveries: which recording is due, and how far it has come."""

from dataclasses import fields
from typing import Any

from sqlalchemy import CursorResult, Select, exists, func, select, update
from sqlalchemy.orm import Session

from pyca.core.recording import Upload, UploadStep
from pyca.core.states import DELIVERABLE, EventState
from pyca.store.tables import RecordedEvent, UploadRow

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


def progress(session: Session, uid: str, bytes_sent: int, rate: float) -> bool:
    """Store how many bytes are over; the resume point stays as it is.

    :param rate: bytes per second
    :return: False where the recording is not “uploading” any more, because somebody paused it
    """
    running = exists().where(RecordedEvent.uid == uid, RecordedEvent.state == EventState.UPLOADING)
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(UploadRow).where(UploadRow.uid == uid, running).values(bytes_sent=bytes_sent, rate=rate)
    )
    return result.rowcount == 1


def due(session: Session, now: float) -> str | None:
    """Return the oldest recording that is ready for delivery now.

    One that an operator must decide about (permanent error, ambiguous end) is never due by itself.
    """
    query = _open().where((UploadRow.uid.is_(None)) | (UploadRow.next_attempt <= now)).limit(1)
    uid: str | None = session.scalars(query).first()
    return uid


def next_due(session: Session) -> float | None:
    """Return the earliest moment at which a postponed delivery is to be tried again."""
    query = _open().with_only_columns(UploadRow.next_attempt).order_by(None)
    moments = [moment or 0.0 for moment in session.scalars(query)]
    return min(moments, default=None)


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
            (UploadRow.uid.is_(None))
            | (UploadRow.permanent.is_(False) & (UploadRow.step != UploadStep.AMBIGUOUS)),
        )
        .order_by(RecordedEvent.start, RecordedEvent.uid)
    )


def _upload(row: UploadRow) -> Upload:
    values = {name: getattr(row, name) for name in _FIELDS} | {"step": UploadStep(row.step)}
    return Upload(**values)
