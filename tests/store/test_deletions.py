"""Deletion against retry, in two transactions at once, on both databases."""

import threading
from pathlib import Path

import pytest

from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.store import alarms, deletions, recordings, uploads
from pyca.store.database import Database
from tests.tools import FakeClock

S = EventState


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


def failed(database: Database, now: float) -> None:
    with database.write() as session:
        recordings.begin(session, Event("e1", "One", now - 100, now - 10), Path("/r/e1"), now)
        recordings.close(session, "e1", now - 10, [])
        for state in (S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING):
            recordings.set_state(session, "e1", state, now)
        uploads.save(session, Upload("e1", "opencast", UploadStep.TRACKS, attempts=3, permanent=True))


def test_a_retry_waits_for_the_mark_and_then_refuses(database: Database, clock: FakeClock) -> None:
    failed(database, clock.now())
    said: list[str] = []
    begun = threading.Event()

    def retry() -> None:
        begun.set()
        try:
            operator.retry(database, clock, "e1")
        except UsageError as error:
            said.append(str(error))

    other = threading.Thread(target=retry)
    with database.write() as session:
        assert deletions.claim(session, "e1", clock.now(), lost=True)
        other.start()
        begun.wait(60)
        other.join(0.3)  # long enough for one that does not wait
        assert other.is_alive()
    other.join(60)
    assert [text for text in said if "were deleted" in text]
    with database.read() as session:
        upload = uploads.get(session, "e1")
    assert upload and upload.step is UploadStep.DELETING


def test_after_a_retry_there_is_still_something_to_deliver(database: Database, clock: FakeClock) -> None:
    failed(database, clock.now())
    operator.retry(database, clock, "e1")
    with database.read() as session:
        assert uploads.due(session, clock.now(), 1000.0) == "e1"
        assert [kept.uid for kept in deletions.undelivered(session, clock.now())] == ["e1"]
        assert deletions.delivered(session) == []
        assert uploads.troubled(session) == []
        assert recordings.titles(session, ["e1", "e2"]) == {"e1": "One"}
        assert alarms.active(session, clock.now()) == []


def test_a_recording_that_vanished_meanwhile_is_no_trouble(database: Database, clock: FakeClock) -> None:
    failed(database, clock.now())
    with database.write() as session:
        claimed = deletions.claim(session, "e1", clock.now(), lost=True)
    assert claimed
    with database.write() as session:
        recordings.delete_recording(session, "e1")
    with database.write() as session:
        deletions.finish(session, "e1", clock.now(), "gone")
        deletions.give_up(session, "e1", claimed[1])
    with database.read() as session:
        assert uploads.get(session, "e1") is None
