"""Descriptors that the engine waits for, each with what is done when it is ready."""

import selectors
from collections.abc import Callable

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
            # An earlier handler of this round may have let go of it.
            if key.fd in self._selector.get_map():
                key.data(events)

    def close(self) -> None:
        """Release what is held."""
        self._selector.close()
