"""The one loop that drives every service."""

import logging
import select
import signal
from collections.abc import Callable, Iterable
from typing import Protocol

from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.states import ServiceName, ServiceState
from pyca.runtime.bell import Bell
from pyca.runtime.pulse import Pulse
from pyca.runtime.signals import Handler, Wakeup, signals_handled

logger = logging.getLogger(__name__)

LONGEST_WAIT = 5.0
"""Seconds after which a waiting loop looks at the clock again: it may have been set."""
SET = 0.05
"""Seconds by which a clock that was not set may differ from the one that never jumps."""
RETRY = Backoff(first=1, limit=5)


class HasFileno(Protocol):
    """Something that select can wait for."""

    def fileno(self) -> int:
        """Return its file descriptor."""
        ...


class Service(Protocol):
    """What every service looks like to the loop."""

    @property
    def name(self) -> ServiceName:
        """The service's name."""
        ...

    def tick(self) -> float:
        """Do what is due and return the wall-clock moment of the next work; a past one means “more now”.

        It is called early when the bell rings or one of :meth:`files` is readable.
        """
        ...

    def close(self) -> None:
        """Finish cleanly; the service is not used afterwards."""
        ...

    def files(self) -> Iterable[HasFileno]:
        """Return what else wakes the loop. A readable one must be dealt with and gone after the tick."""
        ...

    def busy(self) -> bool:
        """Tell whether work is at hand that a restart would cost; must not fail."""
        ...

    def status(self) -> str:
        """Return in one line what the service does now, from memory: it must not fail."""
        ...


Reload = Callable[[], Service | None]


def run(
    service: Service, *, clock: Clock, bell: Bell, pulse: Pulse, reload: Reload, at_once: bool = False
) -> None:
    """Drive a service until SIGTERM or SIGINT, then close it. Only in the main thread.

    :param reload: called after SIGHUP as soon as the service is not busy; returns the service that follows,
        or None to keep the present one
    :param at_once: call it also while the service is busy
    """
    loop = _Loop(service, clock, bell, pulse, reload)
    loop.reloads_at_once = at_once
    handlers: dict[int, Handler] = {
        signal.SIGTERM: lambda *_: pulse.stop(),
        signal.SIGINT: lambda *_: pulse.stop(),
        signal.SIGHUP: lambda *_: loop.ask_reload(),
    }
    with signals_handled(handlers) as wakeup:
        while not pulse.stopping:
            loop.turn(wakeup)
        loop.finish()


class _Loop:
    """One service and where it stands."""

    def __init__(self, service: Service, clock: Clock, bell: Bell, pulse: Pulse, reload: Reload) -> None:
        self._service = service
        self._clock = clock
        self._bell = bell
        self._pulse = pulse
        self._reload = reload
        self._reload_asked = False
        self.reloads_at_once = False
        self._ready = False
        self._failures = 0
        self._trouble = ""

    def ask_reload(self) -> None:
        self._reload_asked = True

    def turn(self, wakeup: Wakeup) -> None:
        """Do one tick and wait for the next."""
        try:
            self._bell.drain()
            due = self._service.tick()
            self._succeeded()
            self._wait(wakeup, due, (self._bell, *self._service.files()))
        except Exception as error:
            self._wait(wakeup, self._failed(error), ())

    def finish(self) -> None:
        """Close the service."""
        self._pulse.notifier.stopping()
        self._pulse.show(ServiceState.BUSY, "stopping")
        try:
            self._service.close()
        except Exception:
            logger.exception("%s did not end cleanly", self._service.name)
        self._pulse.show(ServiceState.STOPPED, "stopped")

    def _succeeded(self) -> None:
        self._failures, self._trouble = 0, ""
        if not self._ready:
            self._ready = True
            self._pulse.notifier.ready()
        self._show()

    def _failed(self, error: Exception) -> float:
        """Tell about a failed tick and return when to try again."""
        self._failures += 1
        self._trouble = str(error) or type(error).__name__
        pause = RETRY.pause(self._failures)
        # An operator needs no traceback for what we raised on purpose.
        traceback = None if isinstance(error, PycaError) else error
        logger.error(
            "%s: %s; next try in %.0f s", self._service.name, self._trouble, pause, exc_info=traceback
        )
        self._show()
        return self._clock.now() + pause

    def _wait(self, wakeup: Wakeup, due: float, files: Iterable[HasFileno]) -> None:
        """Sleep until the moment or an event; never longer than the clock may be trusted."""
        waited = (wakeup, *files)
        offset = self._offset()
        while not self._pulse.stopping:
            if self._reload_asked and (self.reloads_at_once or not self._service.busy()):
                self._swap()
                return
            left = due - self._clock.now()
            # select instead of poll: its timeout knows microseconds, and a handful of files is all there is.
            readable, _, _ = select.select(waited, (), (), min(max(left, 0.0), self._longest_wait()))
            wakeup.drain()
            if left <= 0 or any(file is not wakeup for file in readable):
                return
            if abs(self._offset() - offset) > SET:
                # The moment was told by a clock that has been set since.
                return
            self._show()

    def _offset(self) -> float:
        return self._clock.now() - self._clock.monotonic()

    def _longest_wait(self) -> float:
        """Return the seconds after which to look up: at the clock, or for an impatient watchdog."""
        period = self._pulse.notifier.period
        return LONGEST_WAIT if period is None else min(LONGEST_WAIT, period)

    def _show(self) -> None:
        """Tell how things are. The watchdog hears nothing while ticks fail, unless work would be lost."""
        busy = self._service.busy()
        if busy or not self._trouble:
            self._pulse.notifier.watchdog()
        state = ServiceState.BUSY if busy else ServiceState.IDLE
        if self._trouble:
            self._pulse.show(ServiceState.ERROR, self._trouble)
        else:
            self._pulse.show(state, self._service.status())

    def _swap(self) -> None:
        """Follow a changed configuration."""
        self._reload_asked = False
        try:
            fresh = self._reload()
        except PycaError as error:
            logger.warning("The old configuration stays: %s", error)
            return
        except Exception:
            logger.exception("The old configuration stays")
            return
        if fresh is None:
            return
        old, self._service = self._service, fresh
        old.close()
        logger.info("%s follows the new configuration", fresh.name)
