"""A running stream as a test sees it: what it says, what it started, what it lets slip."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.system_rig import Daemon, Rig
from tests.tools import free_port, wait_for

Status = dict[str, Any]
TINY = ("--resolution", "240p", "--bitrate", "400k")


@dataclass
class Stream:
    """A ``pyca stream`` that runs."""

    rig: Rig
    daemon: Daemon
    seen: set[str] = field(default_factory=set)
    """command lines and environments of everything it has started, as anybody could see them"""

    @classmethod
    def start(cls, rig: Rig, *words: str, **environment: str) -> "Stream":
        """Start one; it tells by JSON how it does."""
        return cls(rig, rig.start("stream", "--json", *words, **environment))

    def lines(self, kind: str) -> list[Status]:
        """Return what it has told: “status” or “event”, oldest first."""
        found = []
        for line in self.daemon.output().splitlines():
            with suppress(ValueError):
                one = json.loads(line)
                if isinstance(one, dict) and one.get("type") == kind:
                    found.append(one)
        return found

    @property
    def status(self) -> Status:
        """The last status, empty before the first."""
        return (self.lines("status") or [{}])[-1]

    def link(self, number: int = 0) -> Status:
        """Return how a destination does."""
        links = self.status.get("links") or []
        return dict(links[number]) if len(links) > number else {}

    def wait(self, condition: Callable[[Status], object], what: str, seconds: float = 40.0) -> Status:
        """Wait until a status is as wanted, and return it."""

        def met() -> Status | None:
            assert self.daemon.process.poll() is None, f"the stream ended:\n{self.daemon.output()}"
            told = self.status
            return told if told and condition(told) else None

        try:
            return wait_for(met, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the last status is {self.status}") from None

    def watch(self) -> None:
        """Note what anybody on this machine can see of it at this moment."""
        self.seen |= seen(self.rig)

    def camera(self) -> psutil.Process:
        """Return the process that makes pictures and sound: the one that encodes.

        The standby picture's may still be on its way out.
        """
        found = wait_for(lambda: len(some := encoders(self.rig)) == 1 and some, "a camera process alone")
        return found[0]

    def end(self, number: int = signal.SIGINT) -> int:
        """Ask it to end, as Ctrl-C does, and return its exit code."""
        return self.daemon.end(number)


def encoders(rig: Rig) -> list[psutil.Process]:
    """Return the FFmpeg processes that make pictures: those with an input of their own, none that relays."""
    found = []
    for process in rig.commands():
        with suppress(psutil.Error):
            if process.cmdline()[-1:] == ["pipe:1"]:
                found.append(process)
    return found


def relays(rig: Rig) -> list[psutil.Process]:
    """Return the FFmpeg processes that send or write what they are given."""
    found = []
    for process in rig.commands():
        with suppress(psutil.Error):
            words = process.cmdline()
            if "pipe:0" in words and words[-1] != "pipe:1":
                found.append(process)
    return found


def seen(rig: Rig) -> set[str]:
    """Return command lines and environments of a rig's processes."""
    found = set()
    for process in rig.processes():
        with suppress(psutil.Error):
            found.add(" ".join(process.cmdline()))
            found.add(" ".join(f"{name}={value}" for name, value in process.environ().items()))
    return found


def files_with(folder: Path, secret: str, *ending: str) -> list[str]:
    """Return the files below a folder that hold a secret.

    :param ending: those that may
    """
    wanted = secret.encode()
    return [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(ending or (".never",)) and wanted in file.read_bytes()
    ]


@dataclass
class Box:
    """A ``pyca live`` that runs, and its interface."""

    rig: Rig
    port: int = field(default_factory=free_port)
    daemon: Daemon | None = None

    def start(self, *words: str) -> Daemon:
        """Start it, again or for the first time, and wait until it answers."""
        self.daemon = daemon = self.rig.start("live", "--port", str(self.port), *words)

        def answers() -> bool:
            assert daemon.process.poll() is None, daemon.output()
            code, told = self.ask("GET", "status")
            # It answers before the streamer has reported for the first time.
            return code == 200 and "error" not in told

        wait_for(answers, "the live service to answer")
        return daemon

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Status]:
        """Send one request; return code and JSON, code 0 where nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/livebox/v1/{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _json(error.read())
        except OSError:
            return 0, {}

    def state(self) -> str:
        """Return the state of the streamer, as the interface tells it."""
        return str(self.ask("GET", "status")[1].get("status", ""))

    def wait_for_state(self, state: str, seconds: float = 40.0) -> None:
        """Wait until it has a state."""
        wait_for(lambda: self.state() == state, f"the stream to be {state}, it is {self.state()}", seconds)

    def kill(self) -> None:
        """Kill the service as a crash would; its children are left to themselves."""
        assert self.daemon
        self.daemon.process.kill()
        self.daemon.process.wait()


def _json(body: bytes) -> Status:
    found = json.loads(body) if body else {}
    return found if isinstance(found, dict) else {"list": found}
