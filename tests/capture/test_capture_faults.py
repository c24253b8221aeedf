"""What goes wrong around a recording: clocks that are set, disks that fill, events that move away."""

import errno
import os
import signal
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.config.settings import Hooks
from pyca.core.alarm import AlarmKind
from pyca.core.errors import MediaError
from pyca.core.event import Origin
from pyca.core.states import EventState, Outcome
from pyca.store import events, recordings
from tests.capture_rig import FFMPEG, Rig
from tests.tools import wait_for


@pytest.fixture(autouse=True)
def unseen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """These recordings are no media, save where FFmpeg's own command is used."""

    def refuse(environ: object) -> None:
        raise MediaError("no FFmpeg on this machine")

    if request.function is not test_copies_are_made_where_there_is_room:
        monkeypatch.setattr("pyca.capture.finisher.find_tools", refuse)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


Room = dict[str, int]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Free bytes by a word in the folder's path; whatever is not named has plenty."""
    free: Room = {}

    def look(folder: Path) -> int:
        return next((size for word, size in free.items() if word in str(folder)), 10**12)

    for module in ("place", "lane", "finish", "diskwatch"):
        monkeypatch.setattr(f"pyca.capture.{module}.free_bytes", look)
    return free


class TestClock:
    @pytest.mark.parametrize("seconds", [30, -30])
    def test_a_recording_keeps_its_length(self, rig: Rig, seconds: int) -> None:
        rig.add(length=2.0)
        rig.drive(rig.is_writing)
        begun = rig.clock.monotonic()
        rig.clock.set_by(seconds)
        recording = rig.finish()
        assert recording.state is EventState.FINISHED_RECORDING
        assert 1.0 < rig.clock.monotonic() - begun < 10.0
        assert recording.started and recording.ended
        assert recording.ended - recording.started == pytest.approx(2.0, abs=0.8)
        assert len(rig.parts()) == 1

    def test_the_next_start_follows_the_new_time(self, rig: Rig) -> None:
        event = rig.add(delay=60)
        rig.drive(lambda: rig.service._agenda.following() is not None)
        rig.clock.set_by(60.2)
        assert rig.finish().state is EventState.FINISHED_RECORDING
        assert rig.parts()[0].started == pytest.approx(event.start, abs=1.5)

    def test_a_schedule_that_changes_afterwards_is_still_followed(self, rig: Rig) -> None:
        event = rig.add(length=2.0)
        rig.drive(rig.is_writing)
        rig.clock.set_by(-30)
        rig.change(replace(event, end=event.end + 1.0))
        recording = rig.finish()
        assert recording.started and recording.ended
        assert recording.ended - recording.started == pytest.approx(3.0, abs=0.8)

    def test_what_a_clock_that_was_ahead_has_written_off_is_recorded(self, rig: Rig) -> None:
        rig.pretend_age(60)
        event = rig.add(delay=3.0)
        rig.drive(lambda: rig.service._agenda.following() is not None)
        rig.clock.set_by(86_400)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        rig.clock.set_by(-86_400)
        rig.drive(rig.is_writing)
        assert rig.finish().tracks
        assert rig.parts()[0].started >= event.start

    def test_an_event_of_long_ago_takes_nobodys_place(self, tmp_path: Path) -> None:
        """A box without a battery was switched off in a lecture, and got its time after it was on again."""
        rig = Rig(tmp_path, max_parallel=1)
        rig.add("old", length=600)
        rig.drive(lambda: rig.parts("old"))
        rig.abandon()
        rig.drive(lambda: rig.service.busy())
        rig.clock.set_by(3 * 86_400)
        rig.add("today", length=1.0)
        old = rig.finish("old")
        assert "long ago" in old.error
        assert rig.finish("today").tracks
        rig.close()


class TestFallback:
    @pytest.fixture
    def rig(self, tmp_path: Path, room: Room) -> Iterator[Rig]:
        made = Rig(tmp_path, fallback_directory=tmp_path / "second", minimum_free=5_000_000)
        yield made
        made.close()

    def test_a_full_disk_sends_the_recording_elsewhere(self, rig: Rig, room: Room) -> None:
        room["rec ordings"] = 1000
        rig.add()
        recording = rig.finish()
        [track] = recording.tracks
        assert track.path.is_relative_to(rig.folder / "second")
        assert track.path.read_bytes().endswith(b"end")
        assert any("second" in one.text and one.kind is AlarmKind.DISK for one in rig.alarms())

    def test_a_disk_that_fills_up_is_left(self, rig: Rig, room: Room) -> None:
        rig.add(length=3.0)
        rig.drive(rig.is_writing)
        room["rec ordings"] = 1000
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        recording = rig.finish()
        first, second = recording.tracks
        assert first.path.is_relative_to(rig.settings.capture.directory)
        assert second.path.is_relative_to(rig.folder / "second")
        assert "the disk is full" in recording.error
        rig.drive(lambda: all(one.ended for one in rig.alarms() if one.subject))

    def test_a_fallback_that_is_as_full_is_of_no_use(self, rig: Rig, room: Room) -> None:
        room |= {"rec ordings": 2_000_000, "second": 2_000_000}
        rig.add()
        [track] = rig.finish().tracks
        assert track.path.is_relative_to(rig.settings.capture.directory)

    def test_a_folder_that_cannot_be_made(self, rig: Rig) -> None:
        rig.settings.capture.directory.write_text("no folder")
        rig.add()
        [track] = rig.finish().tracks
        assert track.path.is_relative_to(rig.folder / "second")

    def test_what_a_crash_left_in_the_fallback_is_found(self, rig: Rig, room: Room) -> None:
        event = rig.add(length=2.5)
        rig.drive(rig.is_writing)
        room["rec ordings"] = 1000
        os.kill(rig.parts()[0].pid, signal.SIGKILL)
        rig.drive(lambda: len(rig.parts()) == 2 and rig.is_writing())
        with rig.database.write() as session:
            second = rig.parts()[1]
            session.execute(recordings.delete(recordings.PartRow).where(recordings.PartRow.id == second.id))
        rig.abandon()
        wait_for(lambda: rig.clock.now() > event.end, "the end of the event")
        paths = {track.path.parent.parent.name for track in rig.finish().tracks}
        assert paths == {rig.settings.capture.directory.name, "second"}


def test_copies_are_made_where_there_is_room(tmp_path: Path, room: Room) -> None:
    room["rec ordings"] = 6_000_000
    rig = Rig(
        tmp_path,
        command=FFMPEG,
        files=("{{dir}}/{{name}}.mkv",),
        container="mp4",
        fallback_directory=tmp_path / "second",
    )
    rig.add(length=2.0)
    rig.drive(rig.is_writing)
    room["rec ordings"] = 1000
    [track] = rig.finish().tracks
    assert track.path.suffix == ".mp4"
    assert track.path.is_relative_to(tmp_path / "second")
    rig.close()


class TestBrokenDisks:
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        made = Rig(tmp_path, fallback_directory=tmp_path / "second")
        yield made
        made.close()

    def test_one_that_answers_with_errors_is_left(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        stat_of, open_of = Path.stat, Path.open

        def refuse(path: Path) -> None:
            if path.is_relative_to(rig.settings.capture.directory):
                raise OSError(errno.EIO, "Input/output error", str(path))

        def stat(path: Path, **more: bool) -> os.stat_result:
            refuse(path)
            return stat_of(path, **more)

        def opened(path: Path, *arguments: object, **more: object) -> object:
            refuse(path)
            return open_of(path, *arguments, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "stat", stat)
        monkeypatch.setattr(Path, "open", opened)
        rig.add(length=2.5)
        [track] = rig.finish().tracks
        assert track.path.is_relative_to(rig.folder / "second")

    def test_one_that_takes_no_files_is_left(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        access = os.access

        def read_only(path: Path, mode: int) -> bool:
            return "rec ordings" not in str(path) and access(path, mode)

        monkeypatch.setattr("pyca.capture.place.os.access", read_only)
        rig.add()
        [track] = rig.finish().tracks
        assert track.path.is_relative_to(rig.folder / "second")

    def test_one_that_refuses_only_at_the_start(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        open_of = Path.open

        def opened(path: Path, *arguments: object, **more: object) -> object:
            if path.suffix == ".log" and "rec ordings" in str(path):
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            return open_of(path, *arguments, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", opened)
        rig.add(length=2.5)
        [track] = rig.finish().tracks
        assert track.path.is_relative_to(rig.folder / "second")


class TestMovedAway:
    def test_what_was_recorded_stays_and_the_event_is_recorded_again(self, rig: Rig) -> None:
        event = rig.add(length=1.5, origin=Origin.OPENCAST)
        rig.drive(rig.is_in(EventState.RECORDING))
        later = event.end + 1.0
        rig.change(replace(event, start=later, end=later + 1.0))
        recording = rig.finish()
        assert recording.event.start == later
        assert recording.state is EventState.FINISHED_RECORDING
        with rig.database.read() as session:
            apart, again = recordings.listing(session, oldest_first=True)
            assert again.uid == "e1"
            assert [part.input for part in recordings.parts(session, apart.uid)] == ["default"]
        assert apart.state is EventState.FINISHED_RECORDING
        assert apart.event.origin is Origin.LOCAL
        assert "moved" in apart.error
        assert apart.tracks[0].path != again.tracks[0].path
        assert apart.tracks[0].path.read_bytes().endswith(b"end")

    def test_it_stops_at_once_where_that_is_wanted(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, stop_cancelled=True)
        event = rig.add(length=60)
        rig.drive(rig.is_in(EventState.RECORDING))
        rig.change(replace(event, start=event.end + 100, end=event.end + 200))
        rig.drive(lambda: any(state.startswith(("finished", "partial")) for state in rig.states().values()))
        with rig.database.read() as session:
            assert [one.uid for one in events.upcoming(session)] == ["e1"]
        rig.close()

    def test_one_that_only_begins_later_is_recorded_to_its_new_end(self, rig: Rig) -> None:
        event = rig.add(length=1.5)
        rig.drive(rig.is_in(EventState.RECORDING))
        rig.change(replace(event, start=event.start + 1.0, end=event.end + 1.0))
        recording = rig.finish()
        assert recording.ended and recording.ended >= event.end + 1.0
        assert list(rig.states()) == ["e1"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A hook that writes down what it is told."""
    path = tmp_path / "hook ü.sh"
    path.write_text(f"#!/bin/sh\necho $(env | grep ^HOOK_ | sort) >> '{tmp_path}/told'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class TestHooksAndAlarms:
    @pytest.fixture
    def told(self, tmp_path: Path) -> Callable[[], list[str]]:
        return lambda: (tmp_path / "told").read_text().splitlines() if (tmp_path / "told").exists() else []

    def test_a_recording_is_told_about(
        self, tmp_path: Path, script: Path, told: Callable[[], list[str]]
    ) -> None:
        command = f"'{script}'"
        hooks = Hooks(recording_start=command, recording_stop=command, recording_failed=command)
        rig = Rig(tmp_path, {"hooks": hooks})
        rig.add(location="Hörsaal 1; rm -rf /")
        recording = rig.finish()
        rig.drive(lambda: len(told()) == 2)  # each is a process of its own, and none waits for the other
        rig.close()
        [begun] = [line for line in told() if "HOOK_NAME=recording_start" in line]
        [ended] = [line for line in told() if line != begun]
        assert "HOOK_EVENT_ID=e1" in begun
        assert "HOOK_EVENT_LOCATION=Hörsaal 1; rm -rf /" in begun
        assert begun.endswith("HOOK_STATE=recording")
        assert "HOOK_NAME=recording_stop" in ended
        assert f"HOOK_FILES={recording.tracks[0].path}" in ended

    def test_a_failure_is_told_about_at_once(
        self, tmp_path: Path, script: Path, told: Callable[[], list[str]]
    ) -> None:
        command = f"'{script}'"
        hooks = Hooks(recording_failed=command, alarm=command)
        rig = Rig(tmp_path, {"hooks": hooks}, command="/nowhere/recorder {{dir}}")
        event = rig.add(length=60)
        rig.drive(lambda: told())
        rig.drive(rig.is_in(EventState.FAILED_RECORDING))
        assert rig.clock.now() < event.end
        with rig.database.write() as session:
            recordings.set_end(session, "e1", rig.clock.now() - 1)
        assert "HOOK_ALARM=command" in told()[0]
        assert "HOOK_ALARM_STATE=raised" in told()[0]
        assert "not found" in told()[0]
        rig.finish()
        rig.drive(lambda: any("HOOK_NAME=recording_failed" in line for line in told()))
        rig.drive(lambda: any("HOOK_ALARM_STATE=ended" in line for line in told()))
        rig.close()
        assert sum("HOOK_ALARM=command" in line and "raised" in line for line in told()) == 1

    def test_a_hook_that_hangs_holds_nobody_up(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        rig = Rig(tmp_path, {"hooks": Hooks(recording_start="sleep 3600", time_limit=1)})
        rig.add()
        assert rig.finish().state is EventState.FINISHED_RECORDING
        rig.drive(lambda: "hook recording_start was killed after 1 s" in caplog.text)
        rig.close()

    def test_a_hook_that_fails_is_told(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        hooks = Hooks(recording_start="/nowhere/hook", recording_stop="sh -c 'echo no lamp >&2; exit 3'")
        rig = Rig(tmp_path, {"hooks": hooks})
        rig.add()
        rig.finish()
        rig.drive(lambda: "hook recording_start: the program /nowhere/hook cannot be started" in caplog.text)
        rig.drive(lambda: "hook recording_stop ended with exit code 3: no lamp" in caplog.text)
        rig.close()

    def test_a_command_that_writes_nothing_is_an_alarm(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyca.capture.watch.SILENT", 1.5)
        rig = Rig(tmp_path, command="sleep 60")
        rig.add(length=60)
        rig.drive(lambda: any(one.kind is AlarmKind.NO_DATA for one in rig.alarms()))
        [alarm] = [one for one in rig.alarms() if one.kind is AlarmKind.NO_DATA]
        assert (alarm.subject, alarm.input, alarm.ended) == ("e1", "default", None)
        with rig.database.write() as session:
            recordings.set_end(session, "e1", rig.clock.now() - 1)
        rig.finish()
        rig.drive(lambda: all(one.ended for one in rig.alarms()))
        rig.close()

    def test_a_disk_that_gets_full_is_an_alarm_before_it_is(self, tmp_path: Path, room: Room) -> None:
        rig = Rig(tmp_path, minimum_free=5_000_000)
        room["rec ordings"] = 4_500_000
        rig.drive(lambda: rig.alarms())
        [alarm] = rig.alarms()
        assert alarm.kind is AlarmKind.DISK
        assert "4.5 MB are free" in alarm.text
        room["rec ordings"] = 9_000_000
        rig.service._disk._next = 0
        rig.drive(lambda: rig.alarms()[0].ended)
        rig.close()

    def test_a_disk_with_too_little_for_the_next_event(self, tmp_path: Path, room: Room) -> None:
        rig = Rig(tmp_path)
        rig.add("past", length=1.0)
        rig.finish("past")
        with rig.database.write() as session:
            session.execute(recordings.update(recordings.TrackRow).values(duration=1.0, size=1_000_000))
        rig.service._disk._rate_due = rig.service._disk._next = 0
        rig.add("next", delay=3600, length=5400)
        room["rec ordings"] = 9_000_000_000
        rig.drive(lambda: any(one.kind is AlarmKind.DISK for one in rig.alarms()))
        assert "wanted are 10.8 GB" in rig.alarms()[0].text
        rig.close()

    def test_alarms_of_a_crashed_service_end_with_the_next_one(self, tmp_path: Path, room: Room) -> None:
        rig = Rig(tmp_path, minimum_free=5_000_000)
        room["rec ordings"] = 1000
        rig.drive(lambda: rig.alarms())
        del room["rec ordings"]
        rig.abandon()
        rig.drive(lambda: rig.alarms()[0].ended)
        assert len(rig.alarms()) == 1
        rig.close()

    def test_a_refused_event_is_an_alarm_until_its_end(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, max_parallel=1)
        rig.add("a", length=2.0)
        refused = rig.add("b", delay=0.3, length=1.0)
        rig.drive(lambda: rig.alarms())
        [alarm] = rig.alarms()
        assert (alarm.kind, alarm.subject, alarm.ended) == (AlarmKind.NOT_RECORDED, "b", refused.end)
        assert "Title a" in alarm.text
        rig.finish("a")
        rig.close()


class TestClosing:
    def test_a_command_that_does_not_end_keeps_nobody_waiting(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyca.capture.part.CLOSING", 0.3)
        script = tmp_path / "deaf.sh"
        script.write_text('trap : INT TERM\necho data > "$1"\nwhile :; do sleep 0.1; done\n')
        deaf = f"sh '{script}' {{{{dir}}}}/{{{{name}}}}.ts"
        rig = Rig(tmp_path, command=deaf)
        rig.add(length=60)
        rig.drive(rig.is_writing)
        rig.clock.most = 60  # here it is the machine's own time that counts
        begun = rig.clock.monotonic()
        rig.service.close()
        assert rig.clock.monotonic() - begun < 60  # and not sigkill_time, which is two minutes
        assert rig.parts()[0].outcome is Outcome.KILLED
        rig.service = rig.make()
        rig.drive(lambda: len(rig.parts()) == 2)
        os.kill(rig.parts()[1].pid, signal.SIGKILL)
        rig.close()

    def test_a_command_that_still_writes_is_given_its_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyca.capture.part.CLOSING", 1.5)
        script = tmp_path / "slow.sh"
        index = "for n in 1 2 3 4 5 6 7 8 9; do echo index >> $0; sleep 0.2; done; exit"
        script.write_text(
            f"""file=$1
close() {{ {index.replace("$0", '"$file"')}; }}
trap close INT
echo data > "$file"
while :; do sleep 0.1; done
"""
        )
        slow = f"sh '{script}' {{{{dir}}}}/{{{{name}}}}.ts"
        rig = Rig(tmp_path, command=slow)
        rig.add(length=60)
        rig.drive(rig.is_writing)
        rig.clock.most = 60  # here it is the machine's own time that counts
        rig.service.close()
        assert rig.parts()[0].outcome is Outcome.STOPPED
        [file] = rig.settings.capture.directory.rglob("*.ts")
        assert file.read_text().count("index") == 9
        rig.service = rig.make()
        rig.close()
