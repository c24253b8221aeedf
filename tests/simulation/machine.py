"""The machine under the agent: its time, its processes, its disks, and who is running on it now."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools import FakeClock

RECORD = 24
"""bytes that a command writes for each second"""
PLENTY = 10**12


class Killed(BaseException):
    """The service that runs now is gone, as by SIGKILL: nothing of it is carried out any more."""


@dataclass
class Process:
    """A capture command: one record a second into one file."""

    pid: int
    born: float
    uid: str
    input: str
    path: Path
    descriptor: int
    log: str = ""
    alive: bool = True
    code: int | None = None
    frozen: bool = False
    immortal: bool = False
    """not even SIGKILL ends it"""
    leaving: bool = False
    """somebody asked it to end"""
    dies_at: float = float("inf")
    exit_code: int = 0
    seconds: int = 0
    """how many seconds it has lived, recorded or not"""
    serials: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    @property
    def recording(self) -> bool:
        return self.alive and not self.frozen and not self.leaving


class Machine:
    """Time passes only here, and commands write while it does."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng = rng
        self.folder = folder
        self.clock = FakeClock()
        self.processes: list[Process] = []
        self.serial = 0
        self.full = False
        self.cannot_start = False
        self.fuse: tuple[str, int] | None = None
        """who dies, and after how many more points"""
        self.running = ""
        """the service that is on its turn"""
        self.overlap: Callable[[str], None] = lambda text: None
        self.fallback = folder / "fallback"
        self.apart: dict[str, str] = {}
        """the ids that recordings get that are set apart from their event → its own"""
        self.started: Callable[[Process], None] = lambda process: None
        self.spare: Callable[[], None] = lambda: None
        """what other threads may do while a service looks at the database"""

    @property
    def mono(self) -> float:
        return self.clock.monotonic()

    def point(self) -> None:
        """A moment at which the service on its turn may die."""
        if self.fuse and self.fuse[0] == self.running:
            self.fuse = (self.running, self.fuse[1] - 1)
            if self.fuse[1] <= 0:
                self.fuse = None
                raise Killed

    def alive(self) -> list[Process]:
        return [process for process in self.processes if process.alive]

    def next_death(self) -> float:
        return min((process.dies_at for process in self.processes if process.alive), default=float("inf"))

    def advance(self, to: float) -> bool:
        """Let time pass; True where a command ended."""
        deaths = False
        self.clock.move(max(to - self.mono, 0.0))
        now = self.mono
        for process in self.alive():
            self._write(process, min(now, process.dies_at))
            if process.dies_at <= now:
                self.end(process, process.exit_code)
                deaths = True
        return deaths

    def end(self, process: Process, code: int) -> None:
        process.alive, process.code = False, code

    def _write(self, process: Process, until: float) -> None:
        lived = int(until - process.born)
        lines = []
        for second in range(process.seconds + 1, lived + 1):
            if process.frozen:
                continue
            if self.full and self.fallback not in process.path.parents:
                self._no_space(process)
                continue
            self.serial += 1
            process.serials.append(self.serial)
            process.moments.append(process.born + second)
            lines.append(f"{process.uid:>8} {process.input:>4} {self.serial:09d}\n")
        process.seconds = max(process.seconds, lived)
        if lines:
            os.write(process.descriptor, "".join(lines).encode("ascii"))

    def _no_space(self, process: Process) -> None:
        process.log = "av_interleaved_write_frame(): No space left on device"
        if process.dies_at == float("inf"):
            process.dies_at, process.exit_code = self.mono + self.rng.uniform(0.1, 2), 1

    def spawn(self, path: Path, uid: str, source: str, seconds: float | None) -> Process:
        """Start a command."""
        for other in self.alive():
            same = (other.path.parent.name, other.input) == (path.parent.name, source)
            if same and not other.leaving and not other.immortal:
                self.overlap(f"two commands at once: {uid} {source}: pid {other.pid} still records")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        used = {process.pid for process in self.alive()}
        pid = self.rng.choice([number for number in range(100, 120) if number not in used])
        process = Process(pid, self.mono, uid, source, path, descriptor)
        if seconds is not None:
            process.dies_at = self.mono + seconds + self.rng.uniform(0, 0.8)
        self.processes.append(process)
        self.started(process)
        return process

    def power_cut(self) -> None:
        """End everything; of the last five seconds nobody knows how much has reached the disk."""
        now = self.mono
        for process in self.processes:
            recent = sum(moment > now - 5 for moment in process.moments)
            lost = self.rng.randint(0, recent)
            if lost:
                del process.serials[-lost:], process.moments[-lost:]
                os.ftruncate(process.descriptor, len(process.serials) * RECORD)
            if process.alive:
                self.end(process, -9)

    def free_bytes(self, folder: Path) -> int:
        spare = self.fallback == folder or self.fallback in folder.parents
        return 0 if self.full and not spare else PLENTY

    def close(self) -> None:
        for process in self.processes:
            os.close(process.descriptor)
