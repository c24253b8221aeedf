"""Counts who is connected to a socket."""

import struct
from contextlib import suppress
from typing import Any

import zmq

_EVENTS = (
    zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.DISCONNECTED
)
_EVENT = struct.Struct("=HI")
"""of a monitor's message: the event, and what else there is to know, zmq_socket_monitor(3)"""


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
        self.ended = 0
        """connections that have ended, of those that are known by :meth:`count`"""

    def count(self) -> int:
        """Return how many there are now."""
        with suppress(zmq.Again):
            while True:
                self._note(self._monitor.recv_multipart(zmq.NOBLOCK))
        return self._count

    def close(self) -> None:
        """Listen to no more events. Before the socket is closed."""
        self._socket.disable_monitor()
        self._monitor.close(0)

    def _note(self, parts: list[bytes]) -> None:
        event = _EVENT.unpack(parts[0])[0]
        self.ended += event == zmq.Event.DISCONNECTED
        if event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._count += 1
        elif event != zmq.Event.DISCONNECTED:
            # The end of this connection follows, which is the end of no client.
            self._failed += 1
        elif self._failed:
            self._failed -= 1
        else:
            self._count = max(0, self._count - 1)
