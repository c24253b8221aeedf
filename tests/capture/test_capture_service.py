"""The capture service with real child processes: scripts that stand in for FFmpeg, and FFmpeg itself."""

import json
import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.config.settings import Input
from pyca.core.event import Event, Origin
from pyca.core.naming import recording_name
from pyca.core.states import EventState, Outcome, ServiceState
from pyca.runtime.ladder import StopLadder
from pyca.store import events, outbox, recordings
from tests.capture_rig import FFMPEG, Rig
from tests.tools import wait_for


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def test_an_event_is_recorded_and_stopped_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.capture.finisher.find_tools", _no_tools)
    rig = Rig(tmp_path)
    event = rig.add(origin=Origin.OPENCAST)
    recording = rig.finish()
    assert recording.state is EventState.FINISHED_RECORDING
    [track] = recording.tracks
    assert track.path.read_bytes().endswith(b"end")
    assert track.flavor == "presenter/source"
    [part] = rig.parts()
    assert part.outcome is Outcome.STOPPED
    assert part.started >= event.start
    described = json.loads((recording.directory / "event.json").read_text())
    assert described["uid"] == "e1"
    with rig.database.read() as session:
        assert [m.state for m in outbox.pending(session)] == ["capturing", "capture_finished"]
    rig.close()


def _no_tools(environ: object) -> None:
    from pyca.core.errors import MediaError

    raise MediaError("no FFmpeg on this machine")


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.capture.finisher.find_tools", _no_tools)


@pytest.mark.usefixtures("unseen")
class TestWithScripts:
    def test_an_extension_is_followed(self, rig: Rig) -> None:
        event = rig.add(length=0.8)
        rig.drive(rig.is_in(EventState.RECORDING))
        rig.change(replace(event, end=event.end + 1.0))
        recording = rig.finish()
        assert recording.ended and recording.ended >= event.end + 1.0
        assert recording.event.end == event.end + 1.0
        assert len(rig.parts()) == 1

    def test_a_shorter_event_stops_then(self, rig: Rig) -> None:
        event = rig.add(length=60)
        rig.drive(rig.is_in(EventState.RECORDING))
        rig.change(replace(event, end=rig.clock.now() + 0.5))
        assert rig.finish().state is EventState.FINISHED_RECORDING

    def test_an_operator_stops_and_extends(self, rig: Rig) -> None:
        rig.add(length=60)
        rig.drive(rig.is_writing)
        with rig.database.write() as session:
            recordings.set_end(session, "e1", rig.clock.now() - 1)
        assert rig.finish().state is EventState.FINISHED_RECORDING

    def test_a_cancelled_event_is_finished_as_planned_and_flagged(self, rig: Rig) -> None:
        rig.add(length=1.0, origin=Origin.OPENCAST)
        rig.drive(rig.is_writing)
        with rig.database.write() as session:
            events.cancel(session, "e1")
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING
        assert "taken from the schedule" in recording.error

    def test_a_killed_command_is_followed_by_the_next_part(self, rig: Rig) -> None:
        rig.add(length=3.0)
        rig.drive(rig.is_writing)
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        recording = rig.finish()
        assert recording.state is EventState.PARTIAL_RECORDING
        first, second = rig.parts()
        assert (first.outcome, second.outcome) == (Outcome.KILLED, Outcome.STOPPED)
        assert [track.part for track in recording.tracks] == [1, 2]
        assert "killed" in recording.error

    def test_a_frozen_command_is_replaced(self, rig: Rig) -> None:
        rig.add(length=60)
        rig.drive(rig.is_writing)
        begun = rig.clock.now()
        rig.drive(lambda: rig.clock.now() > begun + 4.5)
        os.kill(rig.parts()[0].pid, signal.SIGSTOP)
        rig.drive(lambda: len(rig.parts()) == 2, seconds=30)
        with rig.database.write() as session:
            recordings.set_end(session, "e1", rig.clock.now() - 1)
        recording = rig.finish()
        assert "stopped writing" in recording.error
        assert rig.parts()[0].outcome is Outcome.KILLED

    def test_a_command_that_ends_early_is_restarted_with_pauses(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, command="sh -c 'echo out of order >&2; echo x > \"$0\"' {{dir}}/{{name}}.ts")
        rig.add(length=2.2)
        recording = rig.finish()
        assert recording.state is EventState.PARTIAL_RECORDING
        assert 2 <= len(rig.parts()) <= 4
        assert (recording.directory / "default-1.log").read_text() == "out of order\n"
        rig.close()

    @pytest.mark.parametrize(
        ("command", "reason"),
        [
            ("/nowhere/recorder {{dir}}", "not found"),
            ("/etc/passwd {{dir}}", "may not be executed"),
            ("sh -c 'exit 3'", "nothing usable"),
        ],
    )
    def test_a_command_that_cannot_work_fails_loudly(
        self, tmp_path: Path, command: str, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig = Rig(tmp_path, command=command)
        rig.add(length=1.2)
        recording = rig.finish()
        assert recording.state is EventState.FAILED_RECORDING
        assert reason in recording.error
        assert any(record.levelno == logging.ERROR for record in caplog.records)
        rig.close()

    def test_a_full_disk_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pyca.capture.lane.free_bytes", lambda folder: 1000)
        rig = Rig(tmp_path, command="false")
        rig.add(length=1.2)
        recording = rig.finish()
        assert "the disk is full, 1.0 kB are free" in recording.error
        assert recording.error.count("the disk is full") == 1
        rig.close()

    def test_an_earlier_part_is_never_overwritten(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path)
        rig.service.close()
        capture = replace(
            rig.settings.capture, command=rig.script + " {{dir}}/out.ts 60", files=("{{dir}}/out.ts",)
        )
        rig.settings = replace(rig.settings, capture=capture)
        rig.service = rig.make()
        rig.add(length=2.5)
        rig.drive(rig.is_writing)
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        recording = rig.finish()
        assert [track.path.name for track in recording.tracks] == ["out-kept1.ts", "out.ts"]
        assert rig.parts()[0].files[0].endswith("out-kept1.ts")
        rig.close()

    def test_back_to_back_events_each_have_their_own(self, rig: Rig) -> None:
        first = rig.add("a", length=0.8)
        second = Event("b", "B", first.end, first.end + 0.8)
        with rig.database.write() as session:
            events.add(session, second)
        assert rig.finish("a").state is EventState.FINISHED_RECORDING
        assert rig.finish("b").state is EventState.FINISHED_RECORDING

    def test_what_cannot_be_recorded_is_said_and_begins_late(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig = Rig(tmp_path, max_parallel=1)
        rig.add("a", length=1.0)
        rig.add("b", delay=0.3, length=2.5)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING, uid="b"))
        refused = rig.recording("b")
        assert refused and "Title a" in refused.error
        assert "max_parallel" in caplog.text
        assert rig.finish("a").state is EventState.FINISHED_RECORDING
        rig.drive(lambda: rig.parts("b"))
        assert rig.finish("b").tracks
        rig.close()

    def test_a_missed_event_gets_its_final_word(self, rig: Rig) -> None:
        rig.pretend_age(60)
        rig.add(delay=-10, length=5)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        missed = rig.recording()
        assert missed and "missed" in missed.error

    def test_a_missed_event_is_told_once_however_long_the_database_takes(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig.pretend_age(60)
        rig.add(delay=-10, length=5)
        with rig.database.write():
            for _ in range(3):
                rig.service._agenda._next_look = 0
                rig.service.tick()
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        rig.close()
        assert caplog.text.count("alarm (not recorded)") == 1

    def test_what_the_database_never_heard_of_is_found_in_its_folder(self, rig: Rig) -> None:
        event = rig.add(delay=-10, length=5, origin=Origin.OPENCAST)
        folder = rig.settings.capture.directory / recording_name(event.uid, event.start)
        folder.mkdir(parents=True)
        for name in ("", "-kept1", "-part2"):
            (folder / f"{folder.name}{name}.ts").write_bytes(b"data")
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING
        assert {track.path.name.removeprefix(folder.name) for track in recording.tracks} == {
            ".ts",
            "-kept1.ts",
            "-part2.ts",
        }

    def test_inputs_that_are_renamed_meanwhile_are_delivered(self, rig: Rig) -> None:
        rig.add(length=1.2)
        rig.drive(rig.is_writing)
        rig.service.close()
        started = rig.parts()[0].started
        wait_for(lambda: rig.clock.now() > started + 1.5, "the event's end")
        one = rig.settings.named_inputs["default"]
        rig.settings = replace(rig.settings, inputs={"camera": one})
        rig.service = rig.make()
        recording = rig.finish()
        assert [track.input for track in recording.tracks] == ["default"]

    def test_a_damaged_row_does_not_hide_the_others(self, rig: Rig) -> None:
        rig.add("bad", delay=60)
        with rig.database.write() as session:
            session.execute(text("UPDATE upcoming_event SET origin = 'nonsense'"))
        rig.add("good")
        assert rig.finish("good").tracks

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it is left running
    def test_a_command_that_nothing_ends_does_not_hold_its_event(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyca.capture.part.DEAF", 0.2)
        rig.add(length=60)
        rig.drive(rig.is_writing)
        pid = rig.parts()[0].pid
        monkeypatch.setattr("pyca.runtime.child.os.killpg", lambda group, number: None)
        lane = next(iter(rig.service._recorders.values())).lanes[0]
        assert lane.part
        lane.part.ladder = StopLadder(rig.clock.now(), ((0.0, int(signal.SIGKILL)),))
        rig.drive(lambda: rig.parts()[0].outcome)
        assert rig.parts()[0].outcome is Outcome.KILLED
        with rig.database.write() as session:
            recordings.set_end(session, "e1", rig.clock.now() - 1)
        monkeypatch.undo()
        rig.finish()
        os.kill(pid, signal.SIGKILL)

    def test_a_cancelled_event_stops_where_that_is_wanted(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, stop_cancelled=True)
        rig.add(length=60, origin=Origin.OPENCAST)
        rig.drive(rig.is_in(EventState.RECORDING))
        with rig.database.write() as session:
            events.cancel(session, "e1")
        assert "taken from the schedule" in rig.finish().error
        rig.close()

    def test_a_running_event_is_joined_late(self, rig: Rig) -> None:
        rig.add(delay=-5, length=6)
        recording = rig.finish()
        assert recording.tracks

    def test_inputs_are_chosen_by_the_event(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path)
        rig.service.close()
        one = Input(command=rig.script + " {{dir}}/{{name}}.ts 60", files=("{{dir}}/{{name}}.ts",))
        inputs = {"camera": one, "Präsentation": replace(one, flavors=("presentation/source",)), "x": one}
        rig.settings = replace(rig.settings, inputs=inputs)
        rig.service = rig.make()
        rig.add(inputs=("camera", "Präsentation"))
        recording = rig.finish()
        assert {(t.input, t.flavor) for t in recording.tracks} == {
            ("camera", "presenter/source"),
            ("Präsentation", "presentation/source"),
        }
        rig.close()

    def test_unknown_inputs_are_no_reason_not_to_record(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig.add(inputs=("nonsense",))
        assert rig.finish().tracks
        assert "nonsense" in caplog.text

    def test_a_stopped_service_goes_on_after_its_next_start(self, rig: Rig) -> None:
        rig.add(length=3.0)
        rig.drive(rig.is_writing)
        rig.service.close()
        assert rig.states()["e1"] is EventState.RECORDING
        rig.service = rig.make()
        recording = rig.finish()
        assert recording.state is EventState.PARTIAL_RECORDING
        assert [part.outcome for part in rig.parts()] == [Outcome.STOPPED, Outcome.STOPPED]
        assert len(recording.tracks) == 2

    def test_a_running_command_is_adopted(self, rig: Rig) -> None:
        rig.add(length=2.5)
        rig.drive(rig.is_writing)
        rig.abandon()
        recording = rig.finish()
        [part] = rig.parts()
        assert part.outcome is Outcome.STOPPED
        assert recording.state is EventState.FINISHED_RECORDING

    def test_what_could_not_begin_begins_after_the_next_start(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, command="no-such-program {{dir}}")
        rig.add(length=5.0)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        rig.service.close()
        mended = replace(rig.settings.capture, command=rig.script + " {{dir}}/{{name}}.ts 60")
        rig.settings = replace(rig.settings, capture=mended)
        rig.service = rig.make()
        assert rig.finish().tracks
        rig.close()

    def test_files_of_a_run_that_nobody_noted_are_kept(self, rig: Rig) -> None:
        event = rig.add()
        folder = rig.settings.capture.directory / recording_name(event.uid, event.start)
        folder.mkdir(parents=True)
        (folder / f"{folder.name}.ts").write_bytes(b"before the power cut")
        assert rig.finish().tracks
        assert (folder / f"{folder.name}-kept1.ts").read_bytes() == b"before the power cut"

    def test_a_recording_that_is_over_is_finished_after_a_crash(self, rig: Rig) -> None:
        rig.add(length=1.0)
        rig.drive(rig.is_writing)
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        event = rig.parts()[0]
        wait_for(lambda: rig.clock.now() > event.started + 1.2, "the event's end")
        rig.abandon()
        recording = rig.finish()
        assert recording.tracks
        assert rig.parts()[0].outcome is Outcome.KILLED

    def test_a_folder_that_cannot_be_made_is_tried_again(self, tmp_path: Path) -> None:
        (tmp_path / "blocked").write_text("a file where a folder belongs")
        rig = Rig(tmp_path, directory=tmp_path / "blocked" / "recordings")
        rig.add(length=4.0)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        (tmp_path / "blocked").unlink()
        recording = rig.finish()
        assert recording.tracks
        rig.close()

    def test_ids_with_slashes_and_dots_stay_inside(self, rig: Rig) -> None:
        rig.add("../../etc/x")
        recording = rig.finish("../../etc/x")
        assert recording.directory.parent == rig.settings.capture.directory

    def test_a_command_that_writes_elsewhere_is_a_failure(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, files=("{{dir}}/other.ts",))
        rig.add()
        recording = rig.finish()
        assert recording.state is EventState.FAILED_RECORDING
        assert "other.ts" in recording.error
        rig.close()

    def test_a_locked_database_does_not_stop_recording(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import sqlite3

        monkeypatch.setattr("pyca.store.database.BUSY_SECONDS", 0.1)
        rig = Rig(tmp_path)
        event = rig.add(delay=1.0, length=1.0)
        rig.service.tick()
        blocker = sqlite3.connect(tmp_path / "pyca.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        rig.drive(lambda: rig.clock.now() > event.end + 0.5)
        assert rig.states() == {}
        wait_for(lambda: not rig.service._finisher.busy, "the files")
        assert rig.service.busy(), "a new configuration must wait until all is written"
        blocker.execute("ROLLBACK")
        blocker.close()
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING
        assert rig.parts()[0].started < event.end
        rig.close()


@pytest.mark.system
class TestWithFFmpeg:
    def test_a_recording_is_probed_and_remuxed(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, command=FFMPEG, files=("{{dir}}/{{name}}.mkv",), container="mp4")
        rig.add(length=3.0)
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING, recording.error
        [track] = recording.tracks
        assert track.path.suffix == ".mp4"
        rig.drive(lambda: not list(recording.directory.glob("*.mkv")))
        assert track.duration == pytest.approx(3.0 + rig.clock.left_out, abs=1.0)
        assert len(track.streams) == 2
        rig.close()

    def test_parts_of_a_killed_ffmpeg_are_joined(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, command=FFMPEG, files=("{{dir}}/{{name}}.mkv",))
        rig.add(length=7.0)
        rig.drive(rig.is_writing)
        rig.drive(lambda: rig.clock.now() > rig.parts()[0].started + 3.0)
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        recording = rig.finish()
        assert recording.state is EventState.PARTIAL_RECORDING
        [track] = recording.tracks
        assert track.duration == pytest.approx(7.0 + rig.clock.left_out, abs=1.5)
        rig.close()

    def test_a_command_with_its_own_length(self, tmp_path: Path) -> None:
        command = FFMPEG.replace("-cluster", "-t {{time}} -cluster")
        rig = Rig(tmp_path, command=command, files=("{{dir}}/{{name}}.mkv",))
        rig.add(length=3.0)
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING, recording.error
        [part] = rig.parts()
        assert part.outcome is Outcome.FINISHED
        rig.close()


def test_nothing_is_watched_after_a_recording(rig: Rig) -> None:
    rig.add()
    rig.finish()
    assert not rig.service._context.syncer._paths


def test_the_status_says_what_happens(rig: Rig) -> None:
    assert rig.service.status() == "nothing scheduled"
    rig.add(delay=30)
    rig.service.tick()
    assert "Title e1" in rig.service.status()
    assert not rig.service.busy()
    assert ServiceState.IDLE == "idle"
