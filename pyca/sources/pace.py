"""When the next frame of a camera without hardware is due: on a schedule of its own that does not drift."""

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol

from pyca.core.clock import Clock, SteadyClock

_NANOSECONDS = 1_000_000_000
_APART = 1.0
"""seconds by which the machine's clock may differ before it is agreed with again"""
_GRACE = 0.05
"""seconds that a frame waits to be asked for: who is held up for a moment loses none and keeps the rate"""


class Schedule(Protocol):
    """Says when frames are due, in seconds after the first."""

    def due(self, number: int) -> float:
        """Return when a frame is due."""

    def newest(self, seconds: float) -> int:
        """Return the number of the newest frame that is due by then."""


class Even:
    """The same time between all frames.

    :param rate: frames per second, more than 0
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def due(self, number: int) -> float:
        """Return when a frame is due."""
        return number / self._rate

    def newest(self, seconds: float) -> int:
        """Return the number of the newest frame that is due by then."""
        return int(seconds * self._rate)


class Recorded:
    """The times between frames as they were when these were recorded, again and again.

    :param moments: seconds, ascending, the first is 0
    :param round_seconds: from the first frame to the first frame of the next round
    """

    def __init__(self, moments: Sequence[float], round_seconds: float) -> None:
        self._moments = moments
        self._round = round_seconds

    def due(self, number: int) -> float:
        """Return when a frame is due."""
        rounds, place = divmod(number, len(self._moments))
        return rounds * self._round + self._moments[place]

    def newest(self, seconds: float) -> int:
        """Return the number of the newest frame that is due by then."""
        rounds = int(seconds / self._round)
        place = bisect_right(self._moments, seconds - rounds * self._round)
        return rounds * len(self._moments) + place - 1


class Pace:
    """Waits for the frames of a schedule and skips those that nobody asked for in time.

    All moments are reckoned from the first one, so that small delays never add up. Where the machine's clock
    is set by more than a second the times of the frames follow it; they never go back.

    :param schedule: None: each frame is due when it is asked for
    :param wait: waits as :func:`time.sleep` does
    :param count: frames altogether, None for no end
    """

    def __init__(
        self,
        schedule: Schedule | None,
        clock: Clock,
        wait: Callable[[float], None] = time.sleep,
        count: int | None = None,
    ) -> None:
        self._schedule = schedule
        self._last_number = math.inf if count is None else count - 1
        self._clock = SteadyClock(clock)
        self._wait = wait
        self._next = 0
        self._last = 0
        self._start = 0.0
        self._begin = 0
        self.lost = 0
        """frames of the schedule that were skipped"""

    def begin(self) -> None:
        """Begin: the first frame is due now."""
        self._clock.agree()
        self._start = self._clock.monotonic()
        self._begin = int(self._clock.now() * _NANOSECONDS)
        self._next = self._last = self.lost = 0

    def next(self, timeout: float) -> int | None:
        """Wait for the next frame and return its number; None where none is due within ``timeout`` s."""
        if self._next > self._last_number:
            self._wait(timeout)
            return None
        if self._schedule is None:
            self._next += 1
            return self._next - 1
        due = self._start + self._schedule.due(self._next)
        end = self._clock.monotonic() + timeout
        while (now := self._clock.monotonic()) < due:
            if now >= end:
                return None
            self._wait(min(due, end) - now)
        number = self._next
        if now - due > _GRACE:
            number = max(number, int(min(self._schedule.newest(now - self._start), self._last_number)))
        self.lost += number - self._next
        self._next = number + 1
        return number

    def nanoseconds(self, number: int) -> int:
        """Return when a frame was due, since 1970 UTC; later than that of any frame before."""
        if self._schedule is None:
            seconds = self._clock.monotonic() - self._start
        else:
            seconds = self._schedule.due(number)
        self._agree()
        self._last = max(self._last + 1, self._begin + int(seconds * _NANOSECONDS))
        return self._last

    def _agree(self) -> None:
        """Follow a clock that was set: a machine without a battery gets to know the time after its start."""
        apart = self._clock.outside(0.0)
        if abs(apart) > _APART:
            self._clock.agree()
            self._begin += int(apart * _NANOSECONDS)
