"""Helpers for the tests of schedule and recordings: visitors of each scope, files, days in Zurich."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pyca.core.access import Scope
from pyca.core.event import Event, Origin
from pyca.core.recording import Track
from pyca.core.states import EventState
from pyca.store import events, recordings, tokens
from pyca.store.database import Database
from tests.ui_tools import PATHS, USER

ZURICH = ZoneInfo("Europe/Zurich")


def at(text: str, fold: int = 0) -> float:
    """Return the moment at which clocks in Zurich show a time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZURICH, fold=fold).timestamp()


@dataclass(frozen=True)
class Program:
    """Sends requests with a token."""

    client: FlaskClient
    token: str

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=self._with(headers), buffered=True)

    def post(self, path: str, data: dict[str, object]) -> TestResponse:
        return self.client.post(path, data=data, headers=self._with({}))

    def _with(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | headers


def program(client: FlaskClient, database: Database, scope: Scope, now: float) -> Program:
    """Return somebody who may do no more than a scope."""
    with database.write() as session:
        _, text = tokens.make(session, USER, scope, now)
    return Program(client, text)


def plan(database: Database, uid: str, start: float, end: float, **more: object) -> Event:
    """Store a planned event."""
    event = Event(uid, str(more.pop("title", f"Lecture {uid}")), start, end).changed(
        **({"origin": Origin.LOCAL} | more)
    )
    with database.write() as session:
        events.add(session, event)
    return event


def recorded(
    database: Database,
    folder: Path,
    uid: str,
    files: dict[str, tuple[str, ...]],
    now: float,
    state: EventState = EventState.FINISHED_RECORDING,
) -> list[int]:
    """Store a recording with files and return the ids of its tracks.

    :param files: path → streams
    """
    event = Event(uid, f"Lecture {uid}", now - 7200, now - 3600)
    with database.write() as session:
        recordings.begin(session, event, folder, event.start)
        for step in PATHS[state]:
            recordings.set_state(session, uid, step, now)
        tracks = [
            Track(Path(path), "presenter/source", "camera", size=7, duration=3600.0, streams=streams)
            for path, streams in files.items()
        ]
        recordings.close(session, uid, event.end, tracks)
    with database.read() as session:
        found = recordings.get(session, uid)
    assert found is not None
    return [track.id or 0 for track in found.tracks]
