"""The daemons under test: one supervisor with its services, started again whenever it was killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from benchmarks.home import CONFIG, Home
from pyca.core.errors import StoreError
from pyca.core.states import ServiceName
from pyca.store import services
from pyca.store.database import Database

PICTURE = "testsrc2=s=160x90:r=10"
"""By this the capture commands are told from FFmpeg's other work."""
COMMAND = (
    f"ffmpeg -nostats -hide_banner -loglevel warning -re -f lavfi -i {PICTURE}"
    " -re -f lavfi -i sine=f=440:r=16000 -map 0:v -map 1:a"
    " -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g 10 -pix_fmt yuv420p"
    " -c:a aac -b:a 32k -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
)
SERVICES = (ServiceName.SCHEDULE, ServiceName.CAPTURE, ServiceName.INGEST, ServiceName.AGENTSTATE)
END_SECONDS = 60.0


def overrides() -> dict[str, str]:
    """Return what differs from the shipped configuration."""
    return {
        "PYCA_AGENT_UPDATE_FREQUENCY": "5",
        "PYCA_CAPTURE_COMMAND": COMMAND,
        "PYCA_CAPTURE_FILES": "{{dir}}/{{name}}.mkv",
        "PYCA_CAPTURE_PREVIEW": "",
        "PYCA_CAPTURE_MAX_PARALLEL": "2",
        "PYCA_CAPTURE_MINIMUM_FREE": "0",
        "PYCA_CAPTURE_SIGKILL_TIME": "13",
        "PYCA_SERVER_CONNECT_TIMEOUT": "2",
        "PYCA_SERVER_STALL_TIMEOUT": "4",
    }


class Agent:
    """``pyca run`` in a home.

    :param database: the agent's, as another process sees it
    """

    def __init__(self, place: Home, database: Database) -> None:
        self.place = place
        self.database = database
        self.starts = 0
        self._began = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the daemons said so far."""
        return (self.place.folder / "log").read_text("utf-8", "replace")

    @property
    def supervisor(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the supervisor, again where it has ended."""
        argv = [sys.executable, "-m", "pyca", "--config", str(CONFIG), "run"]
        with (self.place.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                cwd=self.place.folder,
                env=self.place.environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        self._began = time.monotonic()

    def follow(self) -> None:
        """Start the supervisor where it is gone, as an init system would."""
        gone = self._process is None or self._process.poll() is not None
        if gone and time.monotonic() > self._began + 1.0:
            self.start()

    def kill(self) -> None:
        """Kill the supervisor."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def end(self) -> int | None:
        """Ask everything to end; return the exit code, None where it had to be killed."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def pids(self) -> dict[str, int]:
        """Return the services that run under the present supervisor and have reported."""
        try:
            with self.database.read() as session:
                known = services.statuses(session, time.time())
        except StoreError:
            return {}
        mine = {process.pid for process in self._children()}
        return {str(one.name): one.pid for one in known if one.name in SERVICES and one.pid in mine}

    def recorders(self) -> Iterator[tuple[psutil.Process, str]]:
        """Yield the running capture commands with the file that each writes."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if PICTURE in words and words[-1].startswith(str(self.place.folder)):
                    yield process, words[-1]

    def _children(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return psutil.Process(self.supervisor).children()
        return []


def send(pid: int, number: int) -> bool:
    """Send a signal; False where nobody is there to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
