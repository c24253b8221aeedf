"""Frames that wait to be asked for, in the order of their pulses."""

import heapq
from collections import deque
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")
_PATIENCE = 0.1
"""seconds that frames wait for one that is missing before them"""
_REMEMBERED = 16
"""steps, of which the smallest is the usual one"""


class Waiting(Generic[T]):
    """A buffer of few frames. No input or output: what time it is comes with each call.

    Where frames take several ways one may overtake another. Then a frame waits until the one before it is
    there, until the buffer is full, or for a tenth of a second; what comes later still is dropped. Pulse ids
    that begin again are told from late ones by their number: more late ones in a row than the buffer holds
    are no accident.

    :param size: how many may wait; 0: only the newest one is kept
    :param ordered: whether they take several ways
    """

    def __init__(self, size: int, *, ordered: bool = False) -> None:
        self._size = size
        self._ordered = ordered and size > 0
        self._items: list[tuple[int, int, float, T]] = []
        """pulse id (or the order of coming), a number that no other has, when it came, and the frame"""
        self._numbers = count()
        self._last: int | None = None
        self._steps: deque[int] = deque(maxlen=_REMEMBERED)
        """from one pulse to the next"""
        self._late = 0
        self.dropped = 0
        """frames that were never given out"""

    def put(self, pulse_id: int, item: T, now: float) -> None:
        """Take a frame; where there are too many the oldest is dropped."""
        number = next(self._numbers)
        key = pulse_id if self._ordered else number
        if self._ordered and self._last is not None and key <= self._last:
            self._late += 1
            if self._late <= self._size:
                self.dropped += 1
                return
            self._begin_again()
        self._late = 0
        heapq.heappush(self._items, (key, number, now, item))
        while len(self._items) > self._size + 1:
            heapq.heappop(self._items)
            self.dropped += 1

    def take(self, now: float) -> T | None:
        """Return the next frame, None where none is there or its forerunner may still come."""
        if not self._items or self.wait(now) > 0:
            return None
        key, _number, _came, item = heapq.heappop(self._items)
        if self._last is not None:
            self._steps.append(key - self._last)
        self._last = key
        return item

    def wait(self, now: float) -> float:
        """Return after how many seconds a frame can be taken if no other comes; infinite where none is."""
        if not self._items:
            return float("inf")
        key = self._items[0][0]
        follows = self._last is not None and self._steps and key <= self._last + min(self._steps)
        if not self._ordered or follows or len(self._items) > self._size:
            return 0.0
        return max(0.0, min(came for _key, _number, came, _item in self._items) + _PATIENCE - now)

    def _begin_again(self) -> None:
        self.dropped += len(self._items)
        self._items.clear()
        self._steps.clear()
        self._last = None
