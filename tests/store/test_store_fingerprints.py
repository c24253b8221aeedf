"""Fingerprints are other ones after each change that somebody would see, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.core.recording import Upload
from pyca.core.states import EventState
from pyca.store import events, fingerprints, recordings, uploads
from pyca.store.database import Database

COMING = Event("c", "To come", 5000.0, 6000.0, inputs=("camera",))
Change = Callable[[Session], object]


@pytest.fixture
def database(each_database: Database) -> Database:
    with each_database.write() as session:
        recordings.begin(session, Event("r", "Past", 1000.0, 2000.0), Path("/r"), 1000.0)
        for state in (EventState.FINISHED_RECORDING, EventState.UPLOADING):
            recordings.set_state(session, "r", state, 2000.0)
        uploads.save(session, Upload("r", "opencast", bytes_total=900))
        events.add(session, COMING)
    return each_database


@pytest.mark.parametrize(
    ("uid", "change"),
    [
        ("c", lambda session: events.update(session, COMING.changed(title="Other"))),
        ("c", lambda session: events.update(session, COMING.changed(end=7000.0))),
        ("c", lambda session: events.update(session, COMING.changed(description="More"))),
        ("c", lambda session: events.update(session, COMING.changed(inputs=("screen",)))),
        ("c", lambda session: recordings.begin(session, COMING, Path("/c"), 5000.0)),
        ("r", lambda session: recordings.set_state(session, "r", EventState.FAILED_UPLOADING, 3000.0)),
        ("r", lambda session: uploads.save(session, Upload("r", "opencast", attempts=2, error="503"))),
    ],
)
def test_a_change_gives_another_mark_to_its_event_alone(database: Database, uid: str, change: Change) -> None:
    with database.read() as session:
        before = fingerprints.look(session)
    with database.write() as session:
        change(session)
    with database.read() as session:
        after = fingerprints.look(session)
    assert {key for key in ("c", "r") if before.numbers[key] != after.numbers[key]} == {uid}


def test_progress_is_told_apart_from_the_event(database: Database) -> None:
    with database.read() as session:
        before = fingerprints.look(session)
    with database.write() as session:
        uploads.progress(session, "r", 300, 10.0)
    with database.read() as session:
        after = fingerprints.look(session)
    assert after == replace(before, uploads={"r": fingerprints.Progress(300, 900, 10.0)})
    assert after.going_on == {"r"}


def test_only_what_is_there_exists(database: Database) -> None:
    with database.read() as session:
        assert fingerprints.existing(session, ["c", "r", "x"]) == {"c", "r"}
