"""Counts who is connected to a socket."""

import struct
from contextlib import suppress
from typing import Any

import zmq

_EVENTS = zmq.Event.ACCEPTED | zmq.Event.CONNECTED | zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.DISCONNECTED
_EVENT = struct.Struct("=HI")
"""of a monitor's message: the event, and its value, zmq_socket_monitor(3)"""
_HANDSHAKE_MS = 5000
"""milliseconds, after which a connection is ended that has not shaken hands"""


class Clients:
    """The number of peers of one socket, from its monitor's events.

    Peers count once they have shaken hands: neither a scan of ports nor a socket of the wrong type is a
    client. Events of the beginning and the end of a connection tell its file descriptor. That of a handshake
    does not: while one of several new connections has shaken hands, it is not known which. Where one of them
    ends then, it is taken for another one: in doubt there are too many clients, for a few seconds, and never
    too few.

    Nothing runs by itself: events wait until somebody asks. Make it before the socket is bound or connected.
    """

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._socket = socket
        self._monitor: Any = socket.get_monitor_socket(_EVENTS)
        self._new = set[int]()
        """connections of which it is not known whether they have shaken hands"""
        self._shaken = 0
        """how many of those have"""
        self._peers = set[int]()
        """connections that have shaken hands"""
        self.ended = set[str]()
        """addresses where a connection has ended and none has begun since, of what :meth:`count` knows"""
        self.ends = 0
        """connections that have ended, likewise"""

    def count(self) -> int:
        """Return how many there are now."""
        with suppress(zmq.Again):
            while True:
                head, address = self._monitor.recv_multipart(zmq.NOBLOCK)
                event, value = _EVENT.unpack(head)
                self._note(event, value, address.decode())
        return len(self._peers) + self._shaken

    def watch(self, poller: zmq.Poller) -> None:
        """Have a poller look up where there is an event, too."""
        poller.register(self._monitor, zmq.POLLIN)

    def close(self) -> None:
        """Listen to no more events. Before the socket is closed."""
        self._socket.disable_monitor()
        self._monitor.close(0)

    def _note(self, event: int, value: int, address: str) -> None:
        if event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._shaken += 1
        else:
            # Also at the beginning: of a connection that we ended ourselves nobody tells the end.
            self._new.discard(value)
            self._peers.discard(value)
            if event == zmq.Event.DISCONNECTED:
                self.ended.add(address)
                self.ends += 1
                self._shaken = min(self._shaken, len(self._new))
            else:
                self.ended.discard(address)
                self._new.add(value)
        if self._new and self._shaken >= len(self._new):
            self._shaken -= len(self._new)
            self._peers |= self._new
            self._new.clear()
