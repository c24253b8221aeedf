"""Give a new database back what others remember: folders, and services that went on without it."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.core.states import Outcome
from pyca.store import events, recordings, uploads
from pyca.store.folder import Description
from pyca.store.tables import RecordedEvent


def restore(session: Session, description: Description) -> dict[tuple[str, int], int]:
    """Take in a recording that only its folder, or a running recorder, knows.

    :return: input and number → id of its parts, empty where the database knows the recording already
    """
    recording, uid = description.recording, description.recording.uid
    if session.get(RecordedEvent, uid):
        return {}
    session.add(
        RecordedEvent(
            **events.columns_of(recording.event),
            state=str(recording.state),
            directory=str(recording.directory),
            started=recording.started,
            ended=recording.ended,
            error=recording.error,
        )
    )
    session.flush()
    rows = {}
    for part in description.parts:
        row = rows[part.input, part.number] = recordings.add_part(session, part)
        if part.ended is not None:
            recordings.end_part(session, row, part.ended, part.outcome or Outcome.KILLED, part.exit_code)
    recordings.add_tracks(session, uid, recording.tracks)
    if description.upload:
        uploads.save(session, description.upload)
    return rows


def give_back(session: Session, remembered: Iterable[Event]) -> None:
    """Schedule events again that the database does not know; their calendars correct them later."""
    for event in remembered:
        if not session.get(RecordedEvent, event.uid) and events.get(session, event.uid) is None:
            events.put(session, event)
