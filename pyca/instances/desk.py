"""One thread that hears what all instances say."""

import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Any

from pyca.runtime.channel import Channel, ChannelClosedError

logger = logging.getLogger(__name__)

Hear = Callable[[dict[str, Any], list[int]], None]
"""takes a message and the files that came with it, which are its own from now on"""


class Desk:
    """Receives from many channels. Channels may be added by any thread."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll.register(self._bell, select.EPOLLIN)
        self._channels: dict[int, tuple[Channel, Hear, Callable[[], None]]] = {}
        self._thread = threading.Thread(target=self._work, name="instances", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, channel: Channel, hear: Hear, ended: Callable[[], None]) -> None:
        """Listen to a channel until its other side is gone; then it is closed.

        :param ended: called afterwards
        """
        self._channels[channel.fileno()] = channel, hear, ended
        self._poll.register(channel.fileno(), select.EPOLLIN)

    def close(self) -> None:
        """Listen no more. Nothing happens where that was said already."""
        if self._poll.closed:
            return
        os.eventfd_write(self._bell, 1)
        if self._thread.ident is not None:
            self._thread.join()
        for channel, _, _ in self._channels.values():
            channel.close()
        self._poll.close()
        os.close(self._bell)

    def _work(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._bell:
                    return
                channel, hear, ended = self._channels[descriptor]
                if not self._hear(channel, hear):
                    del self._channels[descriptor]
                    self._poll.unregister(descriptor)
                    channel.close()
                    ended()

    def _hear(self, channel: Channel, hear: Hear) -> bool:
        """Return False where nothing more will come."""
        try:
            if (found := channel.receive()) is not None:
                hear(*found)
        except ChannelClosedError:
            return False
        except Exception:
            # Functions of users are in some of these processes, and all the others shall still be heard.
            logger.exception("An instance sent something that nobody understands")
        return True
