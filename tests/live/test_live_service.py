"""The live service follows what is wanted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pyca.core.alarm import AlarmKind
from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Program
from pyca.live.service import operator, places
from pyca.live.service.broadcast import StuckError
from pyca.live.service.journal import samples_of
from pyca.runtime.pulse import Pulse
from pyca.store import alarms, stream_sessions
from pyca.store.database import Database
from tests.live_desk import Desk, settings_with
from tests.tools import FakeClock, wait_for

S = LiveState


@pytest.fixture
def desk(database: Database, clock: FakeClock, pulse: Pulse) -> Iterator[Desk]:
    made = Desk(database, clock, pulse, settings_with())
    made.service.tick()
    yield made
    made.service.close()


def sessions(desk: Desk) -> list[tuple[str, str]]:
    """Return reason and error of all sessions, newest first."""
    with desk.database.read() as session:
        return [(one.reason, one.error) for one in stream_sessions.listed(session)]


def wanted(desk: Desk) -> bool:
    with desk.database.read() as session:
        return operator.setup(session, desk.settings).wanted


def raised(desk: Desk) -> list[str]:
    with desk.database.read() as session:
        found = alarms.active(session, desk.clock.now())
        return [f"{one.input}: {one.text}" for one in found if one.kind is AlarmKind.LIVE]


def test_from_start_to_stop(desk: Desk) -> None:
    assert desk.status().state is S.IDLE
    desk.start()
    desk.shows(S.PREPARING)
    assert [one.id for one in desk.engine.plan.destinations] == ["main"]
    desk.engine.tell(LinkState.LIVE)
    desk.turn()
    assert desk.shows(S.STREAMING).session == 1
    desk.stop()
    assert desk.engine.stopped
    assert desk.shows(S.STOPPING)
    desk.engine.finish()
    desk.turn()
    desk.shows(S.IDLE)
    assert desk.engine.closed
    wait_for(lambda: sessions(desk) == [("stopped by hand", "")], "the end of the session")


def test_trouble_that_was_over_is_no_error_of_a_stream_that_was_stopped(desk: Desk) -> None:
    desk.start()
    desk.engine.tell(LinkState.LIVE)
    desk.stop()
    desk.engine.finish(error="the camera delivered nothing for a while")
    desk.turn()
    assert desk.shows(S.IDLE).error == ""
    wait_for(lambda: sessions(desk) == [("stopped by hand", "")], "the end of the session")


def test_nothing_is_started_by_itself(desk: Desk) -> None:
    desk.turn()
    assert desk.engines == []


def test_a_change_reaches_the_engine_and_nothing_else_does(desk: Desk) -> None:
    desk.start()
    desk.turn()
    assert len(desk.engine.plans) == 1
    operator.change_control(desk.database, desk.settings, desk.clock, {"resolution": "720p"})
    operator.blind(desk.database, desk.clock, on=True)
    desk.turn()
    assert (desk.engine.plan.profile.bitrate, desk.engine.plan.blind) == (2_500_000, True)
    assert len(desk.engine.plans) == 2
    assert desk.engine.restarts == []


def test_a_change_stands_in_the_log_of_the_session(desk: Desk) -> None:
    desk.start()
    operator.change_control(desk.database, desk.settings, desk.clock, {"resolution": "720p", "fps": 30})
    operator.change_source(desk.database, desk.settings, desk.clock, {"hflip": True})
    desk.turn()
    told = "changed: resolution from 360p to 720p, bitrate from 750000 to 2500000, fps from 25 to 30, "

    def logged() -> list[str]:
        with desk.database.read() as session:
            return [line.text for _, line in stream_sessions.log(session, 1)]

    wait_for(lambda: told + "hflip from off to on" in logged(), "the line")


def test_reconnects_of_a_sample_are_those_of_the_destinations() -> None:
    links = (LinkReport("a", "A", reconnects=2), LinkReport("b", "B", reconnects=3))
    samples = samples_of(LiveReport(source_restarts=7, links=links))
    assert [one.reconnects for one in samples] == [5, 2, 3]


def test_one_destination_is_restarted_alone(desk: Desk) -> None:
    places.restart(desk.database, desk.settings, desk.clock, "main")
    desk.start()
    assert desk.engine.restarts == []
    places.restart(desk.database, desk.settings, desk.clock, "main")
    desk.turn()
    desk.turn()
    assert desk.engine.restarts == ["main"]
    assert len(desk.engine.plans) == 1


def test_all_refuse_and_nobody_tries_again(desk: Desk) -> None:
    desk.start()
    desk.engine.finish(LinkState.REFUSED, "the server does not want this key")
    desk.turn()
    wait_for(lambda: desk.status().error == "the server does not want this key", "the reason")
    assert desk.status().state is S.IDLE
    desk.turn()
    assert len(desk.engines) == 1
    told = [("refused by all destinations", "the server does not want this key")]
    wait_for(lambda: sessions(desk) == told, "the end of the session")
    wait_for(lambda: not wanted(desk), "the end of all tries")
    desk.start()
    assert len(desk.engines) == 2
    assert desk.shows(S.PREPARING).error == ""


def test_an_engine_that_fails_is_followed_by_another(desk: Desk) -> None:
    desk.start()
    desk.engine.finish(error="the streamer has failed")
    desk.turn(0.1)
    assert len(desk.engines) == 1
    wait_for(lambda: desk.status().error == "the streamer has failed", "the reason")
    assert desk.status().state is S.PREPARING
    desk.turn()
    assert len(desk.engines) == 2


def test_while_it_waits_for_the_next_try_it_is_heard_and_can_be_stopped(desk: Desk) -> None:
    desk.start()
    desk.engine.finish(error="the streamer has failed")
    desk.turn(0.1)
    desk.turn(0.2)
    told = desk.clock.now()
    wait_for(lambda: desk.status().at == told, "a fresh report")
    desk.shows(S.PREPARING)
    desk.stop()
    desk.shows(S.IDLE)
    assert not wanted(desk)


def test_what_cannot_begin_is_told_and_not_tried_again(desk: Desk) -> None:
    desk.trouble = ParameterError("input", "this is no input")
    desk.start()
    wait_for(lambda: "no input" in desk.status().error, "the reason")
    assert desk.status().state is S.IDLE
    desk.trouble = None
    desk.turn()
    assert desk.engines == []
    wait_for(lambda: not wanted(desk), "the end of all tries")


@pytest.mark.parametrize("trouble", [MediaError("FFmpeg took too long"), OSError("the disk is not mounted")])
def test_what_may_pass_is_tried_again_also_by_the_next_service(
    desk: Desk, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk.trouble = trouble
    desk.start()
    desk.turn()
    desk.turn(20)
    desk.turn(20)
    desk.beat()
    assert caplog.text.count(str(trouble)) == 1
    wait_for(lambda: desk.status().error == str(trouble), "the reason")
    assert desk.status().state is S.PREPARING
    desk.service.close()
    desk.trouble = None
    desk.begin().tick()
    assert wanted(desk)
    assert len(desk.engines) == 1


def test_who_says_start_does_not_wait_for_what_failed_before(desk: Desk) -> None:
    desk.trouble = MediaError("FFmpeg took too long")
    desk.start()
    for _ in range(6):
        desk.turn(40)
    desk.trouble = None
    desk.turn(0.01)
    assert desk.engines == []
    desk.beat()
    desk.stop()
    desk.shows(S.IDLE)
    desk.start()
    assert len(desk.engines) == 1


def test_a_service_that_was_stopped_goes_on(desk: Desk) -> None:
    desk.start()
    desk.engine.tell(LinkState.LIVE)
    desk.service.close()
    assert desk.engine.stopped
    assert sessions(desk) == [("the service was stopped", "")]
    desk.begin().tick()
    assert len(desk.engines) == 2
    desk.shows(S.PREPARING)


def test_a_service_that_was_killed_goes_on_and_ends_its_old_session(desk: Desk) -> None:
    desk.start()
    wait_for(lambda: sessions(desk), "the session")
    killed = desk.service
    desk.begin().tick()
    assert len(desk.engines) == 2
    reason = "the service was killed, or the power was cut"
    wait_for(lambda: sessions(desk) == [("", ""), ("interrupted", reason)], "both sessions")
    desk.service.close()
    desk.service = killed


def test_figures_and_lines_are_kept(desk: Desk) -> None:
    desk.start()
    desk.engine.said = [LogLine(desk.clock.now(), "warning", "the server is away", "main")]
    desk.engine.tell(LinkState.LIVE)
    for _ in range(6):
        desk.turn()

    def kept() -> bool:
        with desk.database.read() as session:
            found = stream_sessions.samples(session, 1)
            lines = stream_sessions.log(session, 1)
        return {one.destination for one in found} == {"", "main"} and len(found) == 4 and len(lines) == 1

    wait_for(kept, "two samples of each and a line")


def test_a_destination_that_stays_away_raises_an_alarm_until_it_is_back(desk: Desk) -> None:
    desk.start()
    desk.engine.tell(LinkState.WAITING, error="connection refused")
    desk.turn()
    desk.turn(9)
    assert raised(desk) == []
    desk.turn()
    desk.engine.tell(LinkState.WAITING, error="no route")
    desk.turn()
    expected = ["main: nothing reaches rtmp://localhost/********: connection refused"]
    wait_for(lambda: raised(desk) == expected, "the alarm")
    desk.engine.tell(LinkState.LIVE)
    desk.turn()
    wait_for(lambda: raised(desk) == [], "the end of the alarm")


def test_a_camera_without_picture_raises_an_alarm_and_a_blind_one_does_not(desk: Desk) -> None:
    desk.start()
    desk.engine.tell(LinkState.LIVE, Program.BLIND)
    desk.turn()
    desk.turn(20)
    assert raised(desk) == []
    desk.engine.tell(LinkState.LIVE, Program.SLATE)
    desk.turn()
    desk.turn(11)
    wait_for(lambda: [one.partition(":")[0] for one in raised(desk)] == ["input"], "the alarm")
    desk.stop()
    desk.engine.finish()
    desk.turn()
    wait_for(lambda: raised(desk) == [], "the end of the alarm")


def test_an_engine_that_does_nothing_any_more_is_left_to_the_watchdog(desk: Desk) -> None:
    desk.start()
    desk.engine.hangs = True
    desk.turn()
    desk.turn(27)
    assert desk.service.busy()
    with pytest.raises(StuckError):
        desk.turn(5)
    assert not desk.service.busy()
    wait_for(lambda: "said nothing" in desk.status().error, "the word that nothing is known")
    desk.engine.hangs = False
    desk.turn()


def test_lines_that_cannot_be_stored_do_not_count_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.live.service.journal.MOST_WAITING", 3)
    desk.start()

    def say(text: str) -> None:
        desk.engine.said = [LogLine(desk.clock.now(), "warning", text)]
        desk.turn()

    def fails(*_args: object, **_values: object) -> None:
        raise RuntimeError("broken on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(stream_sessions, "add_lines", fails)
        for _ in range(4):
            say("lost")
        wait_for(lambda: desk.service._journal._scribe._work.empty(), "all that waits")

    def kept() -> list[str]:
        say("kept")
        with desk.database.read() as session:
            return [line.text for _number, line in stream_sessions.log(session, 1)]

    wait_for(kept, "a line")


def test_an_engine_works_on_while_the_database_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.start()
    wait_for(lambda: sessions(desk), "the session")
    url = desk.database.url
    with monkeypatch.context() as patch:
        patch.setattr(desk.database, "engine", Database(f"sqlite:////nowhere/{url.database}.db").engine)
        desk.engine.tell(LinkState.LIVE)
        for _ in range(4):
            desk.turn()
        assert not desk.engine.stopped
        wait_for(lambda: "database" in desk.service.status(), "the trouble")
    desk.turn()
    desk.beat()
    desk.shows(S.STREAMING)


def test_another_configuration_begins_anew_only_where_it_has_to(desk: Desk) -> None:
    desk.start()
    live = desk.settings.live
    desk.service.follow(replace(desk.settings, live=replace(live, hls=True)))
    desk.turn()
    assert desk.engine.plan.hls
    assert not desk.engine.stopped
    desk.service.follow(replace(desk.settings, live=replace(live, slate_text="Pause")))
    assert desk.engine.stopped
    desk.engine.finish()
    desk.turn()
    assert len(desk.engines) == 2
