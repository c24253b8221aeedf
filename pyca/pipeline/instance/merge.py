"""Two streams brought together by pulse id: images, and what else was measured at the same pulse."""

import time
from collections import OrderedDict, deque
from dataclasses import replace

from pyca.core.errors import OfflineError, WireError
from pyca.pipeline.instance.feed import Feed, Item

MOST_IMAGES = 5000
MOST_DATA = 10_000
MOST_BYTES = 512 << 20
"""of the images that wait; one may always"""
_LOOK_SECONDS = 0.01
"""how often the second stream is looked at while an image waits for it"""
_BEHIND = 10
"""images that may be behind the newest one once their data have come: more would make them old"""


class Merge:
    """Returns the images of a feed that have data with the same pulse id, with these data.

    An image without any, as data of a later pulse have come, is lost.

    :param feed: of the images
    :param data: of the data
    :param images: that may wait for their data, :data:`MOST_IMAGES` and :data:`MOST_BYTES` at most
    :param datas: that may wait for their images, :data:`MOST_DATA` at most
    """

    def __init__(self, feed: Feed, data: Feed, images: int, datas: int) -> None:
        self._feed = feed
        self._data = data
        self._most_images = max(1, min(images, MOST_IMAGES))
        self._most_data = max(1, min(datas, MOST_DATA))
        self._images: deque[Item] = deque()
        self._bytes = 0
        """of these images"""
        self._found: OrderedDict[int, Item] = OrderedDict()
        self._newest: int | None = None
        """pulse id of the data that came last"""
        self._ready: deque[Item] = deque()
        self._unmatched = 0
        """images that were left out here"""

    @property
    def lost(self) -> int:
        """Return how many images were made and not returned."""
        return self._feed.lost + self._unmatched

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""
        return self._feed.garbled + self._data.garbled

    @property
    def address(self) -> str:
        """Return where the images come from, or the data while images wait for them."""
        return self._data.address if self._images else self._feed.address

    def open(self) -> None:
        """Connect to both.

        :raises OfflineError: where one of them is not there yet; it is open as far as that is possible
        :raises PycaError: where it is impossible
        """
        offline: OfflineError | None = None
        try:
            for feed in (self._feed, self._data):
                try:
                    feed.open()
                except OfflineError as error:
                    # It may be waited for, while the other one is there.
                    offline = offline or error
        except BaseException:
            self.close()
            raise
        if offline is not None:
            raise offline

    def receive(self, timeout: float) -> Item | None:
        """Return the next image with its data, None where none came in time.

        :param timeout: seconds
        :raises OfflineError: where one of them was to be found again, and is not there
        :raises WireError: where something came that is no message
        """
        deadline = time.monotonic() + timeout
        while not self._ready:
            self._take_data()
            self._match()
            left = deadline - time.monotonic()
            if self._ready or left <= 0:
                break
            image = self._feed.receive(min(left, _LOOK_SECONDS))
            if image is not None:
                self._images.append(image)
                self._bytes += _size(image)
        while len(self._ready) > _BEHIND:
            self._ready.popleft()
            self._unmatched += 1
        return self._ready.popleft() if self._ready else None

    def renew(self) -> None:
        """Find both again."""
        self._feed.renew()
        self._data.renew()

    def close(self) -> None:
        """Stop."""
        self._feed.close()
        self._data.close()

    def _take_data(self) -> None:
        while True:
            try:
                data = self._data.receive(0)
            except WireError:
                # Counted; the next one is behind it.
                continue
            if data is None:
                return
            self._found[data.pulse_id] = data
            self._newest = data.pulse_id
            if len(self._found) > self._most_data:
                self._found.popitem(last=False)

    def _match(self) -> None:
        while self._images:
            first = self._images[0]
            data = self._found.pop(first.pulse_id, None)
            if data is not None:
                self._ready.append(replace(self._taken(), merged=data.values))
            elif self._newest is not None and self._newest > first.pulse_id:
                self._leave_out()
            else:
                break
        while len(self._images) > self._most_images or (self._bytes > MOST_BYTES and len(self._images) > 1):
            self._leave_out()

    def _leave_out(self) -> None:
        self._taken()
        self._unmatched += 1

    def _taken(self) -> Item:
        """Return the first of the images that wait, which does so no longer."""
        first = self._images.popleft()
        self._bytes -= _size(first)
        return first


def _size(item: Item) -> int:
    """Return the bytes of a message, as far as they count."""
    return sum(getattr(value, "nbytes", 0) for value in item.values.values())
