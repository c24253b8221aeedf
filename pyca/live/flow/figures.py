"""Figures of a running stream: what flows, and what it costs."""

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Sequence

from pyca.live.flow.flv import Kind, Tag
from pyca.runtime.process import usage

_WINDOW = 5.0


class Flow:
    """Frames and bytes per second of the last seconds."""

    def __init__(self) -> None:
        self._rounds: deque[tuple[float, int, int]] = deque()

    def add(self, tags: Sequence[Tag], now: float) -> None:
        """Count what is sent."""
        frames = sum(tag.kind == Kind.VIDEO and not tag.is_setup for tag in tags)
        self._rounds.append((now, sum(len(tag.body) for tag in tags), frames))
        self._forget(now)

    def flows(self, now: float) -> bool:
        """Tell whether anything was sent in the last seconds."""
        self._forget(now)
        return bool(self._rounds)

    def rates(self, now: float) -> tuple[float, float]:
        """Return frames per second and bits per second."""
        self._forget(now)
        if not self._rounds:
            return 0.0, 0.0
        # The first round came at once and tells nothing about the time that it took.
        seconds = now - self._rounds[0][0]
        if seconds < 1:
            return 0.0, 0.0
        rest = list(self._rounds)[1:]
        return sum(one[2] for one in rest) / seconds, sum(one[1] for one in rest) * 8 / seconds

    def _forget(self, now: float) -> None:
        while self._rounds and self._rounds[0][0] < now - _WINDOW:
            self._rounds.popleft()


class Cost:
    """What this process and all below it use."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._at: float | None = None

    def measure(self, now: float) -> tuple[float, int]:
        """Return the percents of one core since the last measurement, and resident bytes."""
        found = {pid: used for pid in (os.getpid(), *descendants()) if (used := usage(pid)) is not None}
        seconds = {pid: used.cpu_seconds for pid, used in found.items()}
        since = now - self._at if self._at is not None else 0.0
        # A process that is new has used all its time since then.
        spent = sum(value - self._seconds.get(pid, 0.0) for pid, value in seconds.items())
        self._seconds, self._at = seconds, now
        percent = 100 * spent / since if since > 0 else 0.0
        return max(percent, 0.0), sum(used.memory for used in found.values())


def descendants(pid: int | None = None) -> Iterator[int]:
    """Yield the children of a process, this one by default, and theirs; none where the system cannot tell."""
    threads = f"/proc/{os.getpid() if pid is None else pid}/task"
    with contextlib.suppress(OSError, ValueError):
        for thread in os.listdir(threads):
            for child in _read(f"{threads}/{thread}/children").split():
                yield int(child)
                yield from descendants(int(child))


def _read(file: str) -> str:
    with open(file, encoding="ascii") as opened:
        return opened.read()
