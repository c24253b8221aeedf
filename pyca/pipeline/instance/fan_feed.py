"""Messages of several workers, put in order again."""

import heapq
import time
from itertools import count

from pyca.bsread.sockets import Mode
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.stream_feed import StreamFeed

_WAITING = 10
"""messages that may wait, for each worker"""
_SILENCE_SECONDS = 1.0
"""after which nothing more is expected that would come before what waits"""


class FanFeed(StreamFeed):
    """Receives what workers send, and returns it by ascending pulse id as far as that is possible.

    What follows directly on the message before, or should have come before it, is returned at once. Another
    one waits until there are more than ``size``, or nothing has come for a second.

    :param address: to listen at
    :param size: messages that may wait for one before them, 0: nothing is put in order
    """

    def __init__(self, address: str, size: int = 0) -> None:
        super().__init__(address, mode=Mode.PULL, bind=True, waiting=_WAITING)
        self._size = size
        self._numbers = count()
        self._waiting: list[tuple[int, int, Item]] = []
        """a heap, by pulse id and then in the order of their coming"""
        self._last: int | None = None
        """pulse id that was returned last"""
        self._heard = 0.0

    def receive(self, timeout: float) -> Item | None:
        """Return the next message, None where none came, or could be returned, in time.

        :param timeout: seconds
        :raises WireError: where something came that is no message
        """
        deadline = time.monotonic() + timeout
        while not self._is_due():
            end = min(deadline, self._heard + _SILENCE_SECONDS) if self._waiting else deadline
            item = super().receive(max(0.0, end - time.monotonic()))
            now = time.monotonic()
            if item is not None:
                heapq.heappush(self._waiting, (item.pulse_id, next(self._numbers), item))
                self._heard = now
            elif self._waiting and now - self._heard >= _SILENCE_SECONDS:
                break
            elif now >= deadline:
                return None
        self._last, _, found = heapq.heappop(self._waiting)
        return found

    def _is_due(self) -> bool:
        """Tell whether the lowest of those that wait is returned."""
        if not self._waiting:
            return False
        follows = self._last is not None and self._waiting[0][0] <= self._last + 1
        return follows or len(self._waiting) > self._size
