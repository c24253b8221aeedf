"""Counts who is connected to a socket."""

from contextlib import suppress
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

_EVENTS = (
    zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.DISCONNECTED
)


class Clients:
    """The number of peers of one socket, from its monitor's events.

    Peers count once they have shaken hands: a scan of ports is no client. Nothing runs by itself: events wait
    until somebody asks. Make it before the socket is bound or connected.
    """

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        self._monitor: Any = socket.get_monitor_socket(_EVENTS)
        self._count = 0
        self._failed = 0

    def count(self) -> int:
        """Return how many there are now."""
        with suppress(zmq.Again):
            while True:
                self._note(self._monitor.recv_multipart(zmq.NOBLOCK))
        return self._count

    def close(self) -> None:
        """Listen to no more events. Before the socket is closed."""
        self._socket.disable_monitor()

    def _note(self, parts: list[bytes]) -> None:
        event = parse_monitor_message(parts)["event"]
        if event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._count += 1
        elif event != zmq.Event.DISCONNECTED:
            # The end of this connection follows, which is the end of no client.
            self._failed += 1
        elif self._failed:
            self._failed -= 1
        else:
            self._count = max(0, self._count - 1)
