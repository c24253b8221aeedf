"""What the PVs of one camera say, kept up to date by the threads of a library."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pyca.images.image import Size
from pyca.sources.channel_access.choice import connect
from pyca.sources.channel_access.client import Client, Update
from pyca.sources.source import OFFLINE_SECONDS

logger = logging.getLogger(__name__)

_REMEMBERED = 32
_SEARCH_AGAIN = 1.0
"""seconds between two searches for a camera that went away; those of libca become as rare as five minutes"""

_SIZE_LATE = 0.2
"""seconds for a size that comes after the image"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An image.

    :param facts: what the other PVs said when it came, by name
    """

    update: Update
    facts: dict[str, Update]


class Watch:
    """All PVs of a camera: one with images, of which the newest waits to be taken, and some about them.

    :param library: one of :data:`pyca.sources.channel_access.choice.LIBRARIES`
    :param image: the PV with the images
    :param numbers: further PVs
    :param texts: further PVs that are wanted in words
    :raises SourceError: where the library cannot be used
    """

    def __init__(self, library: str, image: str, numbers: Sequence[str], texts: Sequence[str]) -> None:
        self.lost = 0
        self._image = image
        self._changed = threading.Condition(threading.RLock())
        self._said: dict[str, deque[Update]] = {}
        self._connected: set[str] = set()
        self._waiting: Arrived | None = None
        self._searched = time.monotonic()
        self._seen = self._away = False
        self._missed = 0.0
        """since when it is away, or when that was told last"""
        self._client: Client = connect(library)
        try:
            self._subscribe(numbers, texts)
        except BaseException:
            self._client.close()
            raise

    def said(self, pv: str) -> Sequence[Update]:
        """Return what a PV said lately, the newest last. Empty where it does not answer."""
        with self._changed:
            return tuple(self._said[pv])

    def newest(self, pv: str) -> Update | None:
        """Return what a PV says, None where it does not answer."""
        said = self.said(pv)
        return said[-1] if said else None

    def facts(self) -> dict[str, Update]:
        """Return what all PVs beside the image say, those that answer."""
        with self._changed:
            return self._facts()

    def connected(self, pv: str) -> bool:
        """Return whether a PV is there."""
        with self._changed:
            return pv in self._connected

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, and return whether it is."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def take(self, seconds: float) -> Arrived | None:
        """Return the newest image that nobody took, None where none comes in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None, seconds)
            taken, self._waiting = self._waiting, None
        self._look_after_connection()
        return taken

    def fitting(self, arrived: Arrived, size: Callable[[Mapping[str, Update]], Size]) -> Size:
        """Return the size of an image: as the other PVs said when it came, or say now, or in a moment.

        Where a camera's size changes, or it comes back with another one, nobody knows what comes first.

        :param size: from what they say
        """
        elements = len(arrived.update.values)

        def fits(found: Size) -> bool:
            width, height = found
            return width * height == elements

        then = size(self.facts() | arrived.facts)
        if fits(then):
            return then
        self.wait(lambda: fits(size(self._facts())), _SIZE_LATE)
        return size(self.facts())

    def is_missed(self) -> bool:
        """Tell whether the camera has been away for a second; True about once a second while it is."""
        now = time.monotonic()
        if not self._away or now - self._missed < OFFLINE_SECONDS:
            return False
        self._missed = now
        return True

    def close(self) -> None:
        """Let go of all PVs."""
        self._client.close()

    def _subscribe(self, numbers: Sequence[str], texts: Sequence[str]) -> None:
        for pv in (*texts, *numbers):
            self._said[pv] = deque(maxlen=_REMEMBERED)
            self._client.subscribe(
                pv, partial(self._hear, pv), partial(self._connection, pv), text=pv in texts
            )
        self._client.subscribe(self._image, self._take_in, partial(self._connection, self._image))

    def _look_after_connection(self) -> None:
        there = self.connected(self._image)
        now = time.monotonic()
        if there and self._away:
            logger.info("%s is back", self._image)
        elif self._seen and not there and not self._away:
            logger.warning("%s went away; waiting for it", self._image)
            self._missed = now
        self._seen = self._seen or there
        self._away = self._seen and not there
        if there:
            self._searched = now
        elif now - self._searched >= _SEARCH_AGAIN:
            self._searched = now
            self._client.search_again()

    def _facts(self) -> dict[str, Update]:
        return {pv: said[-1] for pv, said in self._said.items() if said}

    def _hear(self, pv: str, update: Update) -> None:
        with self._changed:
            self._said[pv].append(update)
            self._changed.notify_all()

    def _connection(self, pv: str, connected: bool) -> None:
        with self._changed:
            if connected:
                self._connected.add(pv)
            else:
                self._connected.discard(pv)
            self._changed.notify_all()

    def _take_in(self, update: Update) -> None:
        with self._changed:
            self.lost += self._waiting is not None
            self._waiting = Arrived(update, self._facts())
            self._changed.notify_all()
