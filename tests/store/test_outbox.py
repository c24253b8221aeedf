"""What the server has still to be told: in order, and no more than it needs."""

import random
from pathlib import Path

import pytest

from pyca.core.event import Event, Origin
from pyca.core.states import REPORTED, TRANSITIONS, EventState
from pyca.store import outbox, recordings
from pyca.store.database import Database

S = EventState


@pytest.fixture
def uid(database: Database) -> str:
    """An event of the server that is being recorded."""
    with database.write() as session:
        recordings.begin(session, Event("e1", "One", 0.0, 10.0, Origin.OPENCAST), Path("/r/e1"), 0.0)
    return "e1"


def go(database: Database, uid: str, *states: EventState) -> None:
    for number, state in enumerate(states):
        with database.write() as session:
            recordings.set_state(session, uid, state, float(number))


def waiting(database: Database) -> list[str]:
    with database.read() as session:
        return [str(message.state) for message in outbox.pending(session, limit=1000)]


def test_a_delivery_that_is_tried_for_days_leaves_two_messages(database: Database, uid: str) -> None:
    go(database, uid, S.FINISHED_RECORDING)
    for _ in range(100):
        go(database, uid, S.UPLOADING, S.FAILED_UPLOADING)
    assert waiting(database) == ["capturing", "capture_finished", "uploading", "upload_error"]
    go(database, uid, S.UPLOADING)
    assert waiting(database) == ["capturing", "capture_finished", "uploading"]
    go(database, uid, S.FINISHED_UPLOADING)
    assert waiting(database) == ["capturing", "capture_finished", "uploading", "upload_finished"]


def test_interruptions_leave_no_trail(database: Database, uid: str) -> None:
    go(database, uid, S.FINISHED_RECORDING)
    for _ in range(5):
        go(database, uid, S.UPLOADING, S.FINISHED_RECORDING)
    assert waiting(database) == ["capturing", "capture_finished"]


def test_other_recordings_are_left_alone(database: Database, uid: str) -> None:
    with database.write() as session:
        recordings.begin(session, Event("e2", "Two", 0.0, 10.0, Origin.OPENCAST), Path("/r/e2"), 0.0)
    go(database, "e2", S.FINISHED_RECORDING, S.UPLOADING)
    go(database, uid, S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING, S.UPLOADING)
    with database.read() as session:
        found = [(message.uid, str(message.state)) for message in outbox.pending(session)]
    assert [state for who, state in found if who == "e2"] == ["capturing", "capture_finished", "uploading"]


def test_what_was_told_meanwhile_is_not_taken_for_what_came_since(database: Database, uid: str) -> None:
    """The reporter holds a list while the database drops its end and gives the numbers to others."""
    go(database, uid, S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING)
    with database.read() as session:
        held = outbox.pending(session)
    with database.write() as session:
        for message in held[:2]:
            outbox.remove(session, message)
    for number, state in enumerate((S.UPLOADING, S.FINISHED_UPLOADING)):
        with database.write() as session:
            recordings.set_state(session, uid, state, 100.0 + number)
    with database.write() as session:
        for message in held[2:]:
            outbox.remove(session, message)
    assert waiting(database) == ["uploading", "upload_finished"]


def test_whatever_happens_it_stays_short_and_ends_with_the_truth(database: Database, uid: str) -> None:
    chance = random.Random(7)
    state = S.RECORDING
    for _ in range(300):
        state = chance.choice(sorted(TRANSITIONS[state] - {S.PAUSED_AFTER_RECORDING}))
        go(database, uid, state)
        told = waiting(database)
        assert told[-1] == REPORTED[state]
        assert len(told) == len(set(told))
