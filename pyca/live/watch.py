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

    def add(self, descriptor: int, handler: Handler, events: int = READ) -> None:
        """Wait for a descriptor, or for other events of one that is waited for already."""
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events, handler)
        else:
            self._selector.register(descriptor, events, handler)

    def remove(self, descriptor: int) -> None:
        """Wait for a descriptor no longer; before it is closed."""
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

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
