"""``pyca doctor`` on boxes that are well and on boxes that are not."""

import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from pyca.cli.doctor.finding import Theme, Verdict, carry_out, ok
from pyca.core.errors import StoreError
from pyca.store.database import Database
from pyca.store.tables import ServiceRow
from tests.cli.conftest import ROOT, Result, Run

SHIPPED = ("-c", str(ROOT / "etc" / "pyca.conf"))
Found = Mapping[tuple[str, str], Mapping[str, str]]


def write(folder: Path, text: str) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "pyca.conf").write_text(text, encoding="utf-8")


def findings(result: Result) -> Found:
    """Return what was found by group and name; of several the first that is not ok."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for one in json.loads(result.out):
        key = (one["group"], one["name"])
        if found.get(key, {"state": "ok"})["state"] == "ok":
            found[key] = one
    return found


def failures(found: Found) -> set[tuple[str, str]]:
    return {key for key, one in found.items() if one["state"] == "failed"}


def test_a_new_box_has_nothing_that_fails(pyca: Run, folder: Path) -> None:
    result = pyca("doctor", *SHIPPED, "--json")
    found = findings(result)
    assert (result.code, failures(found), result.err) == (0, set(), "")
    groups = list(dict.fromkeys(group for group, _ in found))
    assert groups == [
        "configuration",
        "disk",
        "FFmpeg",
        "devices",
        "server",
        "clock",
        "database",
        "permissions",
        "services",
    ]
    assert found["database", "file"]["state"] == "warning"
    assert "no database" in found["database", "file"]["text"]
    assert "alone" in found["server", "address"]["text"]
    assert "libx264" in found["FFmpeg", "default"]["text"]
    assert "Europe/Berlin" in found["clock", "time zone"]["text"]
    assert not list(folder.iterdir())


def test_what_is_not_well_has_a_remedy(pyca: Run, folder: Path) -> None:
    (folder / "file").touch()
    write(folder, f"[capture]\ndirectory = {folder}/file/x\ncommand = no-such-program x\n")
    for one in json.loads(pyca("doctor", "--json").out):
        assert set(one) == {"group", "name", "state", "text", "remedy"}
        assert one["text"]
        if one["state"] in ("warning", "failed"):
            assert one["remedy"], one


def test_people_read_it_without_colours(pyca: Run) -> None:
    result = pyca("doctor", *SHIPPED)
    lines = result.out.splitlines()
    assert "\x1b" not in result.out
    assert "configuration" in lines
    (room,) = (line for line in lines if " free in " in line and "archive" not in line)
    assert room.startswith("  ok       recordings        ")
    warned = next(number for number, line in enumerate(lines) if line.startswith("  warning  "))
    assert lines[warned + 1].strip().startswith("→ ")
    assert lines[-1].startswith("Nothing failed, ")


def test_without_a_file_the_defaults_are_pointed_at(pyca: Run, folder: Path) -> None:
    result = pyca("doctor", "--json")
    assert result.code == 0
    assert findings(result)["configuration", "file"]["state"] == "warning"


def test_a_wrong_configuration_is_told_whole(pyca: Run, folder: Path) -> None:
    write(folder, "[agent]\nnmae = hall\n[ui]\nport = many\n")
    result = pyca("doctor", "--json")
    assert result.code == os.EX_CONFIG
    data = json.loads(result.out)
    mistakes = [one["text"] for one in data if one["state"] == "failed"]
    assert ["nmae" in mistakes[0], "port" in mistakes[1], len(mistakes)] == [True, True, 2]
    assert any(one["name"] == "ffmpeg" and one["state"] == "ok" for one in data)
    assert "2 failed" in pyca("doctor").out


def test_passwords_are_not_shown(pyca: Run, folder: Path) -> None:
    camera = "rtsp://root:correct-horse@127.0.0.1:1/x?key=battery-staple"
    write(
        folder,
        f"[capture]\ncommand = ffmpeg -i {camera} -c copy {{{{dir}}}}/{{{{name}}}}.webm\n"
        "[ui]\npassword = tr0ub4dor\n",
    )
    (folder / "etc" / "pyca.conf").chmod(0o644)
    result = pyca("doctor", "--json")
    found = findings(result)
    assert failures(found) == {("devices", "default")}
    assert "rtsp://127.0.0.1:1" in found["devices", "default"]["text"]
    assert "chmod o-r" in found["configuration", "risk"]["remedy"]
    for secret in ("correct-horse", "battery-staple", "tr0ub4dor"):
        assert secret not in result.out


def test_missing_programs_encoders_and_devices(pyca: Run, folder: Path) -> None:
    write(
        folder,
        "[inputs]\n[[camera]]\n"
        "command = ffmpeg -f v4l2 -i /dev/video97 -c:v libx999 {{dir}}/{{name}}-c.mkv\n"
        "files = '{{dir}}/{{name}}-c.mkv'\n"
        "[[script]]\ncommand = no-such-program {{dir}}/{{name}}-s.mkv\n"
        "files = '{{dir}}/{{name}}-s.mkv'\n",
    )
    result = pyca("doctor", "--json")
    found = findings(result)
    assert result.code == os.EX_UNAVAILABLE
    assert failures(found) == {("FFmpeg", "camera"), ("FFmpeg", "script"), ("devices", "camera")}
    assert "encoder libx999" in found["FFmpeg", "camera"]["text"]
    assert "no-such-program" in found["FFmpeg", "script"]["text"]
    assert "/dev/video97" in found["devices", "camera"]["text"]


def test_no_ffmpeg_does_not_hide_the_other_programs(
    pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "[capture]\ncommand = no-such-program {{dir}}/{{name}}.webm\n")
    monkeypatch.setenv("PYCA_FFMPEG", str(folder / "nowhere"))
    found = findings(pyca("doctor", "--json"))
    assert failures(found) == {("FFmpeg", "ffmpeg"), ("FFmpeg", "default")}
    assert "PYCA_FFMPEG" in found["FFmpeg", "ffmpeg"]["text"]


def test_too_little_room(pyca: Run, folder: Path) -> None:
    write(folder, "[capture]\nminimum_free = 1000000G\n")
    found = findings(pyca("doctor", "--json"))
    assert failures(found) == {("disk", "recordings"), ("disk", "archive")}


def test_a_fallback_on_the_same_disk(pyca: Run, folder: Path) -> None:
    write(folder, "[capture]\nfallback_directory = more\n")
    found = findings(pyca("doctor", "--json"))
    assert found["disk", "fallback"]["state"] == "warning"
    assert "on the disk of" in found["disk", "fallback"]["text"]


def test_a_slow_disk_in_memory(pyca: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyca.runtime.filesystem import Filesystem

    monkeypatch.setattr("pyca.cli.doctor.disks.write_speed", lambda *_: 4.9 * 2**20)
    monkeypatch.setattr("pyca.cli.doctor.disks.filesystem", lambda _: Filesystem("tmpfs", Path("/")))
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    assert found["disk", "recordings speed"]["state"] == "warning"
    assert found["disk", "recordings disk"]["state"] == "warning"


def test_a_database_that_is_whole(pyca: Run, folder: Path, database: Database) -> None:
    database.dispose()
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    names = [name for group, name in found if group == "database"]
    assert names == ["file", "disk", "schema", "content", "writing"]
    assert {one["state"] for (group, _), one in found.items() if group == "database"} == {"ok"}
    assert {file.name for file in folder.iterdir()} <= {"pyca.db", "pyca.db.lock"}


def test_a_damaged_database(pyca: Run, folder: Path) -> None:
    (folder / "pyca.db").write_bytes(b"this is no database" * 100)
    result = pyca("doctor", *SHIPPED, "--json")
    found = findings(result)
    assert result.code == os.EX_UNAVAILABLE
    assert failures(found) == {("database", "database")}
    assert "damaged" in found["database", "database"]["remedy"]


def test_a_database_that_may_not_be_written_is_not_opened(
    pyca: Run, folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.dispose()
    before = {file.name for file in folder.iterdir()}
    real = os.access
    # Root, who perhaps runs this test, may write everything.
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: (path != folder / "pyca.db" or not mode & os.W_OK) and real(path, mode),
    )
    opened: list[str] = []
    monkeypatch.setattr("pyca.store.database._prepare_sqlite", lambda *_: opened.append("opened"))
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    assert failures(found) == {("database", "writing")}
    assert found["services", "services"]["state"] == "skipped"
    assert not opened
    assert {file.name for file in folder.iterdir()} == before


def test_a_calendar_of_its_own(pyca: Run, folder: Path) -> None:
    write(folder, f"[agent]\ncalendar = {folder}/hall.ics\n")
    assert failures(findings(pyca("doctor", "--json"))) == {("calendar", "calendar")}
    event = "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20990101T100000Z\r\nDTEND:20990101T110000Z\r\nEND:VEVENT\r\n"
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n"
    (folder / "hall.ics").write_text(f"{head}{event}END:VCALENDAR\r\n")
    found = findings(pyca("doctor", "--json"))
    assert found["calendar", "calendar"]["text"] == f"{folder}/hall.ics: 0 events within the look-ahead"


def test_a_newer_database(pyca: Run, folder: Path, database: Database) -> None:
    database.dispose()
    with closing(sqlite3.connect(folder / "pyca.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert failures(findings(pyca("doctor", *SHIPPED, "--json"))) == {("database", "schema")}


def test_sqlite_on_a_network_disk(pyca: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyca.runtime.filesystem import Filesystem

    monkeypatch.setattr("pyca.cli.doctor.database.filesystem", lambda _: Filesystem("nfs4", Path("/")))
    assert failures(findings(pyca("doctor", *SHIPPED, "--json"))) == {("database", "disk")}


def test_folders_that_cannot_be_written(pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    (folder / "readonly").mkdir()
    write(
        folder,
        f"[capture]\ndirectory = {folder}/file/below\npreview_dir = {folder}/readonly\n"
        f"[logging]\nfile = {folder}/none/pyca.log\n",
    )
    real = os.access
    # Root, who perhaps runs this test, may write everything.
    monkeypatch.setattr(os, "access", lambda path, *more: path != folder / "readonly" and real(path, *more))
    found = findings(pyca("doctor", "--json"))
    assert failures(found) == {("permissions", name) for name in ("recordings", "previews", "log file")}
    assert "no folder" in found["permissions", "recordings"]["text"]
    assert "chown" in found["permissions", "previews"]["remedy"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_somebody_else(pyca: Run, folder: Path, database: Database) -> None:
    database.dispose()
    (folder / "recordings").mkdir()
    (folder / "recordings" / "lecture").mkdir()
    os.chown(folder / "recordings", 12345, 12345)
    os.chown(folder / "recordings" / "lecture", 12345, 12345)
    os.chown(folder / "pyca.db", 12345, 12345)
    (folder / "pyca.db.lock").unlink(missing_ok=True)
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    assert found["permissions", "owner"]["state"] == "ok"
    assert "12345" in found["permissions", "user"]["text"]
    os.chown(folder / "recordings" / "lecture", 0, 0)
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    assert found["permissions", "owner"]["state"] == "warning"
    assert "lecture belongs to user root" in found["permissions", "owner"]["text"]
    assert f"chown -R 12345 {folder}/recordings”" in found["permissions", "owner"]["remedy"]


def live(database: Database, name: str, pid: int, started: float) -> None:
    with database.write() as session:
        session.add(
            ServiceRow(
                name=name, state="idle", pid=pid, pid_started=started, started=0.0, heartbeat=9e9, text=""
            )
        )


def test_services_that_live_and_that_died(pyca: Run, database: Database) -> None:
    import psutil

    me = psutil.Process()
    live(database, "schedule", me.pid, me.create_time())
    live(database, "capture", me.pid, 1.0)
    found = findings(pyca("doctor", *SHIPPED, "--json"))
    states = {name: one["state"] for (group, name), one in found.items() if group == "services"}
    assert states == {
        "schedule": "ok",
        "capture": "failed",
        "ingest": "warning",
        "agentstate": "warning",
        "ui": "skipped",
    }
    assert found["services", "capture"]["text"] == "died"


def test_a_recorder_that_is_left_out_fails(pyca: Run, database: Database) -> None:
    import psutil

    me = psutil.Process()
    live(database, "schedule", me.pid, me.create_time())
    assert failures(findings(pyca("doctor", *SHIPPED, "--json"))) == {("services", "capture")}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoreError("no store", "get one"), "no store"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (ZeroDivisionError("division by zero"), "broken"),
    ],
)
def test_a_check_that_breaks_does_not_stop_the_others(
    pyca: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("pyca.cli.doctor.disks.check", broken)
    result = pyca("doctor", *SHIPPED, "--json")
    found = findings(result)
    assert result.code == os.EX_UNAVAILABLE
    assert failures(found) == {("disk", "disk")}
    assert words in found["disk", "disk"]["text"]
    assert ("services", "services") in found


def test_a_check_that_hangs_is_left_behind() -> None:
    end = threading.Event()

    def hang() -> list[object]:
        end.wait(30)
        return []

    def check():  # type: ignore[no-untyped-def]
        yield ok("first", "fine")
        yield from hang()

    found = carry_out(Theme("disk", check), limit=0.2)
    end.set()
    assert [one.state for one in found] == [Verdict.OK, Verdict.FAILED]
    assert "not finished" in found[1].text
