"""``pyca events`` and ``pyca status`` against a database without services."""

import io
import json
import time
from pathlib import Path

import pytest

from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event, Origin
from pyca.core.recording import Track, Upload, UploadStep
from pyca.core.states import EXTRA_SERVICES, EventState, ServiceName, ServiceState
from pyca.store import alarms, events, recordings, services, uploads
from pyca.store.database import Database
from tests.cli.conftest import Run


def add(pyca: Run, *more: str) -> str:
    result = pyca("events", "add", "--start", "+1h", "--duration", "45min", "--json", *more)
    assert result.code == 0, result.err
    uid: str = json.loads(result.out)["id"]
    return uid


def record(database: Database, folder: Path, uid: str = "rec-1", state: EventState | None = None) -> Path:
    """Put a recording with one file into the database."""
    directory = folder / "recordings" / uid
    directory.mkdir(parents=True)
    file = directory / "a.mkv"
    file.write_bytes(b"x" * 2000)
    now = time.time()
    with database.write() as session:
        recordings.begin(session, Event(uid, "Analysis", now - 60, now + 60), directory, now)
        if state is not None:
            recordings.set_state(session, uid, state, now)
            track = Track(file, "presenter/source", size=2000, duration=59.5, streams=("video h264",))
            recordings.close(session, uid, now, [track])
    return file


def test_add_and_list(pyca: Run) -> None:
    uid = add(pyca, "--title", "Hörsaal")
    (one,) = json.loads(pyca("events", "list", "--json").out)
    assert (one["id"], one["title"], one["duration"], one["state"]) == (uid, "Hörsaal", 2700.0, "upcoming")
    assert one["start"].endswith(("+01:00", "+02:00"))
    text = pyca("events", "list").out
    assert text.splitlines()[0].split() == ["id", "start", "length", "state", "title"]
    assert "Hörsaal" in text


def test_add_with_an_end(pyca: Run) -> None:
    result = pyca("events", "add", "--start", "2099-03-27 08:15", "--end", "2099-03-27 09:45", "--json")
    assert json.loads(result.out)["start"] == "2099-03-27T08:15:00.000+01:00"
    assert json.loads(result.out)["duration"] == 5400.0


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--start", "2001-01-01 10:00", "--duration", "1h"], "over already"),
        (["--start", "+2h", "--end", "+1h"], "would last"),
        (["--start", "+1h", "--duration", "1h", "--input", "nosuch"], "nosuch"),
        (["--start", "+1h", "--duration", "1h", "--end", "+2h"], "either"),
    ],
)
def test_add_refuses(pyca: Run, more: list[str], reason: str) -> None:
    result = pyca("events", "add", *more)
    assert result.code == 64
    assert reason in result.err


def test_show_by_the_beginning_of_the_id(pyca: Run) -> None:
    uid = add(pyca, "--title", "Seminar")
    assert "Seminar" in pyca("events", "show", uid[:8]).out
    assert json.loads(pyca("events", "show", uid, "--json").out)["tracks"] == []
    assert pyca("events", "show", "nosuch").code == 64


def test_an_ambiguous_beginning_is_refused(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder, "rec-1")
    record(database, folder, "rec-2")
    result = pyca("events", "show", "rec-")
    assert result.code == 64
    assert "2 events" in result.err


def test_cancel(pyca: Run) -> None:
    uid = add(pyca)
    assert "is cancelled" in pyca("events", "cancel", uid).out
    assert pyca("events", "list").out == "No events.\n"


def test_cancel_refuses_an_event_of_the_server(pyca: Run, database: Database) -> None:
    start = time.time() + 600
    with database.write() as session:
        events.add(session, Event("oc-1", "Lecture", start, start + 60, Origin.OPENCAST))
    assert pyca("events", "cancel", "oc-1").code == 64


def test_cancel_ends_a_running_recording(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder)
    assert "kept" in pyca("events", "cancel", "rec-1").out
    with database.read() as session:
        assert recordings.operator_ends(session)["rec-1"] <= time.time()


def test_show_recording(pyca: Run, database: Database, folder: Path) -> None:
    file = record(database, folder, state=EventState.FINISHED_RECORDING)
    text = pyca("events", "show", "rec-1").out
    assert str(file) in text
    assert "2.0 kB" in text
    assert "video h264" in text


def test_delete(pyca: Run, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    file = record(database, folder, state=EventState.FINISHED_RECORDING)
    refused = pyca("events", "delete", "rec-1")  # nobody is there to say yes
    assert refused.code != 0
    assert "NOT delivered" in refused.out
    assert file.exists()
    assert pyca("events", "delete", "rec-1", "--yes").code == 0
    assert not file.parent.exists()
    assert pyca("events", "list").out == "No events.\n"


def test_delete_that_fails_halfway_leaves_nothing_that_comes_back(
    pyca: Run, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(database, folder, state=EventState.FINISHED_RECORDING)
    (file.parent / "event.json").write_text("{}")

    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    assert "cannot be deleted" in pyca("events", "delete", "rec-1", "--yes").err
    assert file.exists()
    assert not (file.parent / "event.json").exists()


def test_delete_leaves_folders_of_others_alone(pyca: Run, database: Database, tmp_path: Path) -> None:
    file = record(database, tmp_path / "elsewhere", state=EventState.FINISHED_RECORDING)
    told = pyca("events", "delete", "rec-1", "--yes")
    assert told.code == 0 and f"{file.parent} stays" in told.out and "is deleted" not in told.out
    assert file.exists()


def test_delete_refuses_what_is_still_tried(pyca: Run, database: Database, folder: Path) -> None:
    file = record(database, folder)
    with database.write() as session:
        recordings.set_state(session, "rec-1", EventState.FAILED_RECORDING, time.time())
    told = pyca("events", "delete", "rec-1", "--yes")
    assert told.code == 64 and "still tries" in told.err
    assert file.exists()


def test_delete_refuses_what_is_being_recorded(pyca: Run, database: Database, folder: Path) -> None:
    file = record(database, folder)
    assert pyca("events", "delete", "rec-1", "--yes").code == 64
    assert file.exists()


def test_retry(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder, state=EventState.FINISHED_RECORDING)
    with database.write() as session:
        recordings.set_state(session, "rec-1", EventState.PAUSED_AFTER_RECORDING, 0)
    assert pyca("events", "retry", "rec-1").code == 0
    with database.read() as session:
        found = recordings.get(session, "rec-1")
    assert found is not None
    assert found.state is EventState.FINISHED_RECORDING


def test_pause_holds_a_delivery_back_until_retry(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder, state=EventState.FINISHED_RECORDING)

    def state() -> str:
        found: str = json.loads(pyca("events", "show", "rec-1", "--json").out)["state"]
        return found

    assert "pyca events retry rec-1" in pyca("events", "pause", "rec").out
    assert state() == EventState.PAUSED_AFTER_RECORDING
    again = pyca("events", "pause", "rec-1")
    assert (again.code, "nothing to pause" in again.err) == (64, True)
    assert pyca("events", "retry", "rec-1").code == 0
    assert state() == EventState.FINISHED_RECORDING


def test_list_by_state(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder)
    add(pyca)
    (one,) = json.loads(pyca("events", "list", "--state", "recording", "--json").out)
    assert one["id"] == "rec-1"
    assert pyca("events", "list", "--state", "lost").code == 64


def test_status(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder)
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records Analysis", time.time())
    facts = json.loads(pyca("status", "--json").out)
    assert facts["server"] is None
    assert [one["name"] for one in facts["services"]] == [
        str(name) for name in ServiceName if name not in EXTRA_SERVICES
    ]
    assert facts["services"][1]["state"] == "busy"
    assert facts["recording"][0]["title"] == "Analysis"
    assert facts["free_bytes"] > 0
    text = pyca("status").out
    assert "records Analysis" in text
    assert "never started" in text


def test_status_lists_alarms(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder)
    now = time.time()
    with database.write() as session:
        noticed = Alarm(AlarmKind.SILENCE, "no sound for 8 s", now - 90, "rec-1", "camera", "capture")
        alarms.store(session, noticed)
        alarms.store(session, Alarm(AlarmKind.DISK, "full", now - 90, service="capture", ended=now - 1))
    (alarm,) = json.loads(pyca("status", "--json").out)["alarms"]
    assert alarm["since"]
    assert {**alarm, "since": ""} == {
        "kind": "silence", "text": "no sound for 8 s", "since": "", "event": "rec-1", "title": "Analysis",
        "input": "camera", "service": "capture",
    }  # fmt: skip
    text = pyca("status").out
    assert "alarm (silence) “Analysis”, camera: no sound for 8 s, since " in text


def test_a_recording_whose_files_are_gone_says_so(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder)
    with database.write() as session:
        for state in (EventState.FINISHED_RECORDING, EventState.UPLOADING, EventState.FINISHED_UPLOADING):
            recordings.set_state(session, "rec-1", state, time.time())
    assert json.loads(pyca("events", "show", "rec-1", "--json").out)["files_deleted"] is False
    with database.write() as session:
        uploads.save(session, Upload("rec-1", "opencast", UploadStep.GONE, location="https://there"))
    assert json.loads(pyca("events", "show", "rec-1", "--json").out)["files_deleted"] is True
    assert "have been deleted from this machine" in pyca("events", "show", "rec-1").out
    refused = pyca("events", "retry", "rec-1")
    assert refused.code == 64
    assert "were deleted from this machine" in refused.err


def test_status_calls_a_recording_without_a_recorder_interrupted(
    pyca: Run, database: Database, folder: Path
) -> None:
    with database.write() as session:
        event = Event("e1", "Night\nshift", 1_700_000_000.0, 1_700_090_000.0)
        recordings.begin(session, event, folder, 1_700_000_000.0)
    facts = json.loads(pyca("status", "--json").out)
    assert (facts["recording"], facts["interrupted"][0]["title"]) == ([], "Night\nshift")
    line = "interrupted  2023-11-14 23:13:20 – 2023-11-16 00:13:20  Night shift"  # over midnight
    assert line in pyca("status").out.splitlines()


def test_status_warns_of_a_full_disk(pyca: Run, database: Database, folder: Path) -> None:
    assert "too little" not in pyca("status").out
    (folder / "mine.conf").write_text("[capture]\nminimum_free = 900000 GB\n", encoding="utf-8")
    assert "too little, recordings need 900.0 TB" in pyca("-c", "mine.conf", "status").out


def test_delete_takes_what_had_no_room_in_its_folder_too(pyca: Run, database: Database, folder: Path) -> None:
    record(database, folder, state=EventState.FINISHED_RECORDING)
    spare, other = folder / "spare" / "rec-1", folder / "spare" / "rec-2"
    spare.mkdir(parents=True)
    other.mkdir()
    (folder / "two.conf").write_text("[capture]\nfallback_directory = spare\n", encoding="utf-8")
    assert pyca("-c", "two.conf", "events", "delete", "rec-1", "--yes").code == 0
    assert not spare.exists() and other.exists()
