"""Pictures of a camera or an instance for many viewers: each is made once for all who want it the same way.

Nothing is queued: whoever is slow gets the newest picture when they are ready for it.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager

from pyca.core.errors import PycaError, SourceError
from pyca.images.snapshot import Snapshot

logger = logging.getLogger(__name__)

Open = Callable[[], AbstractContextManager[Iterator[Snapshot]]]
Encode = Callable[[Snapshot], bytes]
_EARLY = 0.1
"""share of the time between two pictures by which one may come too early: cameras are not quite even"""
_LOOK = 0.5
"""seconds after which a viewer looks whether somebody is still there"""
_PATIENCE = 1.0
"""seconds that all together get to end"""


class Relay:
    """Takes pictures from a camera in a thread of its own, as long as somebody wants them.

    :param start: gives the camera's images
    :param encode: makes a picture of one
    :param rate: most pictures per second
    """

    def __init__(self, start: Open, encode: Encode, rate: float) -> None:
        self._start = start
        self._encode = encode
        self._period = 1.0 / rate
        self._news = threading.Condition()
        self._number = 0
        self._newest = b""
        self._error: PycaError | None = None
        self._is_over = False
        self._is_wanted = True
        self.viewers = 0
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """True where nothing comes any more."""
        return self._is_over or not self._is_wanted

    def first(self, timeout: float) -> None:
        """Wait for the first picture.

        :param timeout: seconds
        :raises PycaError: why there is none
        """
        with self._news:
            self._news.wait_for(lambda: self._number or self._is_over, timeout)
            if self._number:
                return
            if self._error is not None:
                raise self._error
        raise SourceError("Nothing has come that can be shown.", "look at its log")

    def pictures(self, has_gone: Callable[[], bool]) -> Iterator[bytes]:
        """Yield the newest picture each time there is one, until the camera ends.

        :param has_gone: tells whether nobody is there any more
        """
        seen = 0
        while not has_gone():
            with self._news:
                if self._number == seen and not self._is_over:
                    self._news.wait(_LOOK)
                if self._number == seen and self._is_over:
                    return
                is_new, seen, picture = self._number > seen, self._number, self._newest
            if is_new:
                yield picture

    def end(self) -> None:
        """Take no more pictures; returns at once."""
        with self._news:
            self._is_wanted = False
            self._is_over = True
            self._news.notify_all()

    def join(self, timeout: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with self._start() as frames:
                self._take(frames)
        except PycaError as error:
            self._error = error
        except Exception as error:  # a viewer has to learn that it is over, whatever it was
            logger.exception("pictures could not be made")
            self._error = SourceError(f"No picture could be made: {error}")
        finally:
            with self._news:
                self._is_over = True
                self._news.notify_all()

    def _take(self, frames: Iterator[Snapshot]) -> None:
        due = time.monotonic()
        for frame in frames:
            if not self._is_wanted:
                return
            now = time.monotonic()
            if now < due - _EARLY * self._period:
                continue
            due = max(due + self._period, now)
            picture = self._encode(frame)
            with self._news:
                self._number += 1
                self._newest = picture
                self._news.notify_all()


class Relays:
    """All relays of a server, by what they show and how."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[Hashable, Relay] = {}

    def join(self, key: Hashable, start: Open, encode: Encode, rate: float) -> Relay:
        """Return the relay of a key, made where there is none, and count one viewer more."""
        with self._lock:
            relay = self._by_key.get(key)
            if relay is None or relay.is_over:
                relay = self._by_key[key] = Relay(start, encode, rate)
            relay.viewers += 1
            return relay

    def leave(self, key: Hashable, relay: Relay) -> None:
        """Count one viewer less; with the last one it ends."""
        with self._lock:
            relay.viewers -= 1
            if relay.viewers > 0:
                return
            if self._by_key.get(key) is relay:
                del self._by_key[key]
        relay.end()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._by_key)

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            relays, self._by_key = list(self._by_key.values()), {}
        for relay in relays:
            relay.end()
        deadline = time.monotonic() + _PATIENCE
        for relay in relays:
            relay.join(max(deadline - time.monotonic(), 0.0))
