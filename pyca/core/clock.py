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
