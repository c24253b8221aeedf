"""When tokens and logins were used last: noted now and then, in the background, and never waited for."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from pyca.core.errors import StoreError
from pyca.store.database import Database

logger = logging.getLogger(__name__)

PERIOD = 600.0
"""Seconds between two notes of the same thing."""
_MOST = 1000

Note = Callable[[Session, str, float], None]


class Traces:
    """Writes moments of use. A locked database costs a note, never a request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, float] = {}
        self._writer: threading.Thread | None = None

    def note(self, id_: str, before: float | None, now: float, write: Note) -> None:
        """Have a use noted where the last note is old; returns at once.

        :param before: the moment that is stored
        :param write: stores the new one
        """
        if before is not None and 0 <= now - before < PERIOD:
            return
        with self._lock:
            if 0 <= now - self._noted.get(id_, -PERIOD) < PERIOD or self._is_busy():
                return
            if len(self._noted) >= _MOST:
                self._noted.clear()
            self._noted[id_] = now
            self._writer = threading.Thread(
                target=self._write, args=(id_, now, write), name="traces", daemon=True
            )
            self._writer.start()

    def settle(self) -> None:
        """Wait until what is being noted is stored."""
        if self._writer is not None:
            self._writer.join()

    def _is_busy(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _write(self, id_: str, now: float, write: Note) -> None:
        try:
            with self._database.write() as session:
                write(session, id_, now)
        except StoreError as error:
            logger.debug("a use could not be noted: %s", error)
