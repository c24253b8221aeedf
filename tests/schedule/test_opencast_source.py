"""Opencast's calendar, asked over real HTTP, with all the answers that a bad day brings."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_opencast.reading import service as node
from opencast_server import FakeOpencast, faults

from pyca.config.settings import Agent, Server, Settings
from pyca.runtime.pulse import Pulse
from pyca.schedule.service import ScheduleService
from pyca.store import events, upstream
from pyca.store.database import Database
from tests.tools import FakeClock

CALENDARS = "/recordings/calendars"
FIXTURES = Path(__file__).parent.parent / "fixtures" / "opencast"
DAY = 86400.0


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "server") as running:
        running.now = clock.now
        yield running


@pytest.fixture
def settings(server: FakeOpencast, request: pytest.FixtureRequest) -> Settings:
    account = {"auth_method": "basic", "username": "admin", "password": "opencast"}
    # Short only where it is waited for: a server on a busy machine takes its time.
    patience = {"connect_timeout": 60.0, "stall_timeout": 3.0 if "[hang]" in request.node.name else 60.0}
    return Settings(
        agent=Agent(name="room", cal_lookahead=14),
        server=Server(url=server.url, **account, **patience),  # type: ignore[arg-type]
    )


@pytest.fixture
def service(
    settings: Settings, database: Database, clock: FakeClock, pulse: Pulse
) -> Iterator[ScheduleService]:
    made = ScheduleService(settings, database, clock, pulse)
    yield made
    made.close()


def uids(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(event.uid for event in events.upcoming(session))


def plan(server: FakeOpencast, uid: str, start: float = 600, end: float = 1200, **more: object) -> None:
    server.schedule(uid, f"Title {uid}", server.now() + start, server.now() + end, agent="room", **more)


def next_tick(service: ScheduleService, clock: FakeClock, seconds: float = 70) -> None:
    clock.move(seconds)
    service.tick()


def test_an_event_arrives_whole(service: ScheduleService, server: FakeOpencast, database: Database) -> None:
    plan(server, "e1", series="s1", **{"capture.device.names": "camera,screen"})
    service.tick()
    with database.read() as session:
        event = events.get(session, "e1")
        assert event
        assert (event.title, event.series, event.inputs) == ("Title e1", "s1", ("camera", "screen"))
        assert upstream.get(session, "calendar").value == server.etag("room")


def test_the_raw_tag_is_sent_and_no_cutoff(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    service.tick()
    next_tick(service, clock)
    first, second = server.called("GET", CALENDARS)
    assert "If-None-Match" not in first.headers
    assert (second.status, second.headers["If-None-Match"]) == (304, server.etag("room"))
    assert "cutoff" not in first.query
    assert uids(database) == ["e1"]


def test_edits_moves_and_cancellations_follow(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    plan(server, "e2")
    service.tick()
    server.extend("e1", 300)
    server.unschedule("e2")
    next_tick(service, clock)
    assert uids(database) == ["e1"]
    with database.read() as session:
        event = events.get(session, "e1")
    assert event and event.duration == 900


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.redirect(), id="302 to a login page"),
        pytest.param(faults.html(), id="200 HTML"),
        pytest.param(faults.body(b"<html>login</html>"), id="HTML that says it is a calendar"),
        pytest.param(faults.body(b""), id="empty"),
        pytest.param(faults.body(b"\x89PNG\r\n\x1a\n\0\0\0"), id="binary"),
        pytest.param(faults.body(b"BEGIN:VCALENDAR\r\n\xff\xfe\r\nEND:VCALENDAR"), id="no UTF-8"),
        pytest.param(faults.body(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"), id="cut off politely"),
        pytest.param(faults.truncate(300), id="cut off"),
        pytest.param(faults.status(304), id="304 out of the blue"),
        pytest.param(faults.status(401), id="401"),
        pytest.param(faults.html(403), id="403"),
        pytest.param(faults.status(404), id="404"),
        pytest.param(faults.status(500), id="500"),
        pytest.param(faults.status(503), id="503"),
        pytest.param(faults.drop(), id="reset"),
        pytest.param(faults.hang(), id="hang"),
    ],
)
def test_a_bad_answer_leaves_the_schedule_and_the_next_is_normal(
    service: ScheduleService,
    server: FakeOpencast,
    database: Database,
    clock: FakeClock,
    fault: faults.Action,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plan(server, "e1", end=9000)
    service.tick()
    plan(server, "e2", end=9000)
    server.faults.add(CALENDARS, fault, times=None)
    next_tick(service, clock, 3700)
    assert uids(database) == ["e1"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    with database.read() as session:
        assert upstream.get(session, "calendar").failed == clock.now()
    server.faults.clear()
    next_tick(service, clock)
    assert uids(database) == ["e1", "e2"]


def test_an_unreachable_server_leaves_the_schedule(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1", end=9000)
    service.tick()
    server.stop()
    next_tick(service, clock)
    assert uids(database) == ["e1"]
    assert "connect" in service.status()
    server.start()
    plan(server, "e2")
    next_tick(service, clock)
    assert uids(database) == ["e1", "e2"]


def test_a_server_that_is_away_at_the_start_is_found_later(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    server.services = []
    service.tick()
    assert uids(database) == []
    server.services = None
    next_tick(service, clock)
    assert uids(database) == ["e1"]


def test_a_node_that_was_retired_is_looked_up_anew(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    server.services = [node("org.opencastproject.scheduler", "http://127.0.0.1:1", "/recordings")]
    service.tick()
    assert uids(database) == []
    server.services = None
    next_tick(service, clock)
    assert uids(database) == ["e1"]


def test_an_empty_calendar_is_legal(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    service.tick()
    server.unschedule("e1")
    next_tick(service, clock)
    assert uids(database) == []
    assert "up to date" in service.status()


def test_a_far_event_slides_into_the_look_ahead_behind_an_unchanged_tag(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "far", start=14 * DAY + 200, end=14 * DAY + 900)
    service.tick()
    next_tick(service, clock)
    assert uids(database) == []
    next_tick(service, clock, 200)
    assert uids(database) == ["far"]
    assert [call.status for call in server.called("GET", CALENDARS)] == [200, 304, 200]


def test_without_a_look_ahead_everything_is_stored(
    settings: Settings, server: FakeOpencast, database: Database, clock: FakeClock, pulse: Pulse
) -> None:
    everything = replace(settings, agent=replace(settings.agent, cal_lookahead=0))
    plan(server, "far", start=900 * DAY, end=900 * DAY + 60)
    ScheduleService(everything, database, clock, pulse).tick()
    assert uids(database) == ["far"]


def test_what_is_over_is_not_stored_and_what_runs_is(
    service: ScheduleService, server: FakeOpencast, database: Database
) -> None:
    plan(server, "over", start=-900, end=-10)
    plan(server, "running", start=-900, end=10)
    service.tick()
    assert uids(database) == ["running"]


def test_each_hour_everything_is_asked_again(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    """Somebody may have forced an event out of the database; the server's word counts."""
    plan(server, "e1", start=9000, end=9900)
    service.tick()
    with database.write() as session:
        events.cancel(session, "e1")
    next_tick(service, clock, 3601)
    assert uids(database) == ["e1"]


def test_only_changed_events_are_parsed(
    service: ScheduleService, server: FakeOpencast, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyca.opencast import ical

    parsed: list[str] = []
    true = ical.parse_block

    def counting(data: bytes, fingerprint: str) -> object:
        parsed.append(fingerprint)
        return true(data, fingerprint)

    monkeypatch.setattr(ical, "parse_block", counting)
    for number in range(20):
        plan(server, f"e{number}")
    plan(server, "over", start=-900, end=-10)
    plan(server, "far", start=20 * DAY, end=21 * DAY)
    service.tick()
    assert len(parsed) == 21
    server.extend("e7")
    next_tick(service, clock)
    assert len(parsed) == 22


def test_an_event_that_became_unreadable_stays_as_it_was(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    service.tick()
    server.extend("e1", -1000)
    next_tick(service, clock)
    assert uids(database) == ["e1"]


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("single_event_series.ics", 1),
        ("hairy_multi_event.ics", 5),
        ("robust_folded_NOT_opencast.ics", 5),
        ("robust_tzid_NOT_opencast.ics", 1),
        ("empty.ics", 0),
    ],
)
def test_the_samples_are_stored(
    service: ScheduleService,
    server: FakeOpencast,
    database: Database,
    clock: FakeClock,
    file: str,
    count: int,
) -> None:
    clock.time = 1_774_605_600.0  # 2026-03-27 10:00 UTC
    # The samples come from several agents.
    sample = re.sub(rb"LOCATION:[^\r\n]*", b"LOCATION:room", (FIXTURES / file).read_bytes())
    server.faults.add(CALENDARS, faults.body(sample), times=None)
    service.tick()
    assert len(uids(database)) == count
    next_tick(service, clock)
    assert len(uids(database)) == count


def test_the_calendar_of_another_agent_changes_nothing(
    service: ScheduleService, server: FakeOpencast, database: Database, clock: FakeClock
) -> None:
    plan(server, "e1")
    service.tick()
    other = (FIXTURES / "hairy_multi_event.ics").read_bytes()
    server.faults.add(CALENDARS, faults.body(other))
    next_tick(service, clock)
    assert uids(database) == ["e1"]
    assert "that of “Hörsaal 2, Süd”, not of “room”" in service.status()
    # One event of our own shows that it is ours, whatever else is in it; letters may be large or small.
    mixed = other.replace("LOCATION:Hörsaal 2\\, Süd".encode(), b"LOCATION:ROOM", 1)
    server.faults.add(CALENDARS, faults.body(mixed), times=None)
    next_tick(service, clock)
    assert "e1" not in uids(database)


def test_ids_that_cannot_be_stored_are_left_out(
    service: ScheduleService, server: FakeOpencast, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    plan(server, "x" * 513)
    plan(server, "e1")
    plan(server, "../../etc/passwd")
    service.tick()
    assert uids(database) == ["../../etc/passwd", "e1"]
    assert "too long" in caplog.text
