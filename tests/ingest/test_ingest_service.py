"""The state machine of deliveries, with a target that only takes notes."""

import logging
import re
import select
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.errors import DeliveryError, StoreError, UsageError
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState, ServiceName
from pyca.ingest import operator
from pyca.ingest.ledger import Ledger
from pyca.ingest.target import Interrupted
from pyca.runtime.bell import Bell
from pyca.store import events, outbox, recordings, uploads
from tests.ingest.conftest import Bench

S = EventState
BOTH = ["begin", "track e1-0.mkv", "track e1-1.mkv", "finish <2/>"]


def test_a_recording_is_delivered_in_order(bench: Bench) -> None:
    bench.record()
    bench.service().tick()
    assert bench.target.calls == BOTH
    assert bench.state() is S.FINISHED_UPLOADING
    upload = bench.upload()
    assert (upload.step, upload.bytes_sent, upload.bytes_total, upload.location) == (
        UploadStep.DONE, 6, 6, "there",
    )  # fmt: skip
    with bench.database.read() as session:
        told = [message.state for message in outbox.pending(session)]
    assert told == ["capturing", "capture_finished", "uploading", "upload_finished"]


def test_the_oldest_goes_first_and_then_there_is_nothing_to_do(bench: Bench) -> None:
    bench.record("young", start=2000.0)
    bench.record("old", start=1000.0)
    service = bench.service()
    assert service.tick() <= bench.clock.now()
    assert bench.state("young") is S.FINISHED_RECORDING
    service.tick()
    assert [call for call in bench.target.calls if call.endswith("-0.mkv")] == [
        "track old-0.mkv", "track young-0.mkv",
    ]  # fmt: skip
    assert service.tick() == bench.clock.now() + 30
    assert not service.busy()


@pytest.mark.parametrize("broken", ["begin", "track e1-0.mkv", "track e1-1.mkv", "finish"])
def test_a_passing_error_is_retried_at_the_step_where_it_was(bench: Bench, broken: str) -> None:
    bench.record()
    bench.record("e2", start=1_774_700_000.0)
    bench.target.trouble[broken] = DeliveryError("503 from the server")
    service = bench.service()
    service.tick()
    failed = bench.upload()
    assert (bench.state(), failed.error, failed.attempts) == (S.FAILED_UPLOADING, "503 from the server", 1)
    assert 3.9 <= failed.next_attempt - bench.clock.now() <= 6.1
    service.tick()
    assert bench.state("e2") is S.FINISHED_UPLOADING
    assert service.tick() == failed.next_attempt
    bench.target.calls.clear()
    bench.clock.move(7)
    service.tick()
    position = next(i for i, call in enumerate(BOTH) if call.startswith(broken))
    assert bench.target.calls == BOTH[position:]
    assert bench.state() is S.FINISHED_UPLOADING
    assert bench.upload().error == ""


def test_pauses_grow_and_never_end(bench: Bench) -> None:
    bench.record()
    service = bench.service()
    pauses = []
    for _ in range(14):
        bench.target.trouble["begin"] = DeliveryError("refused")
        service.tick()
        pauses.append(bench.upload().next_attempt - bench.clock.now())
        bench.clock.time = bench.upload().next_attempt
    assert pauses[0] < 7 < pauses[4] < 200
    assert all(700 <= pause <= 1100 for pause in pauses[10:])


def test_a_permanent_error_waits_for_an_operator(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.record()
    bench.target.trouble["begin"] = DeliveryError("413", "raise its body limit", permanent=True)
    service = bench.service()
    service.tick()
    assert bench.upload().permanent
    assert "raise its body limit" in caplog.text
    bench.clock.move(1e6)
    service.tick()
    assert bench.target.calls == ["begin"]
    assert service.status() == "1 to be decided by an operator"
    operator.retry(bench.database, bench.clock, "e1")
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_a_final_call_without_an_answer_is_never_repeated(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = DeliveryError("no answer for 60 s", unanswered=True)
    service = bench.service()
    service.tick()
    assert (bench.upload().step, bench.state()) == (UploadStep.AMBIGUOUS, S.FAILED_UPLOADING)
    assert "look whether the server has it" in bench.upload().error
    bench.clock.move(1e6)
    service.tick()
    bench.service().tick()
    assert bench.target.calls == BOTH


def test_an_answer_that_cannot_be_stored_at_once_is_not_forgotten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_arguments: object) -> None:
        raise StoreError("locked")

    recording = bench.record()
    service = bench.service(delete_after_upload=True)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "succeed", locked)
        for _ in range(2):
            with pytest.raises(StoreError):
                service.tick()
        assert service.busy()
    service.tick()
    assert (bench.upload().step, bench.state()) == (UploadStep.DONE, S.FINISHED_UPLOADING)
    assert bench.target.calls == BOTH
    assert not recording.directory.exists()
    assert not service.busy()


def test_a_refusal_that_cannot_be_stored_at_once_is_not_taken_for_silence(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_arguments: object) -> None:
        raise StoreError("locked")

    bench.record()
    bench.target.trouble["finish"] = DeliveryError("503 from the server")
    service = bench.service()
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_after", locked)
        for _ in range(2):
            with pytest.raises(StoreError):
                service.tick()
        assert service.busy()
    service.tick()
    assert (bench.upload().step, bench.upload().error) == (UploadStep.TRACKS, "503 from the server")
    assert not service.busy()
    bench.clock.move(10)
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING
    assert bench.target.calls == [*BOTH, "finish <2/>"]


def test_the_operator_decides_about_an_unclear_end(bench: Bench) -> None:
    for uid in ("e1", "e2"):
        bench.record(uid)
        bench.target.trouble["finish"] = DeliveryError("no answer", unanswered=True)
        bench.service().tick()
    operator.resolve(bench.database, bench.clock, "e1", delivered=True)
    assert (bench.state(), bench.upload().step) == (S.FINISHED_UPLOADING, UploadStep.SETTLED)
    bench.target.calls.clear()
    operator.resolve(bench.database, bench.clock, "e2", delivered=False)
    bench.service().tick()
    assert bench.target.calls == ["finish <2/>"]
    assert bench.state("e2") is S.FINISHED_UPLOADING
    with pytest.raises(UsageError, match="not unclear"):
        operator.resolve(bench.database, bench.clock, "e2", delivered=True)


@pytest.mark.parametrize("delete", [True, False])
def test_files_go_where_the_operator_finds_the_recording_at_the_server(bench: Bench, delete: bool) -> None:
    recording = bench.record()
    bench.target.trouble["finish"] = DeliveryError("no answer", unanswered=True)
    service = bench.service(delete_after_upload=delete)
    service.tick()
    with closing(Bell(bench.database.scope, ServiceName.INGEST)) as bell:
        operator.resolve(bench.database, bench.clock, "e1", delivered=True)
        assert select.select([bell], [], [], 0)[0]
    service.tick()
    assert recording.directory.exists() is not delete
    assert (bench.state(), bench.upload().step) == (S.FINISHED_UPLOADING, UploadStep.DONE)
    assert bench.target.calls == BOTH
    bench.service(delete_after_upload=True).tick()
    assert recording.directory.exists() is not delete


@pytest.mark.parametrize("step", [UploadStep.BEGIN, UploadStep.TRACKS])
def test_what_a_crash_left_behind_goes_on(bench: Bench, step: UploadStep) -> None:
    bench.record()
    done = 1 if step is UploadStep.TRACKS else 0
    with bench.database.write() as session:
        uploads.save(session, Upload("e1", "fake", step=step, package=f"<{done}/>", tracks_done=done))
        recordings.set_state(session, "e1", S.UPLOADING, 0.0)
    bench.service().tick()
    assert bench.target.calls == (BOTH[2:] if done else BOTH)
    assert bench.state() is S.FINISHED_UPLOADING


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_crash_in_the_final_call(bench: Bench, repeatable: bool) -> None:
    bench.record()
    bench.target.repeatable = repeatable
    with bench.database.write() as session:
        stored = Upload("e1", "fake", step=UploadStep.FINISH, package="<2/>", tracks_done=2)
        uploads.save(session, stored)
        recordings.set_state(session, "e1", S.UPLOADING, 0.0)
    bench.service().tick()
    assert bench.target.calls == (["finish <2/>"] if repeatable else [])
    assert bench.state() is (S.FINISHED_UPLOADING if repeatable else S.FAILED_UPLOADING)
    if not repeatable:
        assert bench.upload().step is UploadStep.AMBIGUOUS


def test_a_recording_that_kills_the_service_lets_the_others_go_first(bench: Bench) -> None:
    bench.record("e1", start=1000.0)
    bench.record("e2", start=2000.0)
    with bench.database.write() as session:
        uploads.save(session, Upload("e1", "fake", attempts=3))
        recordings.set_state(session, "e1", S.UPLOADING, 0.0)
    bench.service().tick()
    assert bench.state("e2") is S.FINISHED_UPLOADING
    assert bench.upload("e1").next_attempt > bench.clock.now()


def test_an_unexpected_fault_postpones_the_recording_before_it_is_told(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["track e1-1.mkv"] = ZeroDivisionError("oops")
    with pytest.raises(ZeroDivisionError):
        bench.service().tick()
    assert (bench.state(), bench.upload().tracks_done) == (S.FAILED_UPLOADING, 1)
    assert "oops" in bench.upload().error
    bench.clock.move(10)
    bench.target.trouble["finish"] = ZeroDivisionError("oops")
    with pytest.raises(ZeroDivisionError):
        bench.service().tick()
    assert bench.upload().step is UploadStep.AMBIGUOUS


def test_a_stop_ends_a_delivery_between_two_elements(bench: Bench) -> None:
    bench.record()
    service = bench.service()
    add_track = bench.target.add_track

    def add_and_stop(*arguments: object) -> Upload:
        upload = add_track(*arguments)  # type: ignore[arg-type]
        bench.pulse.stop()
        return upload

    bench.target.add_track = add_and_stop  # type: ignore[method-assign, assignment]
    service.tick()
    assert (bench.state(), bench.upload().tracks_done) == (S.FINISHED_RECORDING, 1)
    assert bench.upload().attempts == 0


@pytest.mark.parametrize("state", [S.FINISHED_RECORDING, S.PARTIAL_RECORDING])
def test_an_interrupted_delivery_leaves_the_recording_as_it_was(bench: Bench, state: EventState) -> None:
    bench.record(state=state, error="the event was taken from the schedule")
    bench.target.trouble["track e1-1.mkv"] = Interrupted()
    bench.service().tick()
    assert bench.state() is state


@pytest.mark.parametrize(
    ("error", "state"), [("", S.FINISHED_RECORDING), ("camera: killed", S.PARTIAL_RECORDING)]
)
def test_a_part_stays_a_part_after_a_crash(bench: Bench, error: str, state: EventState) -> None:
    bench.record(state=state, error=error)
    with bench.database.write() as session:
        uploads.save(session, Upload("e1", "fake", attempts=1))
        recordings.set_state(session, "e1", S.UPLOADING, 0.0)
    bench.service().tick()
    assert bench.state() is state


def test_a_part_stays_a_part_after_a_failed_try(bench: Bench) -> None:
    bench.record(state=S.PARTIAL_RECORDING, error="camera: killed")
    bench.target.trouble["track e1-0.mkv"] = DeliveryError("503")
    bench.target.trouble["track e1-1.mkv"] = Interrupted()
    service = bench.service()
    service.tick()
    bench.clock.move(10)
    service.tick()
    assert bench.state() is S.PARTIAL_RECORDING


def test_a_paused_delivery_stops_and_goes_on_when_asked(bench: Bench) -> None:
    bench.record()
    add_track = bench.target.add_track

    def add_and_pause(*arguments: object) -> Upload:
        operator.pause(bench.database, bench.clock, "e1")
        bench.target.add_track = add_track  # type: ignore[method-assign]
        return add_track(*arguments)  # type: ignore[arg-type]

    bench.target.add_track = add_and_pause  # type: ignore[method-assign, assignment]
    service = bench.service()
    service.tick()
    assert (bench.state(), bench.upload().tracks_done) == (S.PAUSED_AFTER_RECORDING, 1)
    bench.clock.move(1000)
    service.tick()
    assert bench.state() is S.PAUSED_AFTER_RECORDING
    operator.retry(bench.database, bench.clock, "e1")
    service.tick()
    assert bench.target.calls == BOTH
    assert bench.state() is S.FINISHED_UPLOADING


def test_an_unclear_end_can_be_decided_while_it_is_paused(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = DeliveryError("no answer", unanswered=True)
    bench.service().tick()
    assert bench.upload().step is UploadStep.AMBIGUOUS
    operator.pause(bench.database, bench.clock, "e1")
    operator.resolve(bench.database, bench.clock, "e1", delivered=True)
    assert bench.state() is S.FINISHED_UPLOADING


def test_what_cannot_be_paused_or_retried_says_so(bench: Bench) -> None:
    bench.record()
    bench.service().tick()
    for action in (operator.pause, operator.retry):
        with pytest.raises(UsageError, match="finished uploading"):
            action(bench.database, bench.clock, "e1")
        with pytest.raises(UsageError, match="no recording"):
            action(bench.database, bench.clock, "nobody")


def test_retry_anew_forgets_the_first_delivery(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = DeliveryError("400", permanent=True)
    bench.service().tick()
    operator.retry(bench.database, bench.clock, "e1", anew=True)
    bench.target.calls.clear()
    bench.target.trouble["abandon"] = DeliveryError("no such package")
    bench.service().tick()
    assert bench.target.calls == ["abandon", *BOTH]


def test_the_first_attempt_waits_for_a_random_while(bench: Bench) -> None:
    bench.record()
    service = bench.service(delay_min=100, delay_max=200)
    due = service.tick()
    assert 100 <= bench.upload().next_attempt - bench.clock.now() <= 200
    assert (bench.state(), bench.target.calls) == (S.FINISHED_RECORDING, [])
    assert due == bench.clock.now() + 30
    stored = bench.upload().next_attempt
    bench.service(delay_min=100, delay_max=200).tick()
    assert bench.upload().next_attempt == stored
    bench.clock.move(201)
    service.tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_nothing_is_deleted_before_the_other_side_has_it(bench: Bench) -> None:
    recording = bench.record()
    bench.target.trouble["finish"] = DeliveryError("503")
    service = bench.service(delete_after_upload=True)
    service.tick()
    assert all(track.path.exists() for track in recording.tracks)
    bench.clock.move(10)
    service.tick()
    assert not recording.directory.exists()
    assert bench.home.exists()


def test_what_describes_the_tracks_goes_with_them(bench: Bench) -> None:
    recording = bench.record()
    for name in ("camera-1.log", "screen-1.log", "event.json"):
        (recording.directory / name).write_text("x")
    bench.service(delete_after_upload=True).tick()
    assert not recording.directory.exists()


def test_media_that_was_not_delivered_is_never_deleted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    recording = bench.record()
    for name in ("camera-1.log", "e1-7.mkv", "e1-0-kept.mkv"):
        (recording.directory / name).write_bytes(b"unreadable")
    bench.service(delete_after_upload=True).tick()
    assert bench.state() is S.FINISHED_UPLOADING
    assert sorted(path.name for path in recording.directory.iterdir()) == ["e1-0-kept.mkv", "e1-7.mkv"]
    [line] = [record.getMessage() for record in caplog.records if "keeps" in record.getMessage()]
    assert line == f"{recording.directory} keeps what was not delivered: e1-0-kept.mkv, e1-7.mkv"


def test_files_stay_unless_deletion_is_asked_for(bench: Bench) -> None:
    recording = bench.record()
    bench.service().tick()
    assert all(track.path.exists() for track in recording.tracks)


def test_a_recording_in_the_common_folder_costs_only_its_own_files(bench: Bench, tmp_path: Path) -> None:
    recording = bench.record()
    other = recording.directory / "other.mkv"
    other.write_bytes(b"x")
    settings = replace(bench.settings, capture=replace(bench.settings.capture, directory=recording.directory))
    bench.settings = settings
    bench.service(delete_after_upload=True).tick()
    assert [path.name for path in recording.directory.iterdir()] == ["other.mkv"]


@pytest.mark.parametrize("contents", [(), (b"",), (b"", b"")])
def test_a_recording_without_content_is_a_permanent_error(bench: Bench, contents: tuple[bytes, ...]) -> None:
    bench.record(contents=contents)
    bench.service().tick()
    assert bench.target.calls == []
    assert bench.upload().permanent
    assert "no track with content" in bench.upload().error


def test_a_missing_file_is_named(bench: Bench) -> None:
    recording = bench.record()
    path = recording.tracks[1].path
    path.unlink()
    bench.service().tick()
    assert bench.target.calls == []
    assert bench.upload().permanent
    assert re.search(f"{path} is missing.*retry", bench.upload().error)


def test_an_empty_file_beside_a_good_one_is_left_out(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.record(contents=(b"", b"bb"))
    bench.service().tick()
    assert bench.target.calls == ["begin", "track e1-1.mkv", "finish <1/>"]
    assert "e1-0.mkv is empty" in caplog.text


def test_backup_mode_delivers_nothing(bench: Bench) -> None:
    bench.record()
    bench.settings = replace(bench.settings, agent=replace(bench.settings.agent, backup_mode=True))
    service = bench.service()
    assert service.tick() == bench.clock.now() + 30
    assert (bench.state(), bench.target.calls) == (S.FINISHED_RECORDING, [])
    assert "backup mode" in service.status()


def test_the_workflow_comes_from_the_freshest_schedule(bench: Bench) -> None:
    recording = bench.record(workflow="old", workflow_parameters={"a.b": "1"})
    with bench.database.write() as session:
        fresh = recording.event.changed(workflow="new", workflow_parameters={"a.b": "2"}, title="moved")
        events.refresh(session, fresh.origin, {"e1": fresh})
    bench.service().tick()
    [event] = bench.target.events
    assert (event.workflow, event.workflow_parameters, event.title) == (
        "new",
        {"a.b": "2"},
        recording.event.title,
    )


def test_another_target_begins_anew(bench: Bench) -> None:
    bench.record()
    with bench.database.write() as session:
        uploads.save(session, Upload("e1", "elsewhere", step=UploadStep.TRACKS, tracks_done=1))
    bench.service().tick()
    assert bench.target.calls == BOTH
    assert bench.upload().target == "fake"


def test_progress_is_stored_once_a_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.record(contents=(b"x" * 1000,))
    noted: list[tuple[int, float]] = []
    store = uploads.progress

    def note(session: object, uid: str, sent: int, rate: float, grown: int) -> bool:
        noted.append((sent, round(rate)))
        return store(session, uid, sent, rate, grown)  # type: ignore[arg-type]

    monkeypatch.setattr(uploads, "progress", note)
    add_track = bench.target.add_track

    def slowly(recording: object, track: object, upload: Upload, progress: object) -> Upload:
        for sent in range(0, 1000, 50):
            bench.clock.move(0.25)
            progress(sent)  # type: ignore[operator]
        return add_track(recording, track, upload, progress)  # type: ignore[arg-type]

    bench.target.add_track = slowly  # type: ignore[method-assign, assignment]
    bench.service().tick()
    assert [sent for sent, _ in noted] == [150, 350, 550, 750, 950]
    assert noted[-1][1] == pytest.approx(200, abs=30)


def test_a_long_transfer_notices_within_a_second_that_it_was_paused(bench: Bench) -> None:
    bench.record()

    def pause_it(recording: object, track: object, upload: Upload, progress: object) -> Upload:
        operator.pause(bench.database, bench.clock, "e1")
        bench.clock.move(1)
        progress(1)  # type: ignore[operator]
        raise AssertionError

    bench.target.add_track = pause_it  # type: ignore[method-assign, assignment]
    bench.service().tick()
    assert (bench.state(), bench.upload().error) == (S.PAUSED_AFTER_RECORDING, "")


def test_a_final_call_under_way_cannot_be_paused(bench: Bench) -> None:
    bench.record()
    finish = bench.target.finish

    def pause_it(recording: object, upload: Upload) -> Upload:
        with pytest.raises(UsageError, match="too late"):
            operator.pause(bench.database, bench.clock, "e1")
        return finish(recording, upload)  # type: ignore[arg-type]

    bench.target.finish = pause_it  # type: ignore[method-assign, assignment]
    bench.service().tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_a_locked_database_does_not_end_a_transfer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.record()

    def locked(*_arguments: object) -> bool:
        raise StoreError("database is locked")

    monkeypatch.setattr(uploads, "progress", locked)
    add_track = bench.target.add_track

    def slowly(*arguments: object) -> Upload:
        bench.clock.move(2)
        return add_track(*arguments)  # type: ignore[arg-type]

    bench.target.add_track = slowly  # type: ignore[method-assign, assignment]
    bench.service().tick()
    assert bench.state() is S.FINISHED_UPLOADING


def test_checksums_are_computed_once_where_the_target_needs_them(bench: Bench) -> None:
    bench.record()
    bench.target.needs_checksums = True
    bench.target.trouble["finish"] = DeliveryError("503")
    service = bench.service()
    service.tick()
    with bench.database.read() as session:
        found = recordings.get(session, "e1")
    assert found
    assert found.tracks[0].checksum == "61be55a8e2f6b4e172338bddf184d6dbee29c98853e0a0485ecee7f27b9af0b4"


def test_close_releases_the_target(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.service().close()
    assert bench.target.calls == ["close"]
