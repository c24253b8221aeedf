"""The service with calendars of our own: what is stored, when it asks, what it says."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pyca.config.settings import Agent, Settings
from pyca.core.alarm import AlarmKind
from pyca.core.errors import CalendarError, DeliveryError, PycaError, StoreError
from pyca.core.event import Event, Origin
from pyca.core.states import ServiceName
from pyca.runtime.bell import Bell
from pyca.runtime.pulse import Pulse
from pyca.schedule.poller import Poller
from pyca.schedule.service import KEEP_SECONDS, ScheduleService
from pyca.schedule.source import Fetched, Known, Mark
from pyca.store import alarms, events, recordings, upstream
from pyca.store.database import Database
from tests.tools import FakeClock

SETTINGS = Settings(agent=Agent(update_frequency=60))


@dataclass
class FakeSource:
    """A calendar that says what the test wants."""

    origin: Origin = Origin.OPENCAST
    name: str = "calendar"
    answers: list[Mapping[str, Event | None] | PycaError | None] = field(default_factory=list)
    marks: list[Mark | None] = field(default_factory=list)
    closed: bool = False

    def close(self) -> None:
        self.closed = True

    def fetch(self, known: Known, mark: Mark | None) -> Fetched:
        self.marks.append(mark)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, PycaError):
            raise answer
        return Fetched(Mark(f"tag{len(self.marks)}", "", 0.0), answer)


def make(clock: FakeClock, uid: str = "e1", start: float = 600, end: float = 1200, **more: object) -> Event:
    values = {"title": f"Title {uid}", "origin": Origin.OPENCAST, "fingerprint": uid} | more
    return Event(uid=uid, start=clock.now() + start, end=clock.now() + end, **values)  # type: ignore[arg-type]


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def service(source: FakeSource, database: Database, clock: FakeClock, pulse: Pulse) -> ScheduleService:
    return ScheduleService(SETTINGS, database, clock, pulse, [source])


def uids(database: Database) -> list[str]:
    with database.read() as session:
        return [event.uid for event in events.upcoming(session)]


def test_events_are_stored_and_the_tag_is_kept(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    source.answers = [{"e1": make(clock)}]
    due = service.tick()
    assert uids(database) == ["e1"]
    assert 57 <= due - clock.now() <= 63
    with database.read() as session:
        known = upstream.get(session, "calendar")
        assert (known.value, known.checked, known.failed) == ("tag1", clock.now(), None)


def test_nothing_is_asked_before_its_time(service: ScheduleService, source: FakeSource) -> None:
    service.tick()
    service.tick()
    assert len(source.marks) == 1


def test_the_mark_of_the_last_stored_calendar_comes_back(
    service: ScheduleService, source: FakeSource, clock: FakeClock
) -> None:
    service.tick()
    clock.move(70)
    service.tick()
    assert source.marks[0] is None
    assert source.marks[1] and source.marks[1].tag == "tag1"


def test_a_failure_leaves_the_schedule_and_is_told_once(
    service: ScheduleService,
    source: FakeSource,
    database: Database,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    refused, broken = DeliveryError("refused"), CalendarError("HTML")
    source.answers = [{"e1": make(clock, end=90000)}, refused, refused, broken, {}]
    for _ in range(4):
        clock.time = service.tick()
    assert uids(database) == ["e1"]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text.split(": ")[1].split(";")[0] for text in warnings] == ["refused", "HTML"]
    with database.read() as session:
        known = upstream.get(session, "calendar")
        assert (known.error, known.value) == ("HTML", "tag1")
        assert known.failed
    assert "HTML" in service.status()
    service.tick()
    assert uids(database) == []
    assert "can be read again" in caplog.text
    assert "up to date" in service.status()


def test_what_curl_measured_is_no_news(
    service: ScheduleService, source: FakeSource, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source.answers = [DeliveryError(text) for text in ("no answer after 2001 ms", "no answer after 2003 ms")]
    source.answers.append(DeliveryError("status 500"))
    source.answers.append(DeliveryError("status 502"))
    for _ in range(4):
        clock.time = service.tick()
    assert len([record for record in caplog.records if record.name == "pyca.schedule.poller"]) == 3


def test_after_a_failure_it_asks_sooner_and_never_more_rarely_than_usual(
    service: ScheduleService, source: FakeSource, clock: FakeClock
) -> None:
    source.answers = [DeliveryError("down")] * 12
    pauses = []
    for _ in range(12):
        due = service.tick()
        pauses.append(due - clock.now())
        clock.time = due
    assert pauses[0] <= 6
    assert max(pauses) <= 60 * 1.2
    assert pauses[-1] >= 60 * 0.8


def test_an_unstored_calendar_is_not_taken_as_seen(
    service: ScheduleService,
    source: FakeSource,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source.answers = [{"e1": make(clock)}, {"e1": make(clock)}]
    with monkeypatch.context() as patch:
        patch.setattr(upstream, "succeeded", _locked)
        with pytest.raises(StoreError):
            service.tick()
    assert uids(database) == []
    clock.move(70)
    service.tick()
    assert source.marks == [None, None]
    assert uids(database) == ["e1"]


def _locked(*_arguments: object) -> None:
    raise StoreError("locked")


def test_it_asks_often_near_the_end_of_a_running_event(
    service: ScheduleService, source: FakeSource, clock: FakeClock
) -> None:
    source.answers = [{"e1": make(clock, start=-500, end=100)}]
    assert service.tick() == clock.now() + 15


def test_a_short_interval_stays_short_near_the_end(
    source: FakeSource, database: Database, clock: FakeClock, pulse: Pulse
) -> None:
    quick = Settings(agent=Agent(update_frequency=5))
    source.answers = [{"e1": make(clock, start=-500, end=100)}]
    due = ScheduleService(quick, database, clock, pulse, [source]).tick()
    assert due - clock.now() <= 5.25


def test_one_line_tells_what_changed(
    service: ScheduleService, source: FakeSource, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    over, first = make(clock, "over", start=10, end=20), make(clock, "e1")
    source.answers = [
        {event.uid: event for event in (over, first, make(clock, "e2"))},
        {"e1": make(clock, "e1", title="New\nname"), **{f"n{i}": make(clock, f"n{i}") for i in range(5)}},
    ]
    service.tick()
    clock.move(70)
    service.tick()
    lines = [record.getMessage() for record in caplog.records if "Schedule (" in record.getMessage()]
    assert len(lines) == 2
    assert "5 added (“Title n0”, “Title n1”, “Title n2”, …)" in lines[1]
    assert "1 changed (“New name”); 1 removed (“Title e2”)" in lines[1]


def test_capture_and_agentstate_are_woken_by_a_change_only(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    bells = [Bell(database.scope, name) for name in (ServiceName.CAPTURE, ServiceName.AGENTSTATE)]
    try:
        service.tick()
        assert not any(rung(bell) for bell in bells)
        source.answers = [{"e1": make(clock)}]
        clock.move(70)
        service.tick()
        assert all(rung(bell) for bell in bells)
    finally:
        for bell in bells:
            bell.close()


def rung(bell: Bell) -> bool:
    import select

    return bool(select.select([bell], [], [], 0)[0])


def test_one_broken_calendar_does_not_hold_up_the_other(
    database: Database, clock: FakeClock, pulse: Pulse
) -> None:
    broken = FakeSource(answers=[DeliveryError("down")])
    good = FakeSource(Origin.ICS, "ics", [{"i": make(clock, "i", origin=Origin.ICS)}])
    service = ScheduleService(SETTINGS, database, clock, pulse, [broken, good])
    service.tick()
    assert uids(database) == ["i"]
    assert service.status() == "calendar: down, ics: up to date"


def test_an_event_of_another_calendar_is_left_alone(
    database: Database, clock: FakeClock, pulse: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    mine = FakeSource(answers=[{"e1": make(clock)}])
    thief = FakeSource(Origin.ICS, "ics", [{"e1": make(clock, title="Stolen", origin=Origin.ICS)}, {}])
    service = ScheduleService(SETTINGS, database, clock, pulse, [mine, thief])
    service.tick()
    clock.move(70)
    service.tick()
    with database.read() as session:
        event = events.get(session, "e1")
    assert event and (event.title, event.origin) == ("Title e1", Origin.OPENCAST)
    assert "another one's, such as “e1”" in caplog.text


def test_without_a_calendar_it_is_idle(database: Database, clock: FakeClock, pulse: Pulse) -> None:
    service = ScheduleService(Settings(), database, clock, pulse)
    assert service.tick() > clock.now()
    assert service.status() == "no calendar: local events only"
    assert not service.busy()
    assert not list(service.files())
    service.close()


def test_events_of_a_calendar_that_is_not_configured_any_more_go(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock, pulse: Pulse
) -> None:
    source.answers = [{"e1": make(clock)}]
    service.tick()
    with database.write() as session:
        events.add(session, make(clock, "local", origin=Origin.LOCAL))
    ScheduleService(Settings(), database, clock, pulse).tick()
    assert uids(database) == ["local"]
    with database.read() as session:
        assert upstream.get(session, "calendar").value == ""


def test_what_was_over_long_ago_goes_unless_it_runs(
    service: ScheduleService, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    with database.write() as session:
        for uid in ("old", "running"):
            events.add(session, make(clock, uid, origin=Origin.LOCAL))
        recordings.begin(session, make(clock, "running", origin=Origin.LOCAL), tmp_path, clock.now())
    clock.move(KEEP_SECONDS + 1201)
    service.tick()
    with database.read() as session:
        assert events.get(session, "old") is None
        assert events.get(session, "running")


def test_a_stop_ends_the_transfer_at_hand(service: ScheduleService, pulse: Pulse, source: FakeSource) -> None:
    assert service._on_transfer() is False
    pulse.stop()
    assert service._on_transfer() is True
    service.tick()
    assert source.marks == []


def test_closing_lets_go_of_the_calendars(service: ScheduleService, source: FakeSource) -> None:
    service.close()
    assert source.closed


def test_the_mark_is_not_kept_by_a_new_service(database: Database, clock: FakeClock) -> None:
    """After a start everything is read once, whatever somebody did to the database meanwhile."""
    source = FakeSource()
    Poller(source, SETTINGS.agent, database, clock).poll()
    Poller(source, SETTINGS.agent, database, clock).poll()
    assert source.marks == [None, None]


def calendar_alarms(database: Database, clock: FakeClock) -> list[str]:
    with database.read() as session:
        found = alarms.active(session, clock.now())
    return [alarm.text for alarm in found if alarm.kind is AlarmKind.CALENDAR]


def test_three_failures_in_a_row_are_an_alarm_until_the_next_success(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    source.answers = [
        DeliveryError("refused"),
        DeliveryError("refused"),
        {},
        *[DeliveryError("away")] * 3,
        {},
    ]
    seen = []
    for _ in range(7):
        clock.time = service.tick()
        seen.append(len(calendar_alarms(database, clock)))
    assert seen == [0, 0, 0, 0, 0, 1, 0]


def test_a_calendar_that_takes_long_to_fail_is_an_alarm_after_ten_minutes(
    service: ScheduleService, source: FakeSource, database: Database, clock: FakeClock
) -> None:
    source.answers = [DeliveryError("no answer"), DeliveryError("no answer")]
    service.tick()
    assert calendar_alarms(database, clock) == []
    clock.move(601)
    service.tick()
    [text] = calendar_alarms(database, clock)
    assert "calendar: no answer" in text


def test_the_alarm_of_one_calendar_is_not_ended_by_the_other(
    database: Database, clock: FakeClock, pulse: Pulse
) -> None:
    broken = FakeSource(answers=[DeliveryError("away")] * 20)
    good = FakeSource(origin=Origin.ICS, name="ics")
    service = ScheduleService(SETTINGS, database, clock, pulse, [broken, good])
    for _ in range(12):
        clock.time = service.tick()
    assert len(calendar_alarms(database, clock)) == 1
    service.close()


def test_a_clock_that_is_set_back_stops_no_polls(
    service: ScheduleService, source: FakeSource, clock: FakeClock
) -> None:
    service.tick()
    clock.set_by(-3600)
    service.tick()
    assert len(source.marks) == 2
    service.tick()
    assert len(source.marks) == 2


def test_another_database_is_filled_anew(
    service: ScheduleService, source: FakeSource, clock: FakeClock, database: Database
) -> None:
    service.tick()
    clock.move(70)
    service.tick()
    assert source.marks[-1] is not None
    with database.write() as session:
        upstream.succeeded(session, "database", 0.0, "another one")
    clock.move(70)
    service.tick()
    assert source.marks[-1] is None
