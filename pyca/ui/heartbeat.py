"""The page's sign of life: a row in the database and pings for the service manager, from a small thread."""

import threading

from pyca.core.clock import Clock
from pyca.core.states import ServiceName, ServiceState
from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import BEAT_PERIOD, Pulse
from pyca.store import services
from pyca.store.database import Database


class Heartbeat:
    """Beats from :meth:`start` until :meth:`stop`.

    :param text: what the service says of itself, such as where it listens
    """

    def __init__(self, database: Database, clock: Clock, text: str) -> None:
        self._database = database
        self._clock = clock
        self._text = text
        self._notifier = Notifier(clock=clock)
        self._pulse = Pulse(clock=clock, notifier=self._notifier, beat=self._beat)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Say that the service is ready, and go on saying that it lives."""
        self._notifier.ready()
        self._thread.start()

    def stop(self) -> None:
        """Say that the service ends."""
        self._notifier.stopping()
        self._ended.set()
        self._thread.join()
        self._pulse.show(ServiceState.STOPPED, "stopped")
        self._notifier.close()

    def _run(self) -> None:
        pause = min(self._notifier.period or BEAT_PERIOD, BEAT_PERIOD)
        while not self._ended.is_set():
            self._notifier.watchdog()
            self._pulse.show(ServiceState.IDLE, self._text)
            self._ended.wait(pause)

    def _beat(self, state: ServiceState, text: str) -> None:
        with self._database.write() as session:
            services.beat(session, ServiceName.UI, state, text, self._clock.now())
