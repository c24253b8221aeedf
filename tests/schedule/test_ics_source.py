"""An iCalendar file or address as a source."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults

from pyca.config.settings import Agent, Server, Settings
from pyca.core.errors import ConfigError
from pyca.runtime.pulse import Pulse
from pyca.schedule import ics
from pyca.schedule.ics import IcsSource
from pyca.schedule.reader import reader
from pyca.schedule.service import ScheduleService
from pyca.store import events, upstream
from pyca.store.database import Database
from tests.tools import FakeClock

NOW = 1_774_605_600.0  # 2026-03-27 10:00 UTC
DAILY = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:d\r\nSUMMARY:Daily\r\n"
    b"DTSTART:20260301T080000\r\nDTEND:20260301T090000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture(autouse=True)
def _now(clock: FakeClock) -> None:
    clock.time = NOW


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "room.ics"
    path.write_bytes(DAILY)
    return path


def make(
    database: Database, clock: FakeClock, pulse: Pulse, calendar: object, patience: float = 60.0
) -> ScheduleService:
    agent = Agent(calendar=str(calendar), cal_lookahead=3, timezone="Europe/Zurich")
    settings = Settings(agent=agent, server=Server(connect_timeout=60.0, stall_timeout=patience))
    return ScheduleService(settings, database, clock, pulse)


def next_tick(service: ScheduleService, clock: FakeClock, seconds: float = 70) -> None:
    clock.move(seconds)
    service.tick()


def uids(database: Database) -> list[str]:
    with database.read() as session:
        return [event.uid for event in events.upcoming(session)]


def test_a_file_is_followed(database: Database, clock: FakeClock, pulse: Pulse, file: Path) -> None:
    service = make(database, clock, pulse, file)
    service.tick()
    assert uids(database) == ["d-20260328T070000Z", "d-20260329T060000Z", "d-20260330T060000Z"]
    file.write_bytes(DAILY.replace(b"FREQ=DAILY", b"FREQ=DAILY;UNTIL=20260328T090000"))
    next_tick(service, clock)
    assert uids(database) == ["d-20260328T070000Z"]


def test_the_look_ahead_moves_on_while_the_file_stays(
    database: Database, clock: FakeClock, pulse: Pulse, file: Path
) -> None:
    service = make(database, clock, pulse, file)
    service.tick()
    next_tick(service, clock, 86400)
    assert "d-20260331T060000Z" in uids(database)


def test_an_unchanged_file_is_not_parsed_again(
    database: Database, clock: FakeClock, pulse: Pulse, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make(database, clock, pulse, file)
    service.tick()
    monkeypatch.setattr(ics, "expand", None)
    next_tick(service, clock)
    assert "up to date" in service.status()


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\0\1\2", DAILY[:120], b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR"]
)
def test_a_broken_file_leaves_the_schedule(
    database: Database, clock: FakeClock, pulse: Pulse, file: Path, content: bytes
) -> None:
    service = make(database, clock, pulse, file)
    service.tick()
    before = uids(database)
    file.write_bytes(content)
    next_tick(service, clock)
    assert uids(database) == before
    assert str(file) in service.status()
    file.write_bytes(DAILY)
    next_tick(service, clock)
    assert "up to date" in service.status()


def test_a_file_that_is_away_or_a_folder_is_named(
    database: Database, clock: FakeClock, pulse: Pulse, tmp_path: Path
) -> None:
    for path, reason in ((tmp_path / "none.ics", "No such file"), (tmp_path, "is no file")):
        service = make(database, clock, pulse, path)
        service.tick()
        assert str(path) in service.status()
        assert reason in service.status()
        assert "[agent] calendar" in service.status()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "server") as running:
        yield running


def test_an_address_is_followed_and_bad_answers_leave_the_schedule(
    database: Database, clock: FakeClock, pulse: Pulse, server: FakeOpencast
) -> None:
    service = make(database, clock, pulse, f"{server.url}/room.ics", patience=3.0)
    server.faults.add("/room.ics", faults.body(DAILY))
    service.tick()
    assert len(uids(database)) == 3
    with database.read() as session:
        assert upstream.get(session, "ics").value
    for fault in (faults.html(), faults.status(500), faults.hang(), faults.body(b"")):
        server.faults.add("/room.ics", fault)
        next_tick(service, clock)
        assert len(uids(database)) == 3
        assert "up to date" not in service.status()
    assert all("Authorization" not in call.headers for call in server.calls)


def test_a_wrong_time_zone_is_named(clock: FakeClock, file: Path) -> None:
    settings = Settings(agent=Agent(calendar=str(file), timezone="Mars/Olympus"))
    with pytest.raises(ConfigError, match="Mars/Olympus"):
        IcsSource(settings, clock, reader(settings))
