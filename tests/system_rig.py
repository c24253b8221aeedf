"""A capture agent made of real parts: its configuration, its daemons as processes, the clean-up after them.

In a test::

    rig.configure(agent={"update_frequency": 5}, server={"url": server.url})
    agent = rig.start("run")
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    agent.end()

Everything that a rig starts carries a mark in its environment, and so do all descendants: whatever bears it
at the end of a test is an orphan, and the test fails.
"""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Self

import psutil
from opencast_server import FakeOpencast, faults

from pyca.cli.records import Known, look
from pyca.core.errors import StoreError
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.store import services
from pyca.store.database import Database
from pyca.store.services import ServiceStatus
from pyca.store.upgrade import version
from tests.tools import free_port, wait_for

ROOT = Path(__file__).parent.parent
AGENT = (ServiceName.SCHEDULE, ServiceName.CAPTURE, ServiceName.INGEST, ServiceName.AGENTSTATE)
MARK = "PYTEST_RIG"
CAMERA = (
    "ffmpeg -nostats -hide_banner -loglevel warning -re -f lavfi -i testsrc2=s=160x120:r=25"
    " -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p"
    " -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
)
"""A command that costs next to nothing."""


def soon(seconds: float) -> float:
    """Return a full second, as calendars have them, at least so many seconds from now."""
    return float(math.ceil(time.time() + seconds))


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Daemon:
    """A command that goes on in the background."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text("utf-8", "replace")

    def says(self, text: str, seconds: float = 60.0) -> None:
        """Wait until it says something."""
        wait_for(lambda: text in self.output(), f"“{text}” in {self.log.name}", seconds)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)


@dataclass
class Rig:
    """One agent in a folder of its own."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    daemons: list[Daemon] = field(default_factory=list)
    companions: list[subprocess.Popen[bytes]] = field(default_factory=list)
    database_url: str = ""
    surroundings: dict[str, str] = field(default_factory=dict)
    """more environment for everything that is started"""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "pyca.conf"
        self.port = free_port()
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'pyca.db'}"
        self._database: Database | None = None
        self.configure()

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def database(self) -> Database:
        """The agent's database, as another process sees it."""
        if self._database is None:
            self._database = Database(self.database_url)
        return self._database

    def let_go(self) -> None:
        """Close the database; it is opened again when it is looked at."""
        if self._database:
            self._database.dispose()
            self._database = None

    def configure(
        self, inputs: Mapping[str, Mapping[str, object]] | None = None, **sections: Mapping[str, object]
    ) -> None:
        """Write the configuration: what every test wants, and what is given on top."""
        common: dict[str, dict[str, object]] = {
            "agent": {"name": "room", "update_frequency": 5, "database": self.database_url},
            "capture": {
                "directory": self.recordings,
                "preview_dir": self.folder / "previews",
                "command": CAMERA,
                "files": "{{dir}}/{{name}}.mkv",
                "minimum_free": 0,
            },
            "ingest": {"archive": self.archive},
            "ui": {"port": self.port, "password": "geheim"},
        }
        lines = []
        for name in {**common, **sections}:
            lines += [f"[{name}]", *_keys({**common.get(name, {}), **sections.get(name, {})})]
        lines += ["[inputs]"] if inputs else []
        for name, one in (inputs or {}).items():
            lines += [f"[[{name}]]", *_keys(one)]
        self.file.write_text("\n".join(lines) + "\n", "utf-8")
        self.file.chmod(0o600)

    def connect(
        self, url: str, inputs: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]
    ) -> None:
        """Configure the agent of a server."""
        server = {"url": url, "username": "admin", "password": "opencast", "connect_timeout": 2}
        self.configure(inputs, server={**server, **sections.pop("server", {})}, **sections)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of everything that this rig starts."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYCA_", "NOTIFY_"))}
        return {**kept, "PYTHONPATH": str(ROOT), MARK: self.mark, **self.surroundings, **more}

    def start(self, *arguments: str, **environment: str) -> Daemon:
        """Start a pyca command in the background."""
        log = self.folder / f"{len(self.daemons) + 1}-{'-'.join(arguments[:1])}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._argv(arguments),
                cwd=self.folder,
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.daemons.append(Daemon(process, log))
        return self.daemons[-1]

    @contextmanager
    def up(self, server: FakeOpencast) -> Iterator[Daemon]:
        """Have all services run but wait for the calendar, which is asked for what the block has scheduled.

        However long the services take to start, no event has begun before they know of it.
        """
        asked, scheduled = Event(), Event()

        def hold(environ: faults.Environ, handler: faults.Handler) -> faults.Answer:
            asked.set()
            scheduled.wait(60)
            return handler(environ)

        server.faults.add("/recordings/calendars", hold)
        try:
            daemon = self.start("run")
            self.wait(asked.is_set, "the question for the calendar")
            self.wait_until_up([name for name in AGENT if name is not ServiceName.SCHEDULE])
            yield daemon
        finally:
            scheduled.set()

    def run(self, *arguments: str) -> Ended:
        """Run a pyca command to its end."""
        done = subprocess.run(
            self._argv(arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def accompany(self, argv: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        """Start something of the room that is no part of the agent: a camera, a screen."""
        log = self.folder / f"companion-{len(self.companions) + 1}.log"
        with log.open("wb") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, **more}
            self.companions.append(subprocess.Popen(argv, **streams))
        return self.companions[-1]

    def look(self, uid: str) -> Known | None:
        """Return what the agent knows about an event."""
        return look(self.database, uid) if self.has_database() else None

    def has_database(self) -> bool:
        """Tell whether the agent has got as far as having its tables."""
        if self.database.file and not self.database.file.exists():
            return False
        try:
            return version(self.database) is not None
        except StoreError:
            # It is just being made: whoever makes it holds it alone for a moment.
            return False

    def wait_for_state(self, uid: str, state: EventState, seconds: float = 90.0) -> Known:
        """Wait until an event has a state; fail at once where it has come to another end."""

        def reached() -> Known | None:
            one = self.look(uid)
            return one if one and one.state is state else None

        try:
            return wait_for(reached, f"event {uid} to be {state}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.look(uid)}") from None

    def wait(self, condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        """Wait for anything else."""
        wait_for(condition, what, seconds)

    def wait_until_up(self, names: Sequence[ServiceName] = AGENT) -> dict[str, ServiceStatus]:
        """Wait until services have reported, and return what they say."""

        def alive() -> dict[str, ServiceStatus]:
            if not self.has_database():
                return {}
            with self.database.read() as session:
                known = {one.name: one for one in services.statuses(session, time.time())}
            mine = {name: known[name] for name in names if name in known}
            stopped = any(one.state is ServiceState.STOPPED for one in mine.values())
            running = len(mine) == len(names) and not stopped
            return {str(name): one for name, one in mine.items()} if running else {}

        return wait_for(alive, f"services {', '.join(names)}")

    def processes(self) -> list[psutil.Process]:
        """Return all processes that this rig's commands and their descendants have become."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def commands(self, program: str = "ffmpeg") -> list[psutil.Process]:
        """Return the running capture commands."""
        return [process for process in self.processes() if process.name() == program]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for daemon in reversed(self.daemons):
            try:
                daemon.end()
            except subprocess.TimeoutExpired:
                daemon.process.kill()
                daemon.process.wait()
        orphans = self.processes()
        seen = [f"{one.pid} {one.name()}" for one in orphans]
        for orphan in orphans:
            orphan.kill()
        for companion in self.companions:
            companion.kill()
            companion.wait()
        self.let_go()
        self._show()
        assert not seen, f"left behind: {seen}"
        for daemon in self.daemons:
            assert "Traceback" not in daemon.output(), f"a traceback in {daemon.log.name}"

    def _show(self) -> None:
        """Print all logs: pytest shows them where the test fails."""
        for log in [*sorted(self.folder.glob("*.log")), *sorted(self.recordings.rglob("*.log"))]:
            sys.stdout.write(f"--- {log.relative_to(self.folder)}\n{log.read_text('utf-8', 'replace')}\n")

    def _argv(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "pyca", "--config", str(self.file), *arguments]


def ffprobe(file: Path) -> tuple[list[str], float]:
    """Return the kinds of streams in a file and its duration in seconds, by FFmpeg's own judgement."""
    program = shutil.which("ffprobe") or "ffprobe"
    entries = "stream=codec_type:format=duration"
    argv = [program, "-v", "error", "-show_entries", entries, "-of", "json", str(file)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return [one["codec_type"] for one in found["streams"]], float(found["format"]["duration"])


def _keys(values: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_text(value)}" for key, value in values.items()]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"'{item}'" for item in value)
    text = str(value)
    return f"'''{text}'''" if "'" in text or '"' in text else f"'{text}'"
