"""Captures that were begun at the server: prolonged in the last minute, stopped in the catalog."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.config.settings import Agent, Server, Settings
from pyca.core.event import Attachment, Event, Origin
from pyca.opencast import ical
from pyca.runtime.pulse import Pulse
from pyca.schedule.service import ScheduleService
from pyca.schedule.stops import SKEW, stop_of, temporal_end
from pyca.store import events
from pyca.store.database import Database
from tests.tools import FakeClock

CALENDARS = "/recordings/calendars"


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "server") as running:
        running.now = clock.now
        yield running


@pytest.fixture
def service(
    server: FakeOpencast, database: Database, clock: FakeClock, pulse: Pulse
) -> Iterator[ScheduleService]:
    account = {"auth_method": "basic", "username": "admin", "password": "opencast"}
    settings = Settings(agent=Agent(name="room"), server=Server(url=server.url, **account))  # type: ignore[arg-type]
    made = ScheduleService(settings, database, clock, pulse)
    yield made
    made.close()


def end_of(database: Database, uid: str) -> float:
    with database.read() as session:
        found = events.get(session, uid)
    assert found
    return found.end


@pytest.mark.parametrize("phase", range(0, 60, 5))
def test_no_second_of_a_prolonged_capture_is_lost(
    server: FakeOpencast, service: ScheduleService, database: Database, clock: FakeClock, phase: int
) -> None:
    """The server prolongs once a minute and goes by an old tag for another one."""
    server.tag_lifetime = 60.0
    event = server.capture_now("room")
    began, poll = clock.now(), clock.now()
    for second in range(1200):
        clock.time = began + second
        if second % 60 == phase:
            server.run_prolong_job()
        if clock.time >= poll:
            poll = service.tick()
        # The recorder stops where the schedule that it knows says so.
        assert end_of(database, event.uid) > clock.time, f"cut after {second} s"
    assert event.end > clock.time


def test_far_from_an_end_the_calendar_is_asked_conditionally(
    server: FakeOpencast, service: ScheduleService, clock: FakeClock
) -> None:
    server.schedule("e1", "Lecture", clock.now() - 60, clock.now() + 3600, agent="room")
    service.tick()
    for _ in range(5):
        clock.move(70)
        service.tick()
    asked = [call.headers.get("If-None-Match") for call in server.called("GET", CALENDARS)]
    assert None not in asked[1:]
    clock.move(3600 - 350 - 60)
    service.tick()
    assert server.called("GET", CALENDARS)[-1].headers.get("If-None-Match") is None


def test_a_stop_at_the_server_is_a_new_end(
    server: FakeOpencast, service: ScheduleService, database: Database, clock: FakeClock
) -> None:
    event = server.capture_now("room")
    service.tick()
    clock.move(100)
    stopped = clock.now()
    assert server.stop_capture("room")
    clock.move(70)
    service.tick()
    assert event.end > clock.now()
    assert end_of(database, event.uid) == stopped
    # The server's own job knows nothing of it and goes on prolonging.
    clock.move(75)
    server.run_prolong_job()
    service.tick()
    assert event.end > clock.now() + 200
    assert end_of(database, event.uid) == stopped


def test_what_was_in_the_catalog_before_is_no_stop(
    server: FakeOpencast, service: ScheduleService, database: Database, clock: FakeClock
) -> None:
    """People may write any period there; only a change while it runs counts."""
    event = server.schedule("e1", "Lecture", clock.now() - 100, clock.now() + 3600, agent="room")
    event.temporal_end = clock.now() - 10
    service.tick()
    clock.move(70)
    server.extend("e1", 60)
    service.tick()
    assert end_of(database, "e1") == event.end


def make(end: float, temporal: str | None, start: float = 1000.0) -> Event:
    catalog = f'<dcterms:temporal xsi:type="dcterms:Period">{temporal}</dcterms:temporal>'
    attachments = () if temporal is None else (Attachment("episode.xml", "application/xml", catalog),)
    return Event("e", "E", start, end, Origin.OPENCAST, attachments=attachments)


def period(end: str) -> str:
    return f"start=1970-01-01T00:16:40Z; end={end}; scheme=W3C-DTF;"


AT_1500 = "1970-01-01T00:25:00Z"


@pytest.mark.parametrize(
    ("temporal", "now", "stop"),
    [
        (period(AT_1500), 1600.0, 1500.0),
        (period("1970-01-01T01:25:00+01:00"), 1600.0, 1500.0),
        (period(AT_1500), 1500.0 - SKEW / 2, 1500.0),
        (period(AT_1500), 1400.0, None),
        (period("1970-01-01T00:10:00Z"), 1600.0, None),
        (period("1970-01-01T01:00:00Z"), 3000.0, None),
        (period("soon"), 1600.0, None),
        ("a while", 1600.0, None),
        (None, 1600.0, None),
    ],
)
def test_when_an_event_counts_as_stopped(temporal: str | None, now: float, stop: float | None) -> None:
    before = make(3600.0, period("1970-01-01T01:00:00Z"))
    assert stop_of(make(3600.0, temporal), before, now) == stop


def test_a_catalog_without_prefix_of_ours_is_read_as_the_server_writes_it(server: FakeOpencast) -> None:
    """The very text of the calendar, as far as it is known."""
    from fake_opencast.calendars import calendar

    event = server.capture_now("room")
    text = calendar([event], "room").replace("\r\n", "\n")
    block = text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")].encode()
    parsed = ical.parse_block(block, "")
    assert parsed
    assert temporal_end(parsed) == event.end
