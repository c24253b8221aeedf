"""Heartbeats written in the background: a locked database must not keep a service from its work."""

import logging
import threading

from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.states import ServiceName, ServiceState
from pyca.store import services
from pyca.store.database import Database

logger = logging.getLogger(__name__)


class Heart:
    """Writes the newest state of a service; older ones that were not written yet are skipped."""

    def __init__(self, name: ServiceName, database: Database, clock: Clock) -> None:
        self._name = name
        self._database = database
        self._clock = clock
        self._changed = threading.Condition()
        self._next: tuple[ServiceState, str] | None = None
        self._closing = False
        self._trouble = False
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
        self._thread.start()

    def beat(self, state: ServiceState, text: str) -> None:
        """Have a state written; returns at once."""
        with self._changed:
            self._next = (state, text)
            self._changed.notify()

    def close(self, patience: float = 2.0) -> None:
        """Write the last state and end.

        :param patience: seconds to wait for a database that does not answer
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or self._closing)
                newest, self._next = self._next, None
            if newest is None:
                return
            self._write(*newest)

    def _write(self, state: ServiceState, text: str) -> None:
        try:
            with self._database.write() as session:
                services.beat(session, self._name, state, text, self._clock.now())
        except StoreError as error:
            if not self._trouble:
                logger.warning("the heartbeat cannot be stored: %s", error)
            self._trouble = True
        except Exception:
            # A heartbeat that fails must never end the service whose life it tells.
            logger.exception("the heartbeat cannot be stored")
        else:
            self._trouble = False
