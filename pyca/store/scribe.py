"""Writes to the database, in order, without ever keeping recorder or streamer waiting."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pyca.core.errors import PycaError, StoreError
from pyca.core.states import ServiceName
from pyca.runtime.bell import ring
from pyca.store.database import Database

logger = logging.getLogger(__name__)

Work = Callable[[Session], object]

PAUSE = 1.0
"""Seconds between two tries while the database is locked, full or away."""


@dataclass(frozen=True)
class _Item:
    work: Work
    wake: tuple[ServiceName, ...]
    then: Callable[[], None] | None


class Scribe:
    """One thread that carries out database work in the order in which it came.

    While the database is locked or away the work waits; it is never dropped while the service lives.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._work: queue.Queue[_Item | None] = queue.Queue()
        self._closing = threading.Event()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def put(
        self, work: Work, wake: Iterable[ServiceName] = (), then: Callable[[], None] | None = None
    ) -> None:
        """Have something written soon.

        :param wake: the services that want to know
        :param then: what may be done only once it is written
        """
        self._work.put(_Item(work, tuple(wake), then))

    @property
    def trouble(self) -> str:
        """Why nothing can be written now, empty where all is well."""
        return self._trouble

    def close(self, patience: float = 15.0) -> None:
        """Write what is still there and end.

        :param patience: seconds to wait for a database that does not answer
        """
        self._work.put(None)
        self._closing.set()
        self._thread.join(patience)
        if self._thread.is_alive():
            logger.error("the database did not take the last %d changes", self._work.qsize())

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            tries = 0
            while not self._carry_out(item):
                tries += 1
                if self._closing.wait(PAUSE) and tries > 1:
                    break

    def _carry_out(self, item: _Item) -> bool:
        """Do one piece of work and what follows it; False where the database is not to be had now."""
        written = self._write(item.work)
        if written is None:
            return False
        for service in item.wake:
            ring(self._database.scope, service)
        if written and item.then:
            self._follow_up(item.then)
        return True

    def _follow_up(self, then: Callable[[], None]) -> None:
        try:
            then()
        except Exception:
            # As below: a file that cannot be deleted must not end the only thread that writes.
            logger.exception("what follows a change was not done")

    def _write(self, work: Work) -> bool | None:
        """Write to the database; False where that will never succeed, None where it may later."""
        try:
            with self._database.write() as session:
                work(session)
        except StoreError as error:
            if not self._trouble:
                logger.error("%s; work goes on, the change is written later", error)
            self._trouble = error.message
            return None
        except PycaError as error:
            logger.error("a change was not stored: %s", error)
            return False
        except Exception:
            # The scribe outlives any single mistake: the next recording must still be noted.
            logger.exception("a change was not stored")
            return False
        self._trouble = ""
        return True
