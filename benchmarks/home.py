"""A folder with everything that an agent writes, and daemons that live in it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pyca.config import load
from pyca.config.settings import Settings
from pyca.store.database import Database
from pyca.store.upgrade import ensure

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "etc" / "pyca.conf"
READY_SECONDS = 30.0
END_SECONDS = 30.0


class Home:
    """An agent with the shipped configuration; what differs is set by environment variables.

    :param overrides: such as ``PYCA_SERVER_URL``
    """

    def __init__(self, folder: Path, overrides: Mapping[str, str]) -> None:
        self.folder = folder
        self.variables = {
            "PYCA_AGENT_NAME": "benchmark",
            "PYCA_AGENT_DATABASE": f"sqlite:///{folder / 'pyca.db'}",
            "PYCA_CAPTURE_DIRECTORY": str(folder / "recordings"),
            "PYCA_CAPTURE_PREVIEW_DIR": str(folder / "recordings"),
            "PYCA_INGEST_ARCHIVE": str(folder / "archive"),
            "PYCA_UI_PORT": "0",
            **overrides,
        }

    @property
    def settings(self) -> Settings:
        """What the daemons read."""
        return load(CONFIG, self.variables)

    def database(self) -> Database:
        """Return the database with its tables."""
        database = Database(self.settings.agent.database)
        ensure(database)
        return database

    def environ(self) -> dict[str, str]:
        """Return the environment of the daemons; nothing of the caller's changes their configuration."""
        # An installed pyCA has its bytecode; compiling it at each start would be measured otherwise.
        foreign = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("PYCA_") and key != "PYTHONDONTWRITEBYTECODE"
        }
        return {**foreign, **self.variables, "PYTHONPATH": str(ROOT)}

    @contextmanager
    def running(self, command: str) -> Iterator[tuple[int, float]]:
        """Run ``pyca COMMAND`` until the end of the block; give its pid and the seconds until READY."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, (self.folder / "log").open("ab") as log:
            address = self.folder / "notify"
            address.unlink(missing_ok=True)
            ear.bind(str(address))
            environ = self.environ() | {"NOTIFY_SOCKET": str(address)}
            argv = [sys.executable, "-m", "pyca", "--config", str(CONFIG), command]
            began = time.monotonic()
            daemon = subprocess.Popen(argv, cwd=self.folder, env=environ, stdout=log, stderr=log)
            try:
                _await_ready(ear, daemon, self.folder / "log")
                # Nobody listens from now on, and a daemon would wait for a place in a queue that is full.
                ear.close()
                yield daemon.pid, time.monotonic() - began
            finally:
                _end(daemon)


@contextmanager
def home(**overrides: str) -> Iterator[Home]:
    """Make a home and tear it down."""
    with tempfile.TemporaryDirectory(prefix="pyca-benchmark-") as name:
        yield Home(Path(name), overrides)


def wait_for(condition: Callable[[], object], what: str, seconds: float, pause: float = 0.005) -> float:
    """Wait for a condition and return the wall-clock moment at which it was seen true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)
    return time.time()


def _await_ready(ear: socket.socket, daemon: "subprocess.Popen[bytes]", log: Path) -> None:
    ear.settimeout(1.0)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        with suppress(TimeoutError):
            if b"READY=1" in ear.recv(4096):
                return
    said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
    raise RuntimeError(f"the daemon did not become ready: {said}")


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
