"""What the ingest service spends on sending one large file to a server in another process."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Row
from benchmarks.home import Home, wait_for
from benchmarks.processes import cpu_split, forget_peak, peak, resident
from benchmarks.server import served
from pyca.core.event import Event, Origin
from pyca.core.recording import Track
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import recordings
from pyca.store.database import Database

GIB = 2**30
PIECE = 2**22
PATIENCE = 120.0


def measure(quick: bool) -> Iterator[Row]:
    size = GIB // 8 if quick else GIB
    cpu, user, system, peaks, idle = [], [], [], [], 0.0
    with served() as (server, place):
        database = place.database()
        with place.running("ingest") as (pid, _):
            idle = resident(pid)
            for number in range(1 if quick else 3):
                forget_peak(pid)
                before = cpu_split(pid)
                _deliver(place, database, f"large-{number}", size)
                after = cpu_split(pid)
                user.append((after[0] - before[0]) * GIB / size)
                system.append((after[1] - before[1]) * GIB / size)
                cpu.append(user[-1] + system[-1])
                peaks.append(peak(pid))
                server.workflows[-1].elements[-1].file.path.unlink()
        database.dispose()
    yield Row("upload: agent CPU per GiB", "0.31 s", 0.30, "s", tuple(cpu))
    yield Row("upload: of it in user mode", "–", None, "s", tuple(user))
    yield Row("upload: of it in the kernel", "–", None, "s", tuple(system))
    yield Row("upload: peak RSS of pyca ingest", "64 MiB", 60.0, "MiB", tuple(peaks))
    yield Row("upload: RSS of pyca ingest before", "–", None, "MiB", (idle,))


def _deliver(place: Home, database: Database, uid: str, size: int) -> None:
    """Leave a recording of one file for the service and wait until it has been delivered."""
    folder = place.folder / "recordings" / uid
    folder.mkdir(parents=True)
    file = folder / "large.mkv"
    _write(file, size)
    now = time.time()
    event = Event(uid=uid, title=uid, start=now - 60, end=now - 1, origin=Origin.LOCAL)
    track = Track(path=file, flavor="presenter/source", size=size)
    with database.write() as session:
        recordings.begin(session, event, folder, event.start)
        recordings.close(session, uid, event.end, [track])
        recordings.set_state(session, uid, EventState.FINISHED_RECORDING, event.end)
    ring(database.scope, ServiceName.INGEST)
    wait_for(lambda: _state(database, uid) is EventState.FINISHED_UPLOADING, "the upload", PATIENCE, 0.05)
    file.unlink()


def _write(file: Path, size: int) -> None:
    """Write a file as a recorder does: not sparse, and fresh in the kernel's cache."""
    piece = os.urandom(PIECE)
    with file.open("wb") as stream:
        for _ in range(size // PIECE):
            stream.write(piece)


def _state(database: Database, uid: str) -> EventState | None:
    with database.read() as session:
        recording = recordings.get(session, uid)
    return recording.state if recording else None
