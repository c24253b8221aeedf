"""Messages to a stream, the newest of which wait until somebody takes them."""

import threading
import time
from collections import deque
from collections.abc import Mapping

from pyca.bsread.message import Buffer, Value
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.stream_outlet import GoOn, StreamOutlet

_LOOK_SECONDS = 0.2
_LINGER_SECONDS = 1.0
"""that messages get to leave once no more come"""


class BufferedOutlet(StreamOutlet):
    """Keeps the newest messages, and sends them in another thread.

    With mode PUSH whoever connects gets those first that were made before.

    :param address: to bind, where the configuration names none to connect to
    """

    buffers = True

    def __init__(self, address: str, configuration: Configuration, go_on: GoOn) -> None:
        super().__init__(address, configuration, go_on)
        self._waiting: deque[list[Buffer]] = deque()
        self._most = configuration.buffer_size or 1
        self._changed = threading.Condition()
        """for what follows and the messages that wait"""
        self._ends = 0.0
        """when it gives up, by the monotonic clock; 0 while it goes on"""
        self._thread = threading.Thread(target=self._work, name="buffer", daemon=True)
        self._overrun = 0
        """messages that were too old"""
        self._clients = 0

    @property
    def clients(self) -> int:
        """Return how many are connected now."""
        return self._clients

    @property
    def dropped(self) -> int:
        """Return how many messages nobody got, or not everybody."""
        return self._overrun + super().dropped

    def open(self) -> str:
        """Begin; returns the address.

        :raises BusyError: where somebody else has it
        :raises WireError: where it is none
        """
        address = super().open()
        self._thread.start()
        return address

    def send(self, pulse_id: int, nanoseconds: int, values: Mapping[str, Value]) -> None:
        """Have one message sent; where too many wait the oldest one is dropped.

        :raises WireError: where a value cannot be sent
        """
        parts = self._encoder.encode(pulse_id, nanoseconds, values)
        with self._changed:
            self._waiting.append(parts)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._overrun += 1
            self._changed.notify()

    def close(self, *, at_once: bool = False) -> None:
        """Stop."""
        with self._changed:
            self._ends = time.monotonic() + (0.0 if at_once else _LINGER_SECONDS)
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        super().close(at_once=at_once)

    def _work(self) -> None:
        """Send what waits until it is over; the socket is this thread's alone meanwhile."""
        while True:
            with self._changed:
                if not self._waiting and not self._ends:
                    self._changed.wait(_LOOK_SECONDS)
                parts = self._waiting.popleft() if self._waiting else None
                if parts is None and self._ends:
                    return
            if parts is not None:
                self._deliver(parts, self._waits_on)
            self._clients = self._sender.clients

    def _waits_on(self) -> bool:
        self._clients = self._sender.clients
        return not self._ends or time.monotonic() < self._ends
