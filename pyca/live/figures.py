"""Figures of a running stream: what flows, and what it costs."""

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyca.live.flv import Kind, Tag
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

    def rates(self, now: float) -> tuple[float, float]:
        """Return frames per second and bits per second."""
        self._forget(now)
        if not self._rounds:
            return 0.0, 0.0
        # The first round came at once and tells nothing about the time that it took.
        seconds = now - self._rounds[0][0]
        if seconds < 1:
            return 0.0, 0.0
        _moments, sizes, frames = (
            zip(*list(self._rounds)[1:], strict=True) if len(self._rounds) > 1 else ((),) * 3
        )
        return sum(frames) / seconds, sum(sizes) * 8 / seconds

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


def descendants(pids: Iterable[int] | None = None) -> Iterator[int]:
    """Yield the children of this process, or of others, and theirs; none where the system does not tell."""
    for pid in (os.getpid(),) if pids is None else pids:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                found = [int(word) for word in children.read_text("ascii").split()]
                yield from found
                yield from descendants(found)
