"""Whatever is wrong: a clear message with place and remedy, the daemons live, nothing recorded is lost."""

import json
import socket
import sqlite3
import time
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.states import EventState, ServiceName
from tests.system_faults import PUNCTUAL, is_whole
from tests.system_rig import CAMERA, Ended, Rig, soon

pytestmark = pytest.mark.system

CONFIG, UNAVAILABLE, TEMPFAIL = 78, 69, 75
FAILED = EventState.FAILED_RECORDING


def test_every_mistake_of_a_configuration_is_named(rig: Rig) -> None:
    rig.file.write_text(
        "[agent]\nupdate_frequency = often\n[capture]\ncommnad = 'ffmpeg'\nflavors = 'a/b', 'c/d'\n"
        "[server]\nurl = 'not a url'\nauth_method = none\n[bananas]\n",
        "utf-8",
    )
    for command in ("run", "capture", "schedule", "ingest", "agentstate", "ui", "status"):
        ended = rig.run(command)
        assert ended.code == CONFIG, ended
        for word in ("update_frequency", "commnad", "command", "flavors", "url", "auth_method", "bananas"):
            assert word in ended.err, f"{command} does not name {word}"
        assert f"{rig.file}:2" in ended.err or "line 2" in ended.err
    assert not list(rig.folder.glob("*.db"))


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "garbage"])
def test_a_configuration_that_cannot_be_read(kind: str, rig: Rig) -> None:
    rig.file.unlink()
    if kind == "folder":
        rig.file.mkdir()
    elif kind == "binary":
        rig.file.write_bytes(b"\xff\xfe\x00[agent]\n\x80")
    elif kind == "garbage":
        rig.file.write_text("[agent\nname = '''\n= 1\n", "utf-8")
    ended = rig.run("capture")
    assert ended.code == CONFIG, ended
    assert str(rig.file) in ended.err


def explained(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended
    for word in words:
        assert word in ended.err, ended.err


def test_a_port_that_is_taken(rig: Rig) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        rig.configure(ui={"port": port})
        ended = rig.run("ui")
        assert ended.code not in (0, 1)
        assert str(port) in ended.err


def test_the_same_service_twice(rig: Rig) -> None:
    rig.start("capture")
    rig.wait_until_up([ServiceName.CAPTURE])
    explained(rig.run("capture"), TEMPFAIL, "capture", "already")


def test_a_database_that_cannot_be_used(rig: Rig, tmp_path: Path) -> None:
    file = rig.folder / "pyca.db"
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    explained(rig.run("status"), UNAVAILABLE, str(file))
    assert file.read_bytes().startswith(b"this is no database")

    # Whose file it is sets it aside.
    assert rig.run("db", "upgrade").code == 0
    (kept,) = rig.folder.glob("pyca.db.damaged-*")
    assert kept.read_bytes().startswith(b"this is no database")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in ("run", "ingest", "status"):
        explained(rig.run(command), UNAVAILABLE, "9999", "newer")

    (tmp_path / "file").touch()
    with Rig(tmp_path / "other", database_url=f"sqlite:///{tmp_path}/file/pyca.db") as other:
        explained(other.run("schedule"), UNAVAILABLE, f"{tmp_path}/file")


def broken_inputs(folder: Path) -> dict[str, dict[str, object]]:
    """Return inputs that fail, each in its own way."""
    plain = folder / "not-executable"
    plain.write_text("#!/bin/sh\n", "utf-8")
    commands = {
        "absent": "no-such-recorder {{dir}}/{{name}}.mkv",
        "plain": f"'{plain}' {{{{dir}}}}/{{{{name}}}}.mkv",
        "hasty": "false {{dir}}/{{name}}.mkv",
        "idle": "sleep 60",
        "astray": CAMERA.replace("{{dir}}", f"'{folder}'"),
        "deaf": "ffmpeg -nostats -hide_banner -f x11grab -i :nowhere -y {{dir}}/{{name}}.mkv",
    }
    return {
        name: {"command": command, "files": "{{dir}}/{{name}}.mkv", "flavors": "presenter/source"}
        for name, command in commands.items()
    }


def test_commands_that_do_not_record(server: FakeOpencast, rig: Rig) -> None:
    broken = broken_inputs(rig.folder)
    good = {"good": {"command": CAMERA, "files": "{{dir}}/{{name}}.mkv"}}
    rig.connect(server.url, {**broken, **good}, capture={"max_parallel": 8, "sigterm_time": 2})
    with rig.up(server):
        start = soon(3)
        for name in (*broken, "good"):
            server.schedule(name, f"With {name}", start, start + 5, **{"capture.device.names": name})
    rig.wait_for_state("good", EventState.FINISHED_UPLOADING)
    reasons = {}
    for name in broken:
        rig.wait(lambda name=name: is_over(rig, name, start + 5), f"the end of {name}")  # type: ignore[misc]
        one = rig.look(name)
        assert one
        assert one.state is FAILED, f"{name} is {one.state}"
        shown = json.loads(rig.run("events", "show", name, "--json").out)
        reasons[name] = shown["error"]
        rig.wait(lambda name=name: "capture_error" in server.recordings.get(name, []), name)  # type: ignore[misc]
    for name, word in {
        "absent": "no-such-recorder",
        "plain": "not-executable",
        "hasty": "exit code 1",
    }.items():
        assert word in reasons[name], reasons
    assert all(reasons.values()), reasons
    assert len(server.workflows) == 1
    rig.wait_until_up()


def is_over(rig: Rig, uid: str, end: float) -> bool:
    one = rig.look(uid)
    closed = one and one.recording and one.recording.ended
    return bool(closed and time.time() > end and one and one.state is not EventState.RECORDING)


def test_events_that_cannot_be(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(server.url, capture={"max_parallel": 8})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("past", "Over", start - 3600, start - 1800)
        server.schedule("zero", "No length", start, start)
        server.schedule("negative", "Ends before it begins", start, start - 60)
        server.schedule("untitled", "", start, start + 3)
        server.schedule("../../../escape", "Out of the folder", start, start + 3)
        server.schedule("a/b\\c:d", "With slashes", start, start + 3)
        server.schedule("x" * 300, "Long id " * 100, start, start + 3)
        server.schedule("bare", "Without attachments", start, start + 3, attachments=False)
    for uid in ("untitled", "../../../escape", "a/b\\c:d", "x" * 300, "bare"):
        one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
        assert one.recording
        assert {track.path.parent.parent for track in one.recording.tracks} == {rig.recordings}
    assert not list(rig.folder.parent.glob("*escape*"))
    assert len(server.workflows) == 5
    for uid in ("past", "zero", "negative"):
        one = rig.look(uid)
        assert one is None or one.recording is None or one.state is FAILED
    rig.wait_until_up()
    assert agent.end() == 0


def test_a_recordings_folder_that_cannot_be_made(rig: Rig) -> None:
    rig.recordings.write_text("in the way", "utf-8")
    rig.start("run")
    rig.wait_until_up()
    added = rig.run("events", "add", "--start", "+1s", "--duration", "3s", "--json")
    uid = json.loads(added.out)["id"]
    rig.wait(lambda: is_over(rig, uid, 0), "the end of the event")
    one = rig.look(uid)
    assert one
    assert one.state is FAILED
    assert one.recording
    assert str(rig.recordings) in one.recording.error
    rig.wait_until_up()


def test_a_locked_database_delays_and_loses_nothing(rig: Rig) -> None:
    rig.start("run")
    rig.wait_until_up()
    start = soon(8)  # a command takes its time
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start))
    added = rig.run("events", "add", "--start", moment, "--duration", "4s", "--json")
    assert added.code == 0, added.err
    uid = json.loads(added.out)["id"]
    rig.wait(lambda: time.time() > start - 1, "the second before the event")
    connection = sqlite3.connect(rig.folder / "pyca.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    rig.wait(rig.commands, "FFmpeg, whatever the database does")
    rig.wait(lambda: time.time() > start + 5 and not rig.commands(), "the end of the event")
    connection.execute("ROLLBACK")
    connection.close()
    one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
    assert one.recording
    assert abs(one.recording.started - start) < PUNCTUAL
    assert is_whole(sum(track.duration or 0 for track in one.recording.tracks), 4)


def test_a_server_that_answers_nonsense(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(server.url, server={"stall_timeout": 2})
    for path, fault in {
        "/capture-admin/agents": faults.status(500),
        "/recordings/calendars": faults.redirect(),
        "/ingest/addTrack": faults.drop(after=1000),
        "/services/available": faults.hang(3),
    }.items():
        server.faults.add(path, fault, times=1)
    # Two looks at the calendar may fail, five seconds apart, and the first of them after the hang.
    start = soon(18)
    server.schedule("uid-1", "All the same", start, start + 3)
    rig.start("run")
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING, 90)
    assert len(server.workflows) == 1
    rig.wait(lambda: "upload_finished" in server.recordings.get("uid-1", []), "the last state")


def test_a_wrong_password_is_told_and_nothing_is_lost(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(server.url, server={"password": "wrong"})
    agent = rig.start("run")
    rig.wait_until_up()
    agent.says("password")
    uid = json.loads(rig.run("events", "add", "--start", "+1s", "--duration", "5s", "--json").out)["id"]
    one = rig.wait_for_state(uid, EventState.FAILED_UPLOADING)
    assert one.upload
    assert "password" in one.upload.error
    assert one.recording
    assert all(track.path.exists() for track in one.recording.tracks)
    # Mended and reloaded: it goes there after all.
    rig.connect(server.url)
    agent.process.send_signal(1)
    agent.says("ingest follows the new configuration")
    rig.run("events", "retry", uid)  # refused where it goes there by itself already
    rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
