"""Connections of our servers: who keeps others out is let go, and a scarce system is no storm of messages."""

import errno
import logging
import socket
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer

from pyca.ui.access.peer import elsewhere

logger = logging.getLogger(__name__)

_QUIET_SECONDS = 60.0
"""Least time between two messages of the same kind."""
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FULL = b"Too many connections come from your address. Close some.\n"
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)


@dataclass(frozen=True)
class Limits:
    """What a connection may take.

    :param connections: most that are open at a time; further ones wait
    :param per_peer: most from one other machine; further ones are refused
    :param header_seconds: for the head of a request, from its first byte on
    :param body_seconds: for the head and the body, beside the time that what has come of it may take
    :param body_rate: slowest body, in bytes a second
    :param unread_seconds: after which a connection ends whose other side takes nothing of what is sent
    :param pause_seconds: without new connections where the system has no descriptor for one
    """

    connections: int
    per_peer: int
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    body_rate: float = 10_000.0
    unread_seconds: float = 10.0
    pause_seconds: float = 1.0


class Reader(HTTPRequestParser):  # type: ignore[misc]
    """Reads requests; what is none is refused, whatever is wrong with it."""

    command = ""
    path = ""

    def parse_header(self, header_plus: bytes) -> None:
        """Take the head of a request.

        :raises ParsingError: where it is none
        """
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # an address with half a bracket, a number with strange digits
            raise ParsingError(str(error)) from error


class Connection(HTTPChannel):  # type: ignore[misc]
    """One connection. Time that passes while it is our turn is not counted.

    Each byte begins the server's own time of idleness again, so that alone lets go nobody who sends slowly.
    """

    parser_class = Reader
    _began: float | None = None
    """when the request that is being received began; None before its first byte"""

    def received(self, data: bytes) -> bool:
        """Take what was sent; only in the server's thread."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        taken: bool = super().received(data)
        if self.requests:
            # That one is complete, and the next one may have begun.
            self._began = None if self.request is None else now
        return taken

    def is_late(self, now: float, limits: Limits) -> bool:
        """Tell whether a request takes too long to come; only in the server's thread.

        :param now: in seconds of the monotonic clock
        """
        if self._began is None:
            return False
        if self.requests or self.total_outbufs_len:
            self._began = now
            return False
        request, passed = self.request, now - self._began
        if request is None or not request.headers_finished:
            return passed > limits.header_seconds
        return bool(passed > limits.body_seconds + request.body_bytes_received / limits.body_rate)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Takes connections and lets go those that are late.

    :param listener: open already
    :param table: what the loop waits for, by descriptor
    :param options: further ones of the server
    """

    channel_class: type[HTTPChannel] = Connection
    next_channel_cleanup: float = 0.0

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        limits: Limits,
        table: dict[int, Any],
        **options: Any,
    ) -> None:
        self._limits = limits
        self._resumed = 0.0
        """moment of the monotonic clock before which nobody new is let in"""
        self._told: dict[str, float] = {}
        """when each kind of message was written last"""
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.unread_seconds * 1000)
        )  # which the sockets of connections have from this one
        known = (listener.family, listener.type, listener.proto, listener.getsockname())
        adjustments = Adjustments(sockets=[listener], connection_limit=limits.connections, **options)
        super().__init__(app, table, True, listener, adj=adjustments, sockinfo=known, bind_socket=False)

    def readable(self) -> bool:
        """Tell whether a new connection could be taken now, having looked after the others."""
        now = time.time()
        if now >= self.next_channel_cleanup:
            self.next_channel_cleanup = now + self.adj.cleanup_interval
            self.maintenance(now)
        if len(self._map) >= self._limits.connections:
            self._tell("full", f"{len(self.active_channels)} connections are open: others have to wait")
            return False
        return bool(self.accepting) and time.monotonic() >= self._resumed

    def maintenance(self, now: float) -> None:
        """Let go those on whom nothing is said, and those who are late.

        :param now: in seconds since 1970 UTC
        """
        super().maintenance(now)
        moment = time.monotonic()
        for channel in self.active_channels.values():
            if channel.is_late(moment, self._limits):
                channel.will_close = True

    def handle_accept(self) -> None:
        """Take a connection, unless its peer has too many or the system has nothing left for one."""
        try:
            taken = self.accept()
        except OSError as error:
            if error.errno in _SCARCE:
                self._resumed = time.monotonic() + self._limits.pause_seconds
                self._tell("scarce", f"New connections have to wait: {error.strerror}")
            return
        if taken is None:
            return
        connection, address = taken
        if not self._admits(address[0]):
            _refuse(connection)
            return
        try:
            self.set_socket_options(connection)
        except OSError:  # whoever it was has hung up
            connection.close()
            return
        self.channel_class(self, connection, address, self.adj, map=self._map)

    def _admits(self, peer: str) -> bool:
        place = elsewhere(peer)
        if not place:
            return True
        having = sum(elsewhere(one.addr[0]) == place for one in self.active_channels.values())
        if having < self._limits.per_peer:
            return True
        self._tell("peer", f"Further connections from {place} are refused: {having} are open")
        return False

    def _tell(self, kind: str, text: str) -> None:
        now = time.monotonic()
        if now >= self._told.get(kind, now):
            self._told[kind] = now + _QUIET_SECONDS
            logger.warning("%s", text)


def _refuse(connection: socket.socket) -> None:
    try:
        connection.setblocking(False)
        connection.send(_REFUSAL)
    except OSError:
        pass  # nobody waits for it
    finally:
        connection.close()
