"""An event with everything known about it: planned, recorded, delivered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyca.cli.output import iso_moment
from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.recording import Recording, Upload
from pyca.core.states import EventState

if TYPE_CHECKING:
    from pyca.store.database import Database


@dataclass(frozen=True)
class Known:
    """An event, its recording once it has begun, its delivery once that has."""

    event: Event
    recording: Recording | None = None
    upload: Upload | None = None

    @property
    def state(self) -> EventState:
        """Its public state."""
        return self.recording.state if self.recording else EventState.UPCOMING


def known_events(database: "Database", state: EventState | None, limit: int) -> list[Known]:
    """Return events: those to come, then recordings, the newest first.

    :param state: only those in this state
    """
    from pyca.store import events, recordings, uploads

    with database.read() as session:
        wants_planned = state in (None, EventState.UPCOMING)
        planned = events.upcoming(session, limit=limit) if wants_planned else []
        left = limit - len(planned)
        begun = recordings.listing(session, states=[state] if state else None, limit=left) if left else []
        sent = uploads.many(session, [one.uid for one in begun])
    return [Known(event) for event in planned] + [Known(one.event, one, sent.get(one.uid)) for one in begun]


def look(database: "Database", uid: str) -> Known | None:
    """Return what is known about an event; None where there is none of this id."""
    from pyca.store import events, recordings, uploads

    with database.read() as session:
        if recording := recordings.get(session, uid):
            return Known(recording.event, recording, uploads.get(session, uid))
        event = events.get(session, uid)
    return Known(event) if event else None


def find(database: "Database", beginning: str) -> Known:
    """Return the event of an id, or the only one whose id begins so.

    :raises UsageError: where there is none, or more than one
    """
    if exact := look(database, beginning):
        return exact
    matches = [one for one in known_events(database, None, 100_000) if one.event.uid.startswith(beginning)]
    if len(matches) > 1:
        raise UsageError(f"{len(matches)} events begin with “{beginning}”", "give more of the id")
    if not matches or not beginning:
        raise UsageError(f"there is no event “{beginning}”", "“pyca events list” shows all")
    return matches[0]


def describe(one: Known, zone: str) -> dict[str, Any]:
    """Return an event as plain data for JSON."""
    event, recording, upload = one.event, one.recording, one.upload
    return {
        "id": event.uid,
        "title": event.title,
        "start": iso_moment(event.start, zone),
        "end": iso_moment(event.end, zone),
        "duration": event.duration,
        "state": str(one.state),
        "origin": str(event.origin),
        "inputs": list(event.inputs),
        "error": (recording.error if recording else "") or (upload.error if upload else ""),
        "directory": str(recording.directory) if recording else None,
        "files_deleted": upload is not None and upload.files_gone,
        "location": upload.location if upload and upload.location else None,
        "tracks": [
            {
                "path": str(track.path),
                "flavor": track.flavor,
                "input": track.input,
                "size": track.size,
                "duration": track.duration,
                "streams": list(track.streams),
            }
            for track in (recording.tracks if recording else ())
        ],
    }
