"""Alarms and hooks of deliveries, questions to the server, and a clock that is put back."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.errors import DeliveryError, StoreError
from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.ingest.inquiry import CHECKS
from pyca.store import alarms, recordings, uploads
from pyca.store.database import Database
from tests.ingest.conftest import Bench

S = EventState
SILENT = DeliveryError("no answer for 60 s", unanswered=True)


def active(bench: Bench) -> list[Alarm]:
    with bench.database.read() as session:
        return alarms.active(session, bench.clock.now())


@pytest.fixture
def said(bench: Bench, tmp_path: Path) -> Iterator[Path]:
    """A file in which hooks write their environment, one line each."""
    script, told = tmp_path / "hook.py", tmp_path / "told"
    script.write_text(
        "import json, os, sys\n"
        "found = {name: text for name, text in os.environ.items() if name.startswith('HOOK_')}\n"
        "open(sys.argv[1], 'a').write(json.dumps(found) + '\\n')\n"
    )
    command = f"{sys.executable} {script} {told}"
    hooks = replace(bench.settings.hooks, alarm=command, upload_done=command)
    bench.settings = replace(bench.settings, hooks=hooks)
    yield told


def test_a_permanent_error_is_an_alarm_until_it_is_delivered(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("413", "raise its body limit", permanent=True)
    service = bench.service()
    service.tick()
    [alarm] = active(bench)
    assert (alarm.kind, alarm.subject, alarm.service) == (AlarmKind.UPLOAD, "e1", "ingest")
    assert "raise its body limit" in alarm.text
    operator.retry(bench.database, bench.clock, "e1")
    assert active(bench)  # not before it is there
    service.tick()
    assert active(bench) == []


@pytest.mark.parametrize("end", ["paused", "deleted"])
def test_what_nobody_wants_delivered_any_more_is_no_alarm(bench: Bench, end: str) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("413", permanent=True)
    service = bench.service()
    service.tick()
    assert active(bench)
    if end == "paused":
        operator.pause(bench.database, bench.clock, "e1")
    else:
        with bench.database.write() as session:
            recordings.delete_recording(session, "e1")
    service.tick()
    assert active(bench) == []


def test_a_passing_error_is_an_alarm_only_after_a_while(bench: Bench) -> None:
    bench.record()
    service = bench.service()
    began = bench.clock.now()
    seen = []
    while bench.clock.now() < began + 1500:
        bench.target.trouble["begin"] = DeliveryError("cannot connect")
        service.tick()
        seen.append((bench.clock.now() - began, len(active(bench))))
        bench.clock.time = bench.upload().next_attempt
    assert {number for after, number in seen if after < 590} == {0}
    assert {number for after, number in seen if after > 610} == {1}
    [alarm] = active(bench)
    assert "waits for the server since" in alarm.text
    bench.target.trouble.clear()
    service.tick()
    assert active(bench) == []


def test_after_a_restart_the_alarm_is_there_again(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("cannot connect")
    service = bench.service()
    service.tick()
    with bench.database.write() as session:
        # As after twenty minutes of tries by a service that ended then.
        uploads.save(session, replace(bench.upload(), attempts=9, next_attempt=bench.clock.now() + 900))
    service.tick()
    assert active(bench) == []  # this one knows better since when
    fresh = bench.service()
    fresh.tick()
    assert [alarm.kind for alarm in active(bench)] == [AlarmKind.UPLOAD]


def test_an_alarm_that_cannot_be_stored_still_reaches_log_and_hook(
    bench: Bench, said: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("413", permanent=True)
    service = bench.service()
    real = alarms.store

    def locked(*_arguments: object) -> None:
        raise StoreError("locked")

    monkeypatch.setattr(alarms, "store", locked)
    with closing(service):
        service.tick()
    assert "413" in caplog.text
    assert '"HOOK_ALARM": "upload"' in said.read_text()
    assert active(bench) == []
    monkeypatch.setattr(alarms, "store", real)
    service.tick()
    assert [alarm.kind for alarm in active(bench)] == [AlarmKind.UPLOAD]


def test_alarms_that_wait_for_the_database_do_not_fill_the_memory(database: Database) -> None:
    def locked(_session: object) -> None:
        raise StoreError("locked")

    writer = alarms.AtOnce(database)
    for _ in range(alarms.KEPT + 50):
        writer(locked)
    assert len(writer._left) == alarms.KEPT


def test_the_hook_of_a_delivery_knows_all_about_it(bench: Bench, said: Path) -> None:
    recording = bench.record()
    with closing(bench.service()) as service:
        service.tick()
    [line] = said.read_text().splitlines()
    told = json.loads(line)
    assert told["HOOK_NAME"] == "upload_done"
    assert (told["HOOK_EVENT_ID"], told["HOOK_STATE"]) == ("e1", "finished uploading")
    assert told["HOOK_FOLDER"] == str(recording.directory)
    assert told["HOOK_FILES"].splitlines() == [str(track.path) for track in recording.tracks]
    assert told["HOOK_TARGET"] == "there"


def test_no_hook_before_the_other_side_has_it(bench: Bench, said: Path) -> None:
    bench.record()
    bench.target.trouble["finish"] = SILENT
    with closing(bench.service()) as service:
        service.tick()
    assert "upload_done" not in said.read_text()
    operator.resolve(bench.database, bench.clock, "e1", delivered=True)
    with closing(bench.service()) as service:
        service.tick()
    assert said.read_text().count("upload_done") == 1


def test_a_server_that_shows_the_recording_settles_an_unclear_end(
    bench: Bench, said: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench.record()
    bench.target.trouble["finish"] = SILENT
    service = bench.service()
    service.tick()
    assert [alarm.text.split(":")[0] for alarm in active(bench)] == ["the server may have it or not"]
    due = service.tick()
    assert bench.target.asked == []
    assert 10 < due - bench.clock.now() < 20
    bench.clock.time = due
    bench.target.taken = True
    with closing(service):
        service.tick()
    assert (bench.state(), bench.upload().step) == (S.FINISHED_UPLOADING, UploadStep.DONE)
    assert active(bench) == []
    assert "after all" in caplog.text
    assert said.read_text().count("upload_done") == 1


def test_a_server_that_shows_nothing_is_asked_some_times_and_left_alone(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = SILENT
    service = bench.service()
    service.tick()
    calls = list(bench.target.calls)
    for _ in range(1000):
        bench.clock.move(60)
        service.tick()
    assert len(bench.target.asked) == CHECKS
    assert (bench.state(), bench.upload().step) == (S.FAILED_UPLOADING, UploadStep.AMBIGUOUS)
    assert bench.target.calls == calls
    assert service.status() == "1 to be decided by an operator"


def test_a_server_that_is_away_has_not_answered_yet(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = SILENT
    service = bench.service()
    service.tick()
    for _ in range(40):
        bench.target.trouble["has_taken"] = DeliveryError("cannot connect")
        bench.clock.move(60)
        service.tick()
    assert len(bench.target.asked) > CHECKS
    bench.target.trouble.clear()
    bench.target.taken = True
    bench.clock.move(60)
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_a_refused_question_counts_as_an_answer(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.record()
    bench.target.trouble["finish"] = SILENT
    service = bench.service()
    service.tick()
    bench.target.trouble["has_taken"] = DeliveryError("forbidden", status=403)
    bench.clock.move(60)
    service.tick()
    assert bench.upload().attempts == 1
    assert "cannot be seen" in caplog.text


def test_the_operator_is_quicker_than_the_question(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = SILENT
    service = bench.service()
    service.tick()
    operator.retry(bench.database, bench.clock, "e1")
    bench.clock.move(60)
    service.tick()
    assert bench.target.asked == []
    assert bench.state() is S.FINISHED_UPLOADING


@pytest.mark.parametrize("back", [3600.0, 10 * 365 * 86400.0])
def test_a_clock_that_is_put_back_delays_nothing_for_longer_than_a_pause(bench: Bench, back: float) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("cannot connect")
    service = bench.service()
    service.tick()
    bench.clock.move(-back)
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_the_wanted_delay_is_no_clock_that_was_put_back(bench: Bench) -> None:
    bench.record()
    service = bench.service(delay_min=7200, delay_max=7200)
    service.tick()
    service.tick()
    assert bench.target.calls == []
    bench.clock.move(-86400.0)
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING
