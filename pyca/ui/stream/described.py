"""Events as the API tells them, found by their ids."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from pyca.store import events, recordings


def describe(session: Session, uids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the resources of events; those that are gone are missing."""
    found: dict[str, dict[str, Any]] = {}
    for uid in uids:
        recording = recordings.get(session, uid)
        event = recording.event if recording else events.get(session, uid)
        if event is not None:
            state = str(recording.state) if recording else "upcoming"
            attributes = {"title": event.title, "start": event.start, "end": event.end, "status": state}
            found[uid] = {"type": "event", "id": uid, "attributes": attributes}
    return found
