"""What one destination has still to be given. It never grows without limit and never makes anybody wait."""

from collections import deque
from collections.abc import Sequence

from pyca.live.flv import Kind, Tag

LONGEST = 6.0
"""seconds of stream that may wait"""
LARGEST = 12_000_000
"""bytes that may wait, whatever their length"""


class Backlog:
    """Tags on their way to one process.

    Where they come faster than they are taken, whole groups of pictures with their sound are left out, so
    that what arrives can be decoded. What decoders must know is never left out.

    :param first: bytes that go before everything
    """

    def __init__(self, first: bytes = b"", *, longest: float = LONGEST, largest: int = LARGEST) -> None:
        self._part = memoryview(first)
        self._untouched: Tag | None = None
        """what the part is, where none of it was written yet"""
        self._tags: deque[Tag] = deque()
        self._size = 0
        self._longest = longest * 1000
        self._largest = largest
        self._until_key = False
        self.dropped = 0
        """pictures that were left out"""

    def __bool__(self) -> bool:
        return bool(self._part or self._tags)

    @property
    def size(self) -> int:
        """Bytes that wait, what surrounds each tag not counted."""
        return len(self._part) + self._size

    def offer(self, tags: Sequence[Tag]) -> None:
        """Append what comes next."""
        for tag in tags:
            if self._until_key and not tag.is_setup:
                if not tag.is_key:
                    self._leave_out(tag)
                    continue
                self._until_key = False
            self._tags.append(tag)
            self._size += len(tag.body)
        if self._is_too_much():
            self._shorten()

    def forget(self) -> int:
        """Leave out all that waits, up to the next key frame: it must not be seen any more.

        :return: bytes that must be written nevertheless, as a part of them was
        """
        kept: deque[Tag] = deque()
        if self._untouched is not None:
            self._tags.appendleft(self._untouched)
            self._untouched, self._part = None, memoryview(b"")
        for tag in self._tags:
            if tag.is_setup:
                kept.append(tag)
            else:
                self._leave_out(tag)
        self._tags = kept
        self._size = sum(len(tag.body) for tag in kept)
        self._until_key = True
        return len(self._part)

    def next(self) -> memoryview:
        """Return bytes to be written now, empty where nothing waits; :meth:`took` tells how many were."""
        if not self._part and self._tags:
            # One at a time: what is taken from the queue can no longer be left out.
            tag = self._tags.popleft()
            self._size -= len(tag.body)
            self._part = memoryview(tag.encode())
            self._untouched = tag
        return self._part

    def took(self, count: int) -> None:
        """Note that so many bytes were written."""
        self._part = self._part[count:]
        if count:
            self._untouched = None

    def _is_too_much(self) -> bool:
        if self._size > self._largest:
            return True
        return len(self._tags) > 1 and self._tags[-1].time - self._tags[0].time > self._longest

    def _shorten(self) -> None:
        """Leave out all up to the last key frame, or up to the next one where that alone is not enough."""
        last_key = next((i for i in range(len(self._tags) - 1, -1, -1) if self._tags[i].is_key), 0)
        kept: deque[Tag] = deque()
        for index, tag in enumerate(self._tags):
            if index >= last_key > 0 or tag.is_setup:
                kept.append(tag)
            else:
                self._leave_out(tag)
        self._tags = kept
        self._size = sum(len(tag.body) for tag in kept)
        self._until_key = last_key == 0

    def _leave_out(self, tag: Tag) -> None:
        if tag.kind == Kind.VIDEO and not tag.is_setup:
            self.dropped += 1
