"""Recordings whose files leave this machine: marked first, so that nobody can still want to deliver them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import recordings, uploads
from pyca.store.tables import RecordedEvent, UploadRow

_WAITING = (
    EventState.FINISHED_RECORDING,
    EventState.PARTIAL_RECORDING,
    EventState.PAUSED_AFTER_RECORDING,
    EventState.FAILED_UPLOADING,
)
_UNDER_WAY = (UploadStep.FINISH, UploadStep.SETTLED, UploadStep.DONE, UploadStep.DELETING, UploadStep.GONE)
"""Steps at which a delivery is not simply missing: it is being completed, or dealt with."""


@dataclass(frozen=True)
class Kept:
    """A recording that lies on this machine, in brief: there may be ten thousand."""

    uid: str
    title: str
    ended: float
    directory: Path


def delivered(session: Session) -> list[Kept]:
    """Return the recordings that the other side has for certain, the oldest first."""
    query = _query().join(UploadRow, UploadRow.uid == RecordedEvent.uid)
    return _kept(
        session.execute(
            query.where(
                RecordedEvent.state == EventState.FINISHED_UPLOADING, UploadRow.step == UploadStep.DONE
            )
        ).all()
    )


def undelivered(session: Session, now: float) -> list[Kept]:
    """Return the recordings that are over and that nobody else has, the oldest first."""
    query = _query().join(UploadRow, UploadRow.uid == RecordedEvent.uid, isouter=True)
    return _kept(
        session.execute(
            query.where(
                RecordedEvent.state.in_([str(state) for state in _WAITING]),
                RecordedEvent.ended.is_not(None),
                RecordedEvent.end <= now,
                UploadRow.uid.is_(None) | UploadRow.step.not_in([str(step) for step in _UNDER_WAY]),
            )
        ).all()
    )


def interrupted(session: Session) -> list[str]:
    """Return recordings whose deletion was begun and not finished."""
    return list(session.scalars(select(UploadRow.uid).where(UploadRow.step == UploadStep.DELETING)))


def claim(session: Session, uid: str, now: float, *, lost: bool) -> tuple[Recording, Upload | None] | None:
    """Mark a recording as being deleted, unless it has changed meanwhile.

    :param lost: True for one that was not delivered
    :return: it with its delivery as it was before, None where it must be left alone
    """
    recording = recordings.get(session, uid, held=True)
    upload = uploads.get(session, uid)
    if recording is None or not (_is_lost if lost else _is_safe)(recording, upload, now):
        return None
    uploads.save(session, replace(upload or Upload(uid, ""), step=UploadStep.DELETING))
    return recording, upload


def finish(session: Session, uid: str, now: float, reason: str) -> None:
    """Note that the files are gone; one that was not delivered will never be.

    :param reason: why, for the latter
    """
    recording = recordings.get(session, uid, held=True)
    upload = uploads.get(session, uid)
    if recording is None or upload is None:
        return  # somebody has deleted the rest of it meanwhile
    gone = replace(upload, step=UploadStep.GONE, permanent=False, attempts=0, rate=0.0)
    if recording.state is not EventState.FINISHED_UPLOADING:
        gone = replace(gone, error=reason)
        if recording.state is not EventState.FAILED_UPLOADING:
            # The only way there; the server learns that nothing will come.
            recordings.set_state(session, uid, EventState.UPLOADING, now)
        recordings.set_state(session, uid, EventState.FAILED_UPLOADING, now, error=reason)
    uploads.save(session, gone)


def give_up(session: Session, uid: str, before: Upload | None) -> None:
    """Take the mark back, because the files could not be deleted.

    :param before: the delivery as it was
    """
    if recordings.get(session, uid, held=True) is not None:
        uploads.save(session, before or Upload(uid, ""))


def _is_safe(recording: Recording, upload: Upload | None, _now: float) -> bool:
    delivered = recording.state is EventState.FINISHED_UPLOADING
    return delivered and upload is not None and upload.step is UploadStep.DONE


def _is_lost(recording: Recording, upload: Upload | None, now: float) -> bool:
    over = recording.ended is not None and recording.event.end <= now
    return over and recording.state in _WAITING and (upload is None or upload.step not in _UNDER_WAY)


def _query() -> Any:
    ended = func.coalesce(RecordedEvent.ended, RecordedEvent.end).label("ended")
    columns = select(RecordedEvent.uid, RecordedEvent.title, ended, RecordedEvent.directory)
    return columns.order_by(ended, RecordedEvent.uid)


def _kept(rows: Iterable[Any]) -> list[Kept]:
    return [Kept(row.uid, row.title, row.ended, Path(row.directory)) for row in rows]
