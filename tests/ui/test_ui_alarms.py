"""Alarms of the services on the page, figures for monitoring, and recordings whose files are gone."""

import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

import pyca
from pyca.config.settings import Live, Settings
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState, ServiceName
from pyca.store import alarms, uploads, upstream
from pyca.store.database import Database
from pyca.ui.view.alarms import KINDS
from tests.tools import FakeClock
from tests.ui_tools import Person, fill, put

S = EventState


def alert(
    database: Database, clock: FakeClock, kind: AlarmKind, text: str = "trouble", **more: object
) -> None:
    values: dict[str, object] = {"service": "capture"} | more
    with database.write() as session:
        alarms.store(session, Alarm(kind, text, clock.now() - 60, **values))  # type: ignore[arg-type]


def figures(person: Person) -> dict[str, dict[str, float]]:
    """Return family → label → value."""
    answer = person.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        family.name: {"".join(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(answer.text)
    }


def test_every_kind_of_alarm_has_words() -> None:
    assert set(KINDS) == set(AlarmKind)


def test_an_alarm_of_a_service_is_on_the_page_with_its_event_and_input(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "e1", S.RECORDING, clock.now(), title="Analysis <I>")
    alert(database, clock, AlarmKind.SILENCE, "no sound for 8 s", subject="e1", input="camera")
    text = person.get("/").text
    assert "No sound (camera)." in text
    assert "“Analysis &lt;I&gt;”: no sound for 8 s." in text
    assert re.search(r"Since\s+<time", text)
    assert "No sound (camera)." in person.get("/status.json").json["alarms"]


class TestEnabledStreamer:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, live=Live(enabled=True))

    def test_one_that_was_never_started_is_told_of(self, person: Person) -> None:
        assert "The streamer is not running: nothing can be streamed." in person.get("/").text
        assert '"live"' in person.get("/api/services").text


def test_an_alarm_that_is_over_is_not(person: Person, database: Database, clock: FakeClock) -> None:
    alert(database, clock, AlarmKind.BLACK, ended=clock.now() - 1)
    alert(database, clock, AlarmKind.FROZEN, ended=clock.now() + 100)
    text = person.get("/").text
    assert "The picture is black" not in text
    assert "The picture stands still" in text


def test_the_same_trouble_is_told_once(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "e1", S.FAILED_UPLOADING, clock.now())
    alert(database, clock, AlarmKind.UPLOAD, "waits for the server", subject="e1")
    alert(database, clock, AlarmKind.CALENDAR, "cannot be read (ics: x)")
    text = person.get("/").text
    assert "could not be uploaded" in text and "A recording is not delivered." not in text
    # Nothing that the page sees itself says so, but the service does.
    assert "The calendar." in text


def test_what_only_the_services_know_is_told(
    person: Person, database: Database, clock: FakeClock, app: Flask
) -> None:
    with database.write() as session:
        upstream.failed(session, "calendar", clock.now(), "refused")
    alert(database, clock, AlarmKind.DATABASE, "was away for 20 s")
    assert "The database." in person.get("/").text


def test_alarms_end_with_the_run_of_their_service(
    person: Person, database: Database, clock: FakeClock
) -> None:
    alert(database, clock, AlarmKind.GAP)
    with database.write() as session:
        alarms.end_of_service(session, ServiceName.CAPTURE, clock.now())
    assert "are apart" not in person.get("/").text


def test_metrics_tell_all_kinds_and_states(
    person: Person, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is free on a real disk changes between two looks.
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(total=100, used=0, free=40))
    fill(database, clock.now())
    alert(database, clock, AlarmKind.SILENCE, input="camera")
    alert(database, clock, AlarmKind.SILENCE, input="screen")
    alert(database, clock, AlarmKind.DISK, ended=clock.now() - 5)
    found = figures(person)
    assert set(found["pyca_alarms"]) == set(AlarmKind)
    assert {kind: number for kind, number in found["pyca_alarms"].items() if number} == {"silence": 2}
    assert set(found["pyca_recordings"]) == set(EventState) - {S.UPCOMING}
    assert found["pyca_recordings"]["finished uploading"] == 1
    [(labels, value)] = found["pyca_build_info"].items()
    assert pyca.__version__ in labels and "hall-1" in labels and value == 1
    assert figures(person) == found


def test_metrics_need_the_password(person: Person) -> None:
    assert person.client.get("/metrics").status_code == 401


def test_metrics_without_a_database_say_so(
    person: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE alarm")
    assert person.get("/metrics").status_code == 503


@pytest.mark.parametrize("state", [S.FINISHED_UPLOADING, S.FAILED_UPLOADING])
def test_a_recording_whose_files_are_gone_says_so_and_offers_nothing(
    person: Person, database: Database, clock: FakeClock, state: EventState
) -> None:
    put(database, "e1", state, clock.now())
    upload = Upload("e1", "opencast", UploadStep.DONE, location="https://there")
    with database.write() as session:
        uploads.save(session, upload)
    assert "deleted from this machine" not in person.get("/").text
    with database.write() as session:
        uploads.save(session, replace(upload, step=UploadStep.GONE))
    text = person.get("/").text
    assert "deleted from this machine" in text
    assert "could not be uploaded" not in text
    assert "retry?uid" not in text
    for answer in (person.get("/retry?uid=e1"), person.post("/retry", {"uid": "e1"})):
        assert answer.status_code == 409
        assert "were deleted from this machine" in answer.text
