"""The page as the unit serves it, on loopback, for an agent that has recorded a lot."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.home import ROOT, Home, wait_for
from pyca.core.access import Scope
from pyca.core.event import Event, Origin
from pyca.core.recording import Track
from pyca.core.states import EventState
from pyca.store import recordings, tokens
from pyca.store.database import Database

PASSWORD = "benchmark"


@dataclass(frozen=True)
class Server:
    """Where the page is, and the process to which all others belong."""

    port: int
    pid: int


def ask(port: int, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """Return status and tag of one answer, status 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("ETag", "")
    except OSError:
        return 0, ""
    finally:
        connection.close()


def fill(place: Home, number: int) -> str:
    """Store recorded events, a week of lectures after the other; return a token that may read."""
    now = time.time()
    database = place.database()
    for begin in range(0, number, 500):
        _record(database, place.folder, range(begin, min(begin + 500, number)), now)
    with database.write() as session:
        _, token = tokens.make(session, "admin", Scope.READ, now)
    database.dispose()
    return token


def _record(database: Database, folder: Path, numbers: range, now: float) -> None:
    with database.write() as session:
        for number in numbers:
            start = now - 7200.0 * (number + 1)
            event = Event(f"event-{number}", f"Lecture {number}", start, start + 5400, Origin.LOCAL)
            recordings.begin(session, event, folder / event.uid, start)
            steps = (EventState.FINISHED_RECORDING, EventState.UPLOADING, EventState.FINISHED_UPLOADING)
            for state in steps:
                recordings.set_state(session, event.uid, state, event.end)
            track = Track(
                folder / event.uid / "camera.mkv", "presenter/source", "camera", size=10**9, duration=5400.0
            )
            recordings.close(session, event.uid, event.end, [track])


@contextmanager
def gunicorn(place: Home) -> Iterator[Server]:
    """Serve the page as the unit does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    argv = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "etc" / "gunicorn.conf.py")]
    argv += ["--bind", f"127.0.0.1:{port}", "pyca.ui:app"]
    environ = place.environ() | {"PYCA_CONFIG": str(ROOT / "etc" / "pyca.conf")}
    with (place.folder / "log").open("ab") as log:
        server = subprocess.Popen(argv, cwd=place.folder, env=environ, stdout=log, stderr=log)
    try:
        wait_for(lambda: ask(port, "/health/ready", {})[0] == 200, "the page", 30.0)
        yield Server(port, server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
