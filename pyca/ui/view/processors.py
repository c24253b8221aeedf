"""How busy processors are: from seconds used so far to a share of the time between two looks."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyca.core.clock import Clock

SHORTEST = 5.0
"""Seconds between two looks; with less the figures jump, and several people would see each their own."""
FORGOTTEN = 120.0
"""Seconds after which an earlier look tells nothing about now."""


@dataclass(frozen=True)
class Reading:
    """What was used so far."""

    used: float
    """seconds of processor"""
    possible: float
    """seconds that have passed; for several processors together, those of all"""


@dataclass
class Processors:
    """Remembers the last look and its result."""

    moment: float = float("-inf")
    readings: Mapping[str, Reading] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, clock: Clock, readings: Mapping[str, Reading]) -> Mapping[str, float]:
        """Return how much of the possible was used since the last look, at first since the beginning.

        :param readings: by a name that tells one process from the next of the same kind
        :return: for each 1 where all was used
        """
        now = clock.monotonic()
        with self.lock:
            if now - self.moment < SHORTEST and readings.keys() <= self.shares.keys():
                return self.shares
            earlier = self.readings if now - self.moment < FORGOTTEN else {}
            self.shares = {name: _share(one, earlier.get(name)) for name, one in readings.items()}
            self.moment, self.readings = now, dict(readings)
            return self.shares


def _share(now: Reading, before: Reading | None) -> float:
    used = now.used - (before.used if before else 0.0)
    possible = now.possible - (before.possible if before else 0.0)
    return max(used, 0.0) / possible if possible > 0 else 0.0
