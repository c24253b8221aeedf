"""Descriptors that the engine waits for, each with what is done when it is ready."""

import logging
import selectors
from collections.abc import Callable

logger = logging.getLogger(__name__)

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

Handler = Callable[[int], None]
"""is told which of READ and WRITE are possible"""


class Watch:
    """One thread's waiting."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._writers: set[int] = set()
        self._pressed = False

    def add(self, descriptor: int, handler: Handler, events: int = READ) -> None:
        """Wait for a descriptor, or for other events of one that is waited for already."""
        if events & WRITE:
            self._writers.add(descriptor)
        else:
            self._writers.discard(descriptor)
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events, handler)
        else:
            self._selector.register(descriptor, events, handler)

    def remove(self, descriptor: int) -> None:
        """Wait for a descriptor no longer; before it is closed."""
        self._writers.discard(descriptor)
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def press(self) -> None:
        """Say that there is more to do than one round can."""
        self._pressed = True

    def is_pressed(self) -> bool:
        """Tell whether the next round should follow at once: more waits to be read, or to be written.

        It is asked once in each round.
        """
        pressed, self._pressed = self._pressed, False
        return pressed or bool(self._writers)

    def wait(self, seconds: float | None) -> None:
        """Sleep until something is ready, and do what belongs to it.

        :param seconds: the longest sleep, None for without end
        """
        for key, events in self._selector.select(seconds):
            # An earlier handler of this round may have let go of it, and its number be another's now.
            if self._selector.get_map().get(key.fd) is key:
                key.data(events)

    def guarded(self, failed: Callable[[], None]) -> "Watch":
        """Return the same waiting for one part of the whole: where it fails unforeseen, others go on.

        :param failed: is called after that, and must let go of all that the part waits for
        """
        return _Guarded(self, failed)

    def close(self) -> None:
        """Release what is held."""
        self._selector.close()


class _Guarded(Watch):
    """One part's view of the thread's waiting."""

    def __init__(self, whole: Watch, failed: Callable[[], None]) -> None:
        self._whole = whole
        self._failed = failed

    def add(self, descriptor: int, handler: Handler, events: int = READ) -> None:
        """Wait for a descriptor, on the part's own account."""

        def safely(ready: int) -> None:
            try:
                handler(ready)
            except Exception:
                logger.exception("a part of the stream has failed")
                self._failed()

        self._whole.add(descriptor, safely, events)

    def remove(self, descriptor: int) -> None:
        """Wait for a descriptor no longer."""
        self._whole.remove(descriptor)

    def press(self) -> None:
        """Say that there is more to do than one round can."""
        self._whole.press()
