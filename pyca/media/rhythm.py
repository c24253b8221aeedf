"""How often something comes that comes again and again."""

from collections import deque
from statistics import median

_REMEMBERED = 9
_ENOUGH = 3
"""Pauses that must have been seen before they tell anything."""
_UNKNOWN = 4.0
"""Seconds that a pause may last before any is known: the keyframe interval of a slow camera."""


class Rhythm:
    """Learns the usual pause between two arrivals, unmoved by a single long one."""

    def __init__(self) -> None:
        self.last: float | None = None
        """monotonic seconds of the latest arrival"""
        self._pauses: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def usual(self) -> float:
        """Seconds between two arrivals."""
        return median(self._pauses) if len(self._pauses) >= _ENOUGH else _UNKNOWN

    def came(self, now: float) -> None:
        """Note an arrival. What comes at the same moment belongs to the same arrival.

        :param now: monotonic seconds
        """
        if self.last is not None and now > self.last:
            self._pauses.append(now - self.last)
        self.last = now
