"""What the first screen says."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask

from pyca.config.settings import Server, Settings
from pyca.core.event import Event
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.store import events, recordings, services, uploads, upstream
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.words import STATES, span, when
from tests.tools import FakeClock
from tests.ui_tools import Person, fill, put


def test_an_empty_agent_is_friendly(person: Person) -> None:
    text = person.get("/").text
    assert "Nothing is being recorded" in text
    assert "Finished recordings appear here" in text
    assert "Works alone" in text
    assert "The recorder is not running" in text


def test_a_busy_day_shows_every_state(person: Person, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    text = person.get("/").text
    for state in set(EventState) - {EventState.UPCOMING, EventState.RECORDING}:
        assert f"A {state} one" in text
    for state in (EventState.FAILED_RECORDING, EventState.PARTIAL_RECORDING, EventState.FAILED_UPLOADING):
        assert STATES[state][1] in text
    assert "ffmpeg ended at once: no such device" in text
    assert "450.0 MB of 1.8 GB · 9.0 MB/s · 2 min left" in " ".join(text.split())
    assert "The server said 503." in text and "4 attempts" in text
    assert "silent for 300 s" in text
    assert "Coming 2" in text


def test_a_running_recording_shows_its_times_in_the_agents_zone(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "r", EventState.RECORDING, clock.now(), title="Physics")
    text = person.get("/").text
    assert "<h2>Physics</h2>" in text
    assert ">09:06</time>" in text, "20 minutes before 08:26 UTC, in Zurich"
    assert f'data-down="{clock.now() + 1500:.0f}">25:00<' in text


def test_an_end_chosen_by_hand_is_the_one_shown(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "r", EventState.RECORDING, clock.now())
    with database.write() as session:
        recordings.set_end(session, "r", clock.now() + 60)
    assert f'data-down="{clock.now() + 60:.0f}">1:00<' in person.get("/").text


def test_hostile_titles_stay_text(person: Person, database: Database, clock: FakeClock) -> None:
    title = "<script>alert(1)</script>\"'><img src=x> 🎓 {{7*7}}"
    put(database, "a/../<b>", EventState.FAILED_UPLOADING, clock.now(), title=title)
    with database.write() as session:
        events.add(session, Event("n", title, clock.now() + 60, clock.now() + 120))
    for path in ("/", "/status.html", "/retry?uid=a/../%3Cb%3E"):
        answer = person.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text and "<img src=x" not in answer.text
        assert "🎓 {{7*7}}" in answer.text


def test_a_dead_service_is_shown_dead(person: Person, database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
        row = session.get(services.ServiceRow, "capture")
        assert row
        row.pid_started -= 1000
    text = person.get("/").text
    assert ">dead</span>" in text
    assert "The service “capture” has died." in text and "is started again by itself" in text
    assert f'aria-label="Alarms" data-due="{clock.now():.0f}"' in text, "the page looks again soon"
    clock.move(31)
    text = person.get("/").text
    assert "The capture service died." in text
    assert 'aria-label="Alarms" data-due' not in text


def test_the_connection_to_the_server_is_told(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    connected = replace(settings, server=Server(url="https://opencast.example.org"))
    person = Person(create_app(connected, database, clock).test_client(), settings.ui)
    assert "Server not asked yet" in person.get("/").text
    with database.write() as session:
        upstream.succeeded(session, "server", clock.now())
    assert "Connected" in person.get("/").text
    with database.write() as session:
        upstream.failed(session, "server", clock.now(), "connection refused")
        upstream.failed(session, "calendar", clock.now(), "no calendar but HTML")
    text = person.get("/").text
    assert "No contact to the server since" in text and "connection refused" in text
    assert "The calendar cannot be read." in text


def test_a_nearly_full_disk_and_warnings_are_alarms(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    tight = replace(
        settings,
        capture=replace(settings.capture, minimum_free=10**18),
        warnings=("[ui] password is the published default",),
    )
    text = Person(create_app(tight, database, clock).test_client(), settings.ui).get("/").text
    assert "The disk is nearly full." in text
    assert "published default" in text


def test_an_ambiguous_upload_asks_in_words(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "u", EventState.FAILED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("u", "opencast", UploadStep.AMBIGUOUS))
    assert "it may have the recording already" in person.get("/").text
    assert "Look there first" in person.get("/retry?uid=u").text


def test_the_fragment_is_sent_again_only_when_something_changed(
    person: Person, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real disk is shared with whatever else runs on this machine, and what is free changes all the time.
    monkeypatch.setattr(
        "pyca.ui.view.disks.shutil.disk_usage",
        lambda folder: SimpleNamespace(total=10**12, used=10**11, free=10**11),
    )
    clock.time -= clock.time % 60
    first = person.get("/status.html")
    again = person.get("/status.html", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    put(database, "r", EventState.RECORDING, clock.now(), title="New")
    changed = person.get("/status.html", If_None_Match=first.headers["ETag"])
    assert changed.status_code == 200 and "New" in changed.text
    clock.move(61)
    assert person.get("/status.html", If_None_Match=changed.headers["ETag"]).status_code == 200


def test_the_status_for_programs(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "r", EventState.RECORDING, clock.now(), title="Physics")
    status = person.get("/status.json").get_json()
    assert status["recording"][0]["title"] == "Physics"
    assert status["services"]["capture"] == "stopped"
    assert status["alarms"] == ["The recorder is not running: nothing will be recorded."]


def test_an_unusable_database_is_explained(app: Flask, settings: Settings, database: Database) -> None:
    with database.write() as session:
        for table in ("track", "part", "upload", "recorded_event"):
            session.connection().exec_driver_sql(f"DROP TABLE {table}")
    person = Person(app.test_client(), settings.ui)
    answer = person.get("/")
    assert answer.status_code == 503
    assert "pyca db upgrade" in answer.text and "Traceback" not in answer.text
    problem = person.get("/status.json")
    assert (problem.status_code, problem.mimetype) == (503, "application/problem+json")


def test_unknown_addresses_are_answered_kindly(person: Person) -> None:
    answer = person.get("/nowhere")
    assert answer.status_code == 404 and "There is no such page." in answer.text
    assert person.get("/stop?uid=unknown").status_code == 404
    assert person.post("/", {}).headers["Allow"]


def test_lengths_and_days_in_words() -> None:
    assert [span(s) for s in (-3, 59, 60, 3540, 3600, 5400, 260_000)] == [
        "0 s", "59 s", "1 min", "59 min", "1 h", "1 h 30 min", "3 days",
    ]  # fmt: skip
    assert when(0, 0, None).count(":") == 1
    assert when(0, 86400 * 400, None).startswith("Thu 1 Jan 1970")


def test_the_page_knows_when_to_look_again(person: Person, database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        events.add(session, Event("n", "Next", clock.now() + 60, clock.now() + 120))
    assert f'data-due="{clock.now() + 60:.1f}"' in person.get("/").text, "when it begins"
    running = put(database, "r", EventState.RECORDING, clock.now())
    assert f'data-due="{running.end:.1f}"' in person.get("/").text, "when it ends"


@pytest.mark.parametrize(
    "path", ["/recordings/u", "/fragments/recordings/u", "/recordings/u/tracks/1", "/schedule/events/u"]
)
def test_an_address_with_a_nul_is_not_looked_for(person: Person, database: Database, path: str) -> None:
    put(database, "u", EventState.FINISHED_RECORDING, 1_774_600_000.0)
    assert person.get(path.replace("/u", "/u%00")).status_code == 404
