"""The sign of life of a service: heartbeat, status text and watchdog, also from within long work."""

import logging
from collections.abc import Callable

from pyca.core.clock import Clock
from pyca.core.states import ServiceState
from pyca.runtime.notify import Notifier

logger = logging.getLogger(__name__)

Beat = Callable[[ServiceState, str], None]

BEAT_PERIOD = 20.0
"""Seconds after which an unchanged state is told again."""


class Pulse:
    """Passed into services whose work takes long.

    :param beat: writes the heartbeat to the database; its failure is logged and costs nothing else
    """

    def __init__(self, *, clock: Clock, notifier: Notifier, beat: Beat) -> None:
        self.notifier = notifier
        self._clock = clock
        self._beat = beat
        # A plain flag: a lock taken inside a signal handler may never be free.
        self._stopping = False
        self._told: tuple[ServiceState, str] | None = None
        self._told_at = 0.0

    @property
    def stopping(self) -> bool:
        """True once the service shall end: finish the step at hand and return."""
        return self._stopping

    def stop(self) -> None:
        """Ask the service to end."""
        self._stopping = True

    def progress(self, text: str = "") -> None:
        """Say from within a tick that work goes on. Cheap: call it as often as you like.

        :param text: the status to show, empty for the last one
        """
        self.notifier.watchdog()
        self.show(ServiceState.BUSY, text or (self._told[1] if self._told else ""))

    def show(self, state: ServiceState, text: str) -> None:
        """Tell state and text: at once where the state is new, otherwise every twenty seconds."""
        now = self._clock.monotonic()
        same = self._told is not None and self._told[0] == state
        if same and now < self._told_at + BEAT_PERIOD:
            return
        self._told, self._told_at = (state, text), now
        self.notifier.status(text)
        try:
            self._beat(state, text)
        except Exception:
            logger.exception("The heartbeat could not be stored")
