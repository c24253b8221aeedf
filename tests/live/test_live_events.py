"""Scheduled events are streamed by themselves, and their recorder finds its camera free."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pyca.core.event import Event
from pyca.core.live import MARK, LinkState, LiveEvents, LiveState, Program, is_streamed
from pyca.core.states import EventState
from pyca.live.service import operator
from pyca.runtime.pulse import Pulse
from pyca.store import alarms, recordings, stream_sessions
from pyca.store.database import Database
from tests.live_desk import Desk, settings_with
from tests.tools import FakeClock, wait_for

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(database: Database, clock: FakeClock, pulse: Pulse) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(**live: object) -> Desk:
        made.append(Desk(database, clock, pulse, settings_with(**live)))
        made[0].service.tick()
        return made[0]

    yield make
    made[0].service.close()


def event_in(clock: FakeClock, seconds: float, mark: str = "true", uid: str = "e1", **more: object) -> Event:
    start = clock.now() + seconds
    values: dict[str, object] = {"workflow_parameters": {MARK: mark} if mark else {}, **more}
    return Event(uid, "Lecture", start, start + 3600, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "mark", "streamed"),
    [
        (LiveEvents.OFF, "true", False),
        (LiveEvents.MARKED, "true", True),
        (LiveEvents.MARKED, "TRUE", True),
        (LiveEvents.MARKED, "false", False),
        (LiveEvents.MARKED, "", False),
        (LiveEvents.ALL, "", True),
    ],
)
def test_which_events_are_streamed(clock: FakeClock, rule: LiveEvents, mark: str, streamed: bool) -> None:
    assert is_streamed(rule, event_in(clock, 0, mark)) is streamed


def test_a_marked_event_is_streamed_from_its_start_to_its_end(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk(events="marked")
    event = event_in(clock, 1)
    desk.plan_event(event)
    desk.turn()
    assert desk.engines == []
    desk.record(event)
    desk.turn()
    assert desk.engine.plan.feed
    assert not desk.engine.plan.camera
    with desk.database.write() as session:
        recordings.set_state(session, "e1", EventState.FINISHED_RECORDING, clock.now())
    desk.turn()
    assert desk.engine.stopped
    desk.engine.finish()
    desk.turn()

    def kept() -> bool:
        with desk.database.read() as session:
            found = [(one.uid, one.reason) for one in stream_sessions.listed(session)]
        return found == [("e1", "the event is over")]

    wait_for(kept, "the end of the session")


def test_an_event_that_is_not_marked_is_not_streamed(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk(events="marked")
    desk.record(event_in(clock, 0, mark=""))
    desk.turn()
    assert desk.engines == []


def test_the_camera_is_free_before_the_recorder_wants_it(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk()
    desk.start()
    event = event_in(clock, 20, mark="")
    desk.plan_event(event)
    begin = clock.now()
    assert desk.turn(11) == begin + 12
    assert desk.engine.plan.camera
    desk.turn(1)
    assert not desk.engine.plan.camera
    # A program that is told to end has six seconds, and then none.
    assert not desk.engine.plan.haste
    assert desk.turn(5) == begin + 18
    desk.turn(1)
    assert desk.engine.plan.haste
    desk.turn(3)
    desk.record(event)
    desk.turn(30)
    assert not desk.engine.plan.camera
    with desk.database.write() as session:
        recordings.set_state(session, "e1", EventState.FINISHED_RECORDING, clock.now())
    desk.turn()
    assert desk.engine.plan.camera
    assert not desk.engine.stopped


def test_an_event_that_begins_at_once_gets_the_camera_at_once(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk()
    desk.start()
    desk.plan_event(event_in(clock, 0, mark=""))
    desk.turn(0)
    assert not desk.engine.plan.camera
    assert desk.engine.plan.haste


def test_the_camera_comes_back_where_nobody_records(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk()
    desk.start()
    desk.plan_event(event_in(clock, 2))
    desk.turn()
    assert not desk.engine.plan.camera
    desk.turn(16)
    assert desk.engine.plan.camera


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("ffmpeg -f v4l2 -i /dev/video0 -t {{time}} a.mkv", False),
        ("ffmpeg -f v4l2 -i /dev/video1 -t {{time}} a.mkv", True),
        ("ffmpeg -i rtsp://camera/1 -t {{time}} a.mkv", True),
    ],
)
def test_a_recorder_that_passes_nothing_on_gets_its_own_device_and_no_other(
    make_desk: MakeDesk, clock: FakeClock, command: str, kept: bool
) -> None:
    desk = make_desk(input="v4l2:/dev/video0", events="all")
    plain = replace(desk.settings.inputs["cam"], command=command)
    desk.service.follow(replace(desk.settings, inputs={"cam": plain}))
    desk.start()
    desk.record(event_in(clock, 0))
    desk.turn()
    assert desk.engine.plan.camera is kept
    desk.engine.tell(LinkState.LIVE, Program.SLATE)
    desk.turn()
    desk.turn(11)
    why = "the input gives no picture" if kept else "a recorder has the input and passes nothing on"

    def told() -> bool:
        with desk.database.read() as session:
            return any(why in one.text for one in alarms.active(session, clock.now()))

    wait_for(told, "the alarm")
    desk.beat()
    # Nor does a stream that begins while it records.
    desk.stop()
    desk.engine.finish()
    desk.turn()
    desk.shows(LiveState.IDLE)
    desk.start()
    assert len(desk.engines) == 2
    assert desk.engine.plan.camera is kept


def test_stop_counts_for_the_event_that_runs_and_not_for_the_next(
    make_desk: MakeDesk, clock: FakeClock
) -> None:
    desk = make_desk(events="all")
    desk.record(event_in(clock, 0))
    desk.turn()
    desk.engine.tell(LinkState.LIVE)
    desk.turn()
    desk.shows(LiveState.STREAMING)
    desk.stop()
    desk.engine.finish()
    desk.turn()
    assert len(desk.engines) == 1
    desk.shows(LiveState.IDLE)
    desk.record(event_in(clock, 0, uid="e2"))
    desk.turn()
    assert len(desk.engines) == 2


def test_blind_leaves_the_recorder_what_it_has(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk(events="all")
    desk.record(event_in(clock, 0))
    desk.turn()
    operator.blind(desk.database, clock, on=True)
    desk.turn()
    assert desk.engine.plan.blind
    assert desk.engine.plan.feed
    with desk.database.read() as session:
        assert [one.uid for one in recordings.running(session)] == ["e1"]


def test_a_refused_event_is_not_tried_again_and_is_told(make_desk: MakeDesk, clock: FakeClock) -> None:
    desk = make_desk(events="all")
    desk.record(event_in(clock, 0))
    desk.turn()
    desk.engine.finish(LinkState.REFUSED, "wrong key")
    desk.turn()
    desk.turn()
    assert len(desk.engines) == 1

    def told() -> bool:
        with desk.database.read() as session:
            return [one.text for one in alarms.active(session, clock.now())] == [
                "the event is not streamed: wrong key"
            ]

    wait_for(told, "the alarm")


def test_a_recording_without_recorder_does_not_keep_the_camera_for_ever(
    make_desk: MakeDesk, clock: FakeClock
) -> None:
    desk = make_desk(events="all")
    desk.record(event_in(clock, 0))
    desk.turn()
    desk.turn(3700)
    assert desk.engine.stopped
