"""Events that people make on the box."""

import select
from pathlib import Path

import pytest

from pyca.config.settings import Capture, Input, Settings
from pyca.core.errors import UsageError
from pyca.core.event import Event, Origin
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import Bell
from pyca.schedule import local
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock

ONE = Settings(capture=Capture(max_parallel=1), inputs={"camera": Input(), "slides": Input()})
TWO = Settings(capture=Capture(max_parallel=2))


def plan(database: Database, clock: FakeClock, start: float, end: float, **more: object) -> Event:
    values: dict[str, object] = {"title": "Talk", "settings": ONE} | more
    return local.plan(database, clock, start=clock.now() + start, end=clock.now() + end, **values)  # type: ignore[arg-type]


def record(database: Database, clock: FakeClock, event: Event, folder: Path) -> None:
    with database.write() as session:
        recordings.begin(session, event, folder, clock.now())


def stored(database: Database, uid: str) -> Event | None:
    with database.read() as session:
        return events.get(session, uid)


def test_a_planned_event_is_in_the_schedule_and_capture_is_woken(
    database: Database, clock: FakeClock
) -> None:
    bell = Bell(database.scope, ServiceName.CAPTURE)
    try:
        event = plan(database, clock, 60, 120, title=" My\nTalk\x1b ", inputs=["camera"], creator="Ada")
        assert select.select([bell], [], [], 0)[0]
    finally:
        bell.close()
    assert stored(database, event.uid) == event
    assert (event.title, event.inputs, event.creator) == ("My Talk", ("camera",), "Ada")
    assert event.origin is Origin.LOCAL


@pytest.mark.parametrize(("start", "end"), [(60, 60), (60, 30), (-60, 0), (-60, -30)])
def test_impossible_times_are_refused(database: Database, clock: FakeClock, start: float, end: float) -> None:
    with pytest.raises(UsageError, match="the event would"):
        plan(database, clock, start, end)


def test_an_unknown_input_is_refused_with_the_known_ones(database: Database, clock: FakeClock) -> None:
    with pytest.raises(UsageError, match=r"“camra”.*camera, slides"):
        plan(database, clock, 60, 120, inputs=["camra"])


def test_an_occupied_time_is_refused_and_named(database: Database, clock: FakeClock) -> None:
    first = plan(database, clock, 60, 120, title="First")
    with pytest.raises(UsageError, match=rf"“First” \({first.uid}\).*max_parallel"):
        plan(database, clock, 100, 200)
    plan(database, clock, 120, 200)
    plan(database, clock, 30, 60)


def test_events_after_each_other_are_one_at_a_time(database: Database, clock: FakeClock) -> None:
    plan(database, clock, 100, 200, settings=TWO)
    plan(database, clock, 200, 300, settings=TWO)
    plan(database, clock, 50, 400, settings=TWO)
    with pytest.raises(UsageError):
        plan(database, clock, 290, 310, settings=TWO)


def test_record_now_starts_now(database: Database, clock: FakeClock) -> None:
    event = local.record_now(database, clock, ONE, "", 300)
    assert (event.title, event.start, event.duration) == ("Recording", clock.now(), 300)
    with pytest.raises(UsageError, match="“Recording”"):
        local.record_now(database, clock, ONE, "Again", 10)


def test_a_running_recording_is_stopped_and_frees_its_time(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    event = local.record_now(database, clock, ONE, "", 300)
    record(database, clock, event, tmp_path)
    clock.move(100)
    local.stop(database, clock, event.uid)
    with database.read() as session:
        assert recordings.operator_ends(session) == {event.uid: clock.now()}
    local.record_now(database, clock, ONE, "Next", 10)


def test_stopping_what_waits_cancels_it(database: Database, clock: FakeClock) -> None:
    event = plan(database, clock, 60, 120)
    local.stop(database, clock, event.uid)
    assert stored(database, event.uid) is None


def test_stopping_what_is_over_is_refused(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    event = local.record_now(database, clock, ONE, "", 300)
    record(database, clock, event, tmp_path)
    with database.write() as session:
        recordings.set_state(session, event.uid, EventState.FINISHED_RECORDING, clock.now())
    with pytest.raises(UsageError, match="nothing is left to cancel"):
        local.stop(database, clock, event.uid)
    with pytest.raises(UsageError, match="not being recorded"):
        local.extend(database, clock, ONE, event.uid, clock.now() + 900)


def test_a_running_recording_is_extended(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    event = local.record_now(database, clock, ONE, "", 300)
    record(database, clock, event, tmp_path)
    follower = plan(database, clock, 600, 900, title="Follower")
    local.extend(database, clock, ONE, event.uid, clock.now() + 600)
    with pytest.raises(UsageError, match="“Follower”"):
        local.extend(database, clock, ONE, event.uid, clock.now() + 601)
    clock.move(10)
    with pytest.raises(UsageError, match="over already"):
        local.extend(database, clock, ONE, event.uid, clock.now() - 1)
    clock.move(-10)
    with database.read() as session:
        assert recordings.operator_ends(session) == {event.uid: clock.now() + 600}
    local.stop(database, clock, follower.uid)
    with pytest.raises(UsageError, match="“Recording”"):
        plan(database, clock, 500, 700)


def test_a_waiting_event_is_extended(database: Database, clock: FakeClock) -> None:
    event = plan(database, clock, 60, 120)
    local.extend(database, clock, ONE, event.uid, clock.now() + 180)
    assert stored(database, event.uid) == event.changed(end=clock.now() + 180)


def test_a_servers_event_is_the_servers(database: Database, clock: FakeClock) -> None:
    theirs = Event("theirs", "Lecture", clock.now() + 60, clock.now() + 120, Origin.OPENCAST)
    with database.write() as session:
        events.add(session, theirs)
    for attempt in (
        lambda: local.stop(database, clock, "theirs"),
        lambda: local.extend(database, clock, ONE, "theirs", clock.now() + 600),
    ):
        with pytest.raises(UsageError, match=r"“Lecture” comes from Opencast.*change it in Opencast"):
            attempt()
    assert stored(database, "theirs") == theirs


def test_unknown_events_are_refused(database: Database, clock: FakeClock) -> None:
    for attempt in (
        lambda: local.stop(database, clock, "x"),
        lambda: local.extend(database, clock, ONE, "x", clock.now() + 1),
    ):
        with pytest.raises(UsageError, match="no event with the id “x”"):
            attempt()
