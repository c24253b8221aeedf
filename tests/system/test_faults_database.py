"""The database is locked, deleted, damaged: recordings begin on time, go on, and are all delivered."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.alarm import AlarmKind
from pyca.core.event import Event
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import alarms, events
from tests.measured import Measured
from tests.system_faults import (
    PUNCTUAL,
    began_late,
    command_of,
    complaints,
    content,
    delivered,
    is_whole,
    kill_all,
    parts,
    until,
)
from tests.system_rig import Daemon, Rig, soon

pytestmark = pytest.mark.system


def delete(rig: Rig) -> None:
    for path in rig.folder.glob("pyca.db*"):
        path.unlink()


def damage(rig: Rig) -> None:
    """Overwrite the file, from its header on, and what was not yet brought into it."""
    for name in ("pyca.db", "pyca.db-wal"):
        with (rig.folder / name).open("r+b") as file:
            file.write(os.urandom(60_000))


def damaged(rig: Rig) -> list[Path]:
    return [path for path in rig.folder.glob("pyca.db.damaged-*") if not path.name.endswith(("-wal", "-shm"))]


def well(agent: Daemon) -> None:
    assert "Traceback" not in agent.output()
    assert "a change was not stored" not in agent.output()


@pytest.mark.parametrize("fault", [delete, damage])
def test_a_database_that_is_lost_while_recording(
    fault: object, server: FakeOpencast, rig: Rig, measured: Measured
) -> None:
    rig.connect(server.url)
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("past", "Before", start - 3600, start - 3000)
        server.schedule("uid-1", "In the middle", start, start + 18)
        server.schedule("uid-2", "Afterwards", start + 20, start + 24)
    rig.wait_for_state("uid-1", EventState.RECORDING)
    until(start + 4)
    (ffmpeg,) = rig.commands()
    assert callable(fault)
    fault(rig)
    lost = time.time()
    rig.wait(lambda: known(rig, "uid-1") is EventState.RECORDING, "the recording to be known again")
    took = time.time() - lost
    assert [one.pid for one in rig.commands()] == [ffmpeg.pid]
    assert is_whole(content(delivered(rig, server, "uid-1")), 18)
    assert is_whole(content(delivered(rig, server, "uid-2")), 4)
    assert len(server.workflows) == 2
    assert rig.look("past") is None or rig.look("past").recording is None  # type: ignore[union-attr]
    with rig.database.read() as session:
        assert AlarmKind.DATABASE in {one.kind for one in alarms.active(session, time.time())}
    assert bool(damaged(rig)) == (fault is damage)
    well(agent)
    late = began_late(rig, "uid-2") * 1000
    measured(
        f"SQLite file {'deleted' if fault is delete else 'damaged'} while recording",
        f"the same FFmpeg to the end, known again after {took:.1f} s, the next event {late:.0f} ms late,"
        " both delivered once",
    )


def known(rig: Rig, uid: str) -> EventState | None:
    try:
        one = rig.look(uid)
    except Exception:
        # The file may be nowhere at this moment.
        rig.database.dispose()
        return None
    return one.recording.state if one and one.recording else None


def test_a_database_that_is_lost_between_two_runs(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, capture={"max_parallel": 3})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("sent", "Delivered", start, start + 4)
        server.schedule("held", "Paused", start, start + 4)
        server.schedule("open", "Interrupted", start, start + 30)
    rig.wait_for_state("sent", EventState.FINISHED_UPLOADING)
    rig.wait_for_state("held", EventState.FINISHED_UPLOADING)
    kill_all(rig.processes())
    agent.process.wait()
    (rig.folder / "pyca.db").write_bytes(os.urandom(100_000))
    for name in ("pyca.db-wal", "pyca.db-shm"):
        (rig.folder / name).unlink(missing_ok=True)

    again = rig.start("run")
    rig.wait(lambda: known(rig, "open") is EventState.RECORDING, "the recording to go on")
    resumed = time.time() - start
    rig.wait_for_state("open", EventState.FINISHED_UPLOADING)
    for uid in ("sent", "held"):
        rig.wait(lambda uid=uid: known(rig, uid) is EventState.FINISHED_UPLOADING, f"“{uid}” to be known")
    assert sorted(one.package for one in server.workflows) == ["held", "open", "sent"]
    assert damaged(rig)
    well(again)
    assert resumed < 30
    measured(
        "SQLite file damaged before the start",
        "set aside, two delivered recordings known again and not sent again, the interrupted one resumed",
    )


def test_a_recording_that_waits_for_its_delivery(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, ingest={"delay_min": 3600, "delay_max": 3600})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("uid-1", "Waits", start, start + 4)
    rig.wait_for_state("uid-1", EventState.FINISHED_RECORDING)
    agent.end()
    delete(rig)
    event = next(rig.recordings.rglob("event.json"))
    event.write_text(event.read_text().replace('"Waits"', '"Edited by hand"'))
    rig.connect(server.url)
    rig.start("run")
    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert one.event.title == "Edited by hand"
    assert len(server.workflows) == 1
    measured("SQLite file deleted before the start", "found in its folder, delivered once")


def test_what_was_recorded_before_comes_back_and_is_delivered_once(
    server: FakeOpencast, rig: Rig, measured: Measured
) -> None:
    rig.connect(server.url, capture={"max_parallel": 4})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("delivered", "Delivered", start, start + 4)
    rig.wait_for_state("delivered", EventState.FINISHED_UPLOADING)
    server.faults.add("/ingest/", faults.status(503), times=None)
    later = soon(7)  # the calendar is asked for every five seconds
    server.schedule("left", "Left behind", later, later + 4)
    server.schedule("running", "It runs", later, later + 24)
    rig.wait_for_state("left", EventState.FAILED_UPLOADING)
    files = {path: path.stat().st_size for path in rig.recordings.rglob("*.mkv")}
    for name, one in rig.wait_until_up().items():
        if name != "capture":
            continue
        # A crash: the command goes on recording.
        parent = psutil.Process(one.pid).parent()
        assert parent
        # At once, as far as they can see: neither ends its work in order, nor starts the other again.
        parent.suspend()
        for process in [*parent.children(), parent]:
            process.kill()
    agent.process.wait(timeout=60)
    command = command_of(rig, "running")
    assert command
    delete(rig)
    (rig.folder / "pyca.db").write_bytes(os.urandom(100_000))
    server.faults.clear()

    rig.start("run")
    rig.wait(lambda: known(rig, "left") is EventState.FINISHED_UPLOADING, "the one that was left behind")
    rig.wait(lambda: known(rig, "delivered") is EventState.FINISHED_UPLOADING, "the one that was delivered")
    track = delivered(rig, server, "running")
    assert not complaints(track)
    assert {part.pid for part in parts(rig, "running")} == {command.pid}
    assert sorted(one.package for one in server.workflows) == ["delivered", "left", "running"]
    assert len([call for call in server.called("POST", "/ingest/ingest") if call.status == 200]) == 3
    assert all(path.stat().st_size >= size for path, size in files.items())
    assert list(rig.folder.glob("pyca.db.damaged-*"))
    measured("database damaged before the start", "all recordings restored, one workflow each")


@contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """Keep the database for oneself."""
    with closing(sqlite3.connect(rig.folder / "pyca.db", isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def plan(rig: Rig, uid: str, start: float, length: float) -> None:
    with rig.database.write() as session:
        events.add(session, Event(uid, uid, start, start + length))
    ring(rig.database.scope, ServiceName.CAPTURE)


def test_a_locked_database_delays_nothing_but_what_is_written(tmp_path: Path, measured: Measured) -> None:
    """Two agents side by side: one is locked out for a minute, the other one twice for less."""
    with Rig(tmp_path / "long") as long, Rig(tmp_path / "short") as short:
        for rig in (long, short):
            rig.start("run")
        for rig in (long, short):
            rig.wait_until_up()
        start = soon(3)
        for rig, uid, moment in (
            (long, "60 s", start + 5),
            (short, "3 s", start),
            (short, "8 s", start + 12),
        ):
            plan(rig, uid, moment, 4)
        until(start - 1.5)
        with locked(long):
            with locked(short):
                until(start + 1.5)
            until(start + 8)
            with locked(short):
                until(start + 16)
            until(start + 58.5)
        for rig, uid in ((short, "3 s"), (short, "8 s"), (long, "60 s")):
            rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
            late = began_late(rig, uid)
            assert abs(late) < PUNCTUAL
            (part,) = parts(rig, uid)
            assert part.ended is not None
            assert is_whole(part.ended - part.started, 4)
            assert not list(rig.folder.glob("pyca.db.damaged-*"))
            measured(f"database locked for {uid}", f"began {late * 1000:.0f} ms late, nothing lost")
