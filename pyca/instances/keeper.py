"""The thread that looks after the instances."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

PAUSE = 0.5
"""seconds between two looks where nothing happens"""


class Keeper:
    """Looks again and again, and at once where it is called.

    :param look: looks once
    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._bell = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self) -> None:
        """Have it look at once."""
        self._bell.set()

    def close(self) -> None:
        """End."""
        self._ends = True
        self._bell.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._ends:
            self._bell.wait(PAUSE)
            self._bell.clear()
            try:
                self._look()
            except Exception:
                # The others still need it.
                logger.exception("An instance could not be looked after")
