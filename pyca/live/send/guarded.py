"""A place that takes the stream, kept apart from all others, also where its own work fails unforeseen."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.live import LinkReport, LinkState
from pyca.live.flow.flv import Tag
from pyca.live.flow.watch import Watch
from pyca.live.send.receiver import Note, Receiver

logger = logging.getLogger(__name__)

_PAUSES = Backoff(first=1.0, limit=30.0)
_UNFORESEEN = "it has failed, and the log says why"
_NEVER = float("inf")


class Guarded:
    """A receiver that is made anew after a failure that nobody has foreseen. It is a receiver itself.

    :param make: makes one, which waits by what it is given
    :raises PycaError: where there can be none
    """

    def __init__(self, make: Callable[[Watch], Receiver], watch: Watch, clock: Clock, note: Note) -> None:
        self._make = make
        self._watch = watch.guarded(self._break)
        self._clock = clock
        self._note = note
        self._receiver: Receiver | None = None
        self._before: LinkReport | None = None
        self._last = LinkReport("", "")
        self._failures = 0
        self._next = 0.0
        self._closing = False
        with self._kept_apart(PycaError):
            self._receiver = make(self._watch)

    @property
    def ended(self) -> bool:
        """True after ``close``, when nothing is left of it."""
        return self._closing and (self._receiver is None or self._receiver.ended)

    def offer(self, tags: Sequence[Tag]) -> None:
        """Pass on the next tags."""
        # Without the context manager, which costs more than all else here.
        try:
            if self._receiver is not None:
                self._receiver.offer(tags)
        except Exception:
            logger.exception("a destination has failed")
            self._break()

    def forget(self) -> None:
        """Leave out what waits."""
        with self._kept_apart():
            if self._receiver is not None:
                self._receiver.forget()

    def tick(self, now: float) -> float:
        """Do what is due and return when to be called again."""
        if self._receiver is None and now >= self._next and not self._closing:
            with self._kept_apart():
                self._receiver = self._make(self._watch)
        try:
            if self._receiver is not None:
                return self._receiver.tick(now)
        except Exception:
            logger.exception("a destination has failed")
            self._break()
        return _NEVER if self._closing else self._next

    def report(self) -> LinkReport:
        """Return how it does."""
        with self._kept_apart():
            if self._receiver is not None:
                self._last = added(self._before, self._receiver.report())
                return self._last
        state = LinkState.OFF if self._closing else LinkState.WAITING
        wait = max(0.0, self._next - self._clock.monotonic())
        return replace(
            self._last,
            state=state,
            bitrate=0.0,
            error=_UNFORESEEN,
            next_try=None if self._closing else self._clock.now() + wait,
        )

    def restart(self) -> None:
        """Connect anew."""
        self._next = 0.0
        with self._kept_apart():
            if self._receiver is not None:
                self._receiver.restart()

    def close(self) -> None:
        """Begin to end."""
        self._closing = True
        with self._kept_apart():
            if self._receiver is not None:
                self._receiver.close()

    def kill(self) -> None:
        """End it at once."""
        self._closing = True
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.kill()

    @contextmanager
    def _kept_apart(self, *foreseen: type[Exception]) -> Iterator[None]:
        try:
            yield
        except foreseen:
            raise
        except Exception:
            logger.exception("a destination has failed")
            self._break()

    def _break(self) -> None:
        """Let go of what has failed, and plan another."""
        receiver, self._receiver = self._receiver, None
        self._before = self._last
        self._failures += 1
        pause = _PAUSES.pause(self._failures)
        self._next = self._clock.monotonic() + pause
        self._note("error", f"{_UNFORESEEN}; tries again in {pause:.1f} s")
        if receiver is None:
            return
        try:
            receiver.kill()
        except Exception:
            logger.exception("what has failed cannot be ended")


def added(before: LinkReport | None, report: LinkReport) -> LinkReport:
    """Return the figures of a destination over all that has served it in this session."""
    if before is None:
        return report
    return replace(
        report,
        sent=before.sent + report.sent,
        dropped=before.dropped + report.dropped,
        reconnects=before.reconnects + report.reconnects,
    )
