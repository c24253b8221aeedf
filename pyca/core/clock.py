"""Time as an argument, so that tests own it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Waiting is the service loop's business."""

    def now(self) -> float:
        """Return seconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump, for measuring lengths."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds since 1970 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()


class SteadyClock:
    """A clock that agrees with another one at first and takes no part when that one is set.

    What has begun is measured with it: a lecture does not become shorter because the machine's clock is
    corrected in its middle.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = 0.0
        self.agree()

    def agree(self) -> None:
        """Agree with the other clock again."""
        self._offset = self._clock.now() - self._clock.monotonic()

    def now(self) -> float:
        """Return seconds since 1970 UTC, as the other clock would without having been set."""
        return self._clock.monotonic() + self._offset

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self._clock.monotonic()

    def outside(self, moment: float) -> float:
        """Return what the other clock will show at a moment of this one."""
        return moment + self._clock.now() - self.now()
