"""The database is locked, deleted, damaged: recordings begin on time, go on, and are all delivered."""

import os
import sqlite3
import time
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.core.alarm import AlarmKind
from pyca.core.states import EventState
from pyca.store import alarms
from tests.measured import Measured
from tests.system_faults import began_late, content, delivered, kill_all, until
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
    start = soon(4)
    server.schedule("past", "Before", start - 3600, start - 3000)
    server.schedule("uid-1", "In the middle", start, start + 18)
    server.schedule("uid-2", "Afterwards", start + 20, start + 24)
    agent = rig.start("run")
    rig.wait_for_state("uid-1", EventState.RECORDING)
    until(start + 4)
    (ffmpeg,) = rig.commands()
    assert callable(fault)
    fault(rig)
    lost = time.time()
    rig.wait(lambda: known(rig, "uid-1") is EventState.RECORDING, "the recording to be known again", 15)
    took = time.time() - lost
    assert [one.pid for one in rig.commands()] == [ffmpeg.pid]
    assert 17 < content(delivered(rig, server, "uid-1")) < 19
    assert 3 < content(delivered(rig, server, "uid-2")) < 5
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
    rig.connect(server.url)
    start = soon(4)
    server.schedule("sent", "Delivered", start, start + 4)
    server.schedule("held", "Paused", start, start + 4)
    server.schedule("open", "Interrupted", start, start + 30)
    rig.connect(server.url, capture={"max_parallel": 3})
    agent = rig.start("run")
    rig.wait_for_state("sent", EventState.FINISHED_UPLOADING)
    rig.wait_for_state("held", EventState.FINISHED_UPLOADING)
    kill_all(rig.processes())
    agent.process.wait()
    (rig.folder / "pyca.db").write_bytes(os.urandom(100_000))
    for name in ("pyca.db-wal", "pyca.db-shm"):
        (rig.folder / name).unlink(missing_ok=True)

    again = rig.start("run")
    rig.wait(lambda: known(rig, "open") is EventState.RECORDING, "the recording to go on", 20)
    resumed = time.time() - start
    rig.wait_for_state("open", EventState.FINISHED_UPLOADING, 60)
    for uid in ("sent", "held"):
        assert known(rig, uid) is EventState.FINISHED_UPLOADING
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
    start = soon(4)
    server.schedule("uid-1", "Waits", start, start + 4)
    agent = rig.start("run")
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


@pytest.mark.parametrize("seconds", [3, 8, 60])
def test_a_database_that_is_locked(seconds: int, server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    start = soon(6)
    server.schedule("uid-1", "Locked", start, start + min(seconds + 2, 14))
    agent = rig.start("run")
    rig.wait(lambda: rig.has_database() and rig.look("uid-1"), "the schedule")
    until(start - 1.5)
    holder = sqlite3.connect(rig.folder / "pyca.db", isolation_level=None, timeout=5)
    holder.execute("BEGIN IMMEDIATE")
    until(start - 1.5 + seconds)
    running = len(rig.commands())
    holder.execute("ROLLBACK")
    holder.close()
    assert running == (1 if seconds < 60 else 0)
    track = delivered(rig, server, "uid-1", 60)
    planned = min(seconds + 2, 14)
    assert planned - 1.5 < content(track) < planned + 1.5
    well(agent)
    if seconds == 60:
        assert "alarm (database)" in agent.output()
    late = began_late(rig, "uid-1") * 1000
    measured(f"database locked for {seconds} s", f"begun {late:.0f} ms after its start, all written later")
