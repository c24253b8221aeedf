"""Growing pauses for those who try passwords. It is kept in memory: an attacker must not make us write."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from pyca.core.clock import Clock

CAPACITY = 4096
"""Keys that are remembered; those that failed longest ago are forgotten first."""


@dataclass(frozen=True)
class Limit:
    """How patient to be."""

    free: int
    """failures without a pause"""
    longest: float
    """seconds of the longest pause; a key that is silent for four times as long is forgotten"""


class Patience:
    """Counts failures per key and says how long to wait."""

    def __init__(self, clock: Clock, limit: Limit) -> None:
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """how many, and the moment of the last one; the oldest first"""

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, key: str) -> float:
        """Return the seconds until a key may try again, 0 where it may now."""
        with self._lock:
            count, last = self._known(key)
            return max(last + self._pause(count) - self._clock.monotonic(), 0.0)

    def failed(self, key: str) -> int:
        """Note a failure; return how many there are now."""
        with self._lock:
            count = self._known(key)[0] + 1
            self._failures[key] = (count, self._clock.monotonic())
            self._failures.move_to_end(key)
            while len(self._failures) > CAPACITY:
                self._failures.popitem(last=False)
            return count

    def forget(self, key: str) -> int:
        """Forget the failures of a key; return how many there were."""
        with self._lock:
            count = self._known(key)[0]
            self._failures.pop(key, None)
            return count

    def forgive(self, key: str, number: int) -> None:
        """Forget some of the failures of a key."""
        with self._lock:
            count, last = self._known(key)
            if count > number:
                self._failures[key] = (count - number, last)
            else:
                self._failures.pop(key, None)

    def _known(self, key: str) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        return (0, 0.0) if self._clock.monotonic() - last > 4 * self._limit.longest else (count, last)

    def _pause(self, count: int) -> float:
        if count < self._limit.free:
            return 0.0
        # The exponent is bounded: nobody needs the number 2 to the power of a million.
        return float(min(2.0 ** min(count - self._limit.free + 1, 30), self._limit.longest))
