"""What one destination has still to be given. It never grows without limit and never makes anybody wait."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from pyca.live.flow.flv import Kind, Tag

LONGEST = 6.0
"""seconds of stream that may wait"""
LARGEST = 12_000_000
"""bytes that may wait, whatever their length"""
_MOST = 200
"""tags that are written at once; systems take no more than 1024 pieces"""


class Backlog:
    """Tags on their way to one process.

    Where they come faster than they are taken, whole groups of pictures with their sound are left out, so
    that what arrives can be decoded. What decoders must know is never left out.

    :param first: bytes that go before everything
    """

    def __init__(self, first: bytes = b"", *, longest: float = LONGEST, largest: int = LARGEST) -> None:
        self._part = memoryview(first)
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
        for tag in self._tags:
            if tag.is_setup:
                kept.append(tag)
            else:
                self._leave_out(tag)
        self._tags = kept
        self._size = sum(len(tag.body) for tag in kept)
        self._until_key = True
        return len(self._part)

    def next(self) -> list[bytes | memoryview]:
        """Return what is to be written now, empty where nothing waits; :meth:`took` tells how much was."""
        part: list[bytes | memoryview] = [self._part] if self._part else []
        return [*part, *(tag.encode() for tag in islice(self._tags, _MOST))]

    def took(self, count: int) -> None:
        """Note that so many bytes were written. A tag that was begun can no longer be left out."""
        begun = min(count, len(self._part))
        self._part = self._part[begun:]
        count -= begun
        while count:
            tag = self._tags.popleft()
            self._size -= len(tag.body)
            data = tag.encode()
            self._part = memoryview(data)[count:]
            count -= min(count, len(data))

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
