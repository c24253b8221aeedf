"""Messages of a stream of which somebody has to be asked where it is."""

import queue
import threading
import time
from collections.abc import Callable

from pyca.core.errors import PycaError
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.stream_feed import StreamFeed

_END_SECONDS = 0.3
"""after the end of a stream until it is asked for again: it may end again and again"""


class AskedFeed:
    """Receives a stream from wherever it is said to be.

    Once the connection has ended nothing more is taken from its address, as another sender may be there by
    now: it is asked for again.

    :param ask: returns the address; may take long, and raises :class:`OfflineError` where there is none
    :param connect: returns the feed of an address, not yet open
    :param whom: is asked, the name of the thread in which that happens
    """

    def __init__(self, ask: Callable[[], str], connect: Callable[[str], StreamFeed], whom: str) -> None:
        self._ask = ask
        self._made = connect
        self._whom = whom
        self._stream: StreamFeed | None = None
        self._at = ""
        self._answers: queue.SimpleQueue[str | PycaError] = queue.SimpleQueue()
        self._asking = False
        self._again = 0.0
        """when it is asked for as the stream has ended, by the monotonic clock; 0 where it has not"""
        self._before = (0, 0)
        """what was lost and garbled in streams that have been closed"""

    @property
    def lost(self) -> int:
        """Return how many messages were sent and not returned."""
        return self._before[0] + (self._stream.lost if self._stream else 0)

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""
        return self._before[1] + (self._stream.garbled if self._stream else 0)

    @property
    def address(self) -> str:
        """Return where messages come from, or came from last."""
        return self._at

    def open(self) -> None:
        """Ask for the stream and connect to it.

        :raises OfflineError: where there is none
        """
        self._connect(self._ask())

    def receive(self, timeout: float) -> Item | None:
        """Return the next message, None where none came in time.

        :param timeout: seconds
        :raises OfflineError: where the stream was asked for again, and is not there
        :raises WireError: where something came that is no message
        """
        if not self._answers.empty():
            self._asking = False
            answer = self._answers.get()
            if isinstance(answer, PycaError):
                raise answer
            self._connect(answer)
        if self._stream is None:
            time.sleep(timeout)
            if self._again and time.monotonic() >= self._again:
                self._again = 0.0
                self.renew()
            return None
        item = self._stream.receive(timeout)
        if not self._stream.ends:
            return item
        # What has come may have come behind the end.
        self.close()
        self._again = time.monotonic() + _END_SECONDS
        return None

    def renew(self) -> None:
        """Ask for the stream again; returns at once, and :meth:`receive` follows the answer."""
        if not self._asking:
            self._asking = True
            # Not here: somebody who hangs must not keep us from our own server.
            threading.Thread(target=self._ask_again, name=self._whom, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        if self._stream is not None:
            self._before = self.lost, self.garbled
            self._stream.close()
            self._stream = None

    def _connect(self, address: str) -> None:
        self.close()
        stream = self._made(address)
        stream.open()
        self._stream, self._at = stream, stream.address

    def _ask_again(self) -> None:
        try:
            self._answers.put(self._ask())
        except PycaError as error:
            self._answers.put(error)
