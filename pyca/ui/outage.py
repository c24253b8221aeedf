"""Tells the log that the database is away, now and then: whoever asks for a page must not fill it."""

import logging
import threading

from pyca.core.clock import Clock
from pyca.core.errors import StoreError

logger = logging.getLogger(__name__)

PERIOD = 60.0
"""Seconds between two lines about requests that failed."""


class Outage:
    """Remembers what the log was told about the database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told = float("-inf")
        self._ready = True

    def failed(self, error: StoreError) -> None:
        """Note that a request could not be answered; the reason is told once in a minute."""
        now = self._clock.monotonic()
        with self._lock:
            if now - self._told < PERIOD:
                return
            self._told = now
        logger.warning("a request could not be answered: %s", error)

    def found(self, error: StoreError | None) -> None:
        """Note what a look at the database found; only a change is told.

        :param error: None where it can be used
        """
        with self._lock:
            changed = self._ready is not (error is None)
            self._ready = error is None
        if changed and error is not None:
            logger.warning("not ready: %s", error)
        elif changed:
            logger.info("ready again: the database can be used")
