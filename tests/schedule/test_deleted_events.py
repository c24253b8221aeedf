"""What an operator has deleted stays deleted, however often the calendar lists it."""

from pathlib import Path

import pytest

from pyca.core.event import Event, Origin
from pyca.core.states import EventState
from pyca.runtime.pulse import Pulse
from pyca.schedule.service import TIDY_SECONDS, ScheduleService
from pyca.store import events, recordings
from pyca.store.database import Database
from pyca.store.tables import DeletedEvent
from tests.schedule.test_schedule_service import SETTINGS, FakeSource, make, uids
from tests.tools import FakeClock


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def service(source: FakeSource, database: Database, clock: FakeClock, pulse: Pulse) -> ScheduleService:
    return ScheduleService(SETTINGS, database, clock, pulse, [source])


def poll(service: ScheduleService, source: FakeSource, clock: FakeClock, *found: Event) -> None:
    source.answers = [{event.uid: event for event in found}]
    clock.move(70)
    service.tick()


def delete(database: Database, clock: FakeClock, event: Event) -> None:
    """Record the event, let it end and delete it, as on the page."""
    with database.write() as session:
        recordings.begin(session, event, Path("/r/e1"), clock.now())
        recordings.set_state(session, event.uid, EventState.FINISHED_RECORDING, clock.now())
        recordings.delete_recording(session, event.uid)


def forgotten(database: Database) -> bool:
    with database.read() as session:
        return session.get(DeletedEvent, "e1") is None


def test_a_deleted_event_does_not_come_back_in_its_slot(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    event = make(clock, start=0, end=3000)
    poll(service, source, clock, event)
    assert uids(database) == ["e1"]
    delete(database, clock, event)
    for title in ("same", "edited"):
        poll(service, source, clock, event.changed(title=title), make(clock, "e2"))
        assert uids(database) == ["e2"]


def test_moved_to_another_start_it_is_wanted_again(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    event = make(clock, start=0, end=3000)
    poll(service, source, clock, event)
    delete(database, clock, event)
    moved = event.changed(start=event.start + 7200, end=event.end + 7200)
    poll(service, source, clock, moved)
    assert uids(database) == ["e1"]
    assert forgotten(database)
    with database.write() as session:  # and it can be deleted once more
        recordings.begin(session, moved, Path("/r/e1"), clock.now())
        recordings.set_state(session, "e1", EventState.FINISHED_RECORDING, clock.now())
        recordings.delete_recording(session, "e1")
    poll(service, source, clock, moved)
    assert uids(database) == []


def test_it_is_forgotten_after_its_end_however_late_that_is(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    event = make(clock, start=0, end=3000)
    poll(service, source, clock, event)
    delete(database, clock, event)
    prolonged = event.changed(end=event.end + 3 * TIDY_SECONDS)
    poll(service, source, clock, prolonged)
    clock.move(3000 + TIDY_SECONDS)
    poll(service, source, clock, prolonged)
    assert uids(database) == []
    assert not forgotten(database)
    clock.move(3 * TIDY_SECONDS)
    service.tick()
    assert forgotten(database)


def test_a_local_event_leaves_no_mark(database: Database, clock: FakeClock) -> None:
    event = make(clock, start=0, end=3000, origin=Origin.LOCAL)
    with database.write() as session:
        events.add(session, event)
    delete(database, clock, event)
    assert forgotten(database)
