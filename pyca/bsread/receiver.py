"""Receives a stream."""

import time
from collections.abc import Sequence
from contextlib import suppress

import zmq

from pyca.bsread.clients import Clients
from pyca.bsread.compression import LARGEST
from pyca.bsread.decoder import Decoder
from pyca.bsread.header import read_main
from pyca.bsread.message import Buffer, Message
from pyca.bsread.pulses import Pulses
from pyca.bsread.sockets import Mode, bind, connect, prepared
from pyca.core.errors import WireError

_KINDS = {Mode.SUB: zmq.SUB, Mode.PULL: zmq.PULL}
_MOST_THREADS = 4


class Receiver:
    """Receives messages of one sender, or of several that share a stream. Used by one thread at a time.

    A sender that is not there yet, or goes away and comes back, is connected to as soon as it is there.

    :param addresses: tcp://host:port or ipc:///path. The same one several times makes as many connections in
        mode PULL; SUB always has one for each
    :param mode: SUB gets everything, PULL shares with others
    :param high_water_mark: messages that may wait here, for each connection
    :param bind: whether senders connect to us; then with port 0 a free one is chosen
    :param newest: whether only the newest one of all messages that wait is returned
    :param largest: bytes of one uncompressed value; a sender of more is disconnected
    :raises WireError: where there is no address, or the mode is none of these
    """

    def __init__(
        self,
        addresses: str | Sequence[str],
        *,
        mode: Mode = Mode.SUB,
        high_water_mark: int = 10,
        bind: bool = False,
        newest: bool = False,
        largest: int = LARGEST,
    ) -> None:
        if mode not in _KINDS:
            raise WireError(f"Nothing can be received in mode {mode}; expected is SUB or PULL")
        self.addresses = [addresses] if isinstance(addresses, str) else list(addresses)
        """the real ones, once it is open"""
        if not self.addresses:
            raise WireError("There is no address to receive a stream from; expected is one at least")
        self._mode = Mode(mode)
        self._high_water_mark = high_water_mark
        self._bind = bind
        self._newest = newest
        self._largest = largest
        self._decoder = Decoder(largest)
        self._pulses = Pulses()
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._senders: Clients | None = None
        self._poller = zmq.Poller()
        self.received = 0
        """messages, also those that were skipped for newer ones"""
        self.received_bytes = 0
        self.skipped = 0
        """messages that were not returned, as newer ones were there already"""
        self.garbled = 0
        """messages that were none"""

    def open(self) -> None:
        """Connect, as soon as the sender is there, or begin to listen.

        :raises BusyError: where somebody else listens at the address
        :raises WireError: where it is no address
        """
        self._context = zmq.Context(io_threads=min(_MOST_THREADS, len(self.addresses)))
        try:
            self._socket = socket = self._made(self._context)
            self._senders = Clients(socket)
            self._poller = zmq.Poller()
            self._poller.register(socket, zmq.POLLIN)
            self._senders.watch(self._poller)
            take = bind if self._bind else connect
            self.addresses = [take(socket, address) for address in self.addresses]
        except BaseException:
            self.close()
            raise

    def receive(self, timeout: float) -> Message | None:
        """Return the next message, None where none came in time.

        :param timeout: seconds
        :raises WireError: where something came that is no message; the next call goes on behind it
        """
        parts = self._next(timeout)
        if parts is None:
            return None
        while self._newest and (newer := self._arrived()) is not None:
            self._skip(parts)
            parts = newer
        try:
            message = self._decoder.decode(parts)
        except WireError:
            self.garbled += 1
            raise
        self._pulses.note(message.pulse_id)
        return message

    @property
    def lost(self) -> int:
        """Messages that were sent, as pulse ids tell, and not returned."""
        return self._pulses.lost + self.skipped

    @property
    def senders(self) -> int:
        """How many senders are connected now."""
        return self._senders.count() if self._senders else 0

    @property
    def ends(self) -> int:
        """How many connections have ended since it was opened: behind one the sender may be another."""
        if self._senders is None:
            return 0
        self._senders.count()
        return self._senders.ends

    @property
    def header_changes(self) -> int:
        """How many different data headers there were."""
        return self._decoder.header_changes

    def close(self) -> None:
        """Stop. Nothing happens where it is closed already; arrays that were received stay valid."""
        context, socket, senders = self._context, self._socket, self._senders
        self._context = self._socket = self._senders = None
        if senders:
            senders.close()
        if socket:
            socket.close(0)
        if context:
            context.term()

    def _made(self, context: "zmq.Context[zmq.Socket[bytes]]") -> "zmq.Socket[bytes]":
        socket = context.socket(_KINDS[self._mode])
        for address in self.addresses:
            prepared(socket, address)
        socket.setsockopt(zmq.RCVHWM, self._high_water_mark)
        socket.setsockopt(zmq.MAXMSGSIZE, self._largest)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        if self._mode == Mode.SUB:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        return socket

    def _next(self, timeout: float) -> list[Buffer] | None:
        socket = self._socket
        if socket is None:
            raise WireError(
                f"The stream from {', '.join(self.addresses)} is not open: nothing can be received"
            )
        deadline = time.monotonic() + timeout
        while (parts := self._arrived()) is None:
            if self._any_ended():
                # What came before an end may have come after the look.
                if (parts := self._arrived()) is not None:
                    break
                self._connect_again(socket)
            left = deadline - time.monotonic()
            # Whoever waits for long shall see the end of a connection meanwhile.
            if left <= 0 or not self._poller.poll(max(1, round(left * 1000))):
                return None
        return parts

    def _any_ended(self) -> bool:
        """Whether a connection has ended that we made."""
        assert self._senders is not None
        self._senders.count()
        return bool(self._senders.ended) and not self._bind

    def _connect_again(self, socket: "zmq.Socket[bytes]") -> None:
        """Connect where a connection has ended; nothing that came by it waits at this moment.

        ZeroMQ does that by itself, but not behind something that was no message of ZeroMQ, or too large. It
        drops what waits of connections that we end: those to other senders are left alone.
        """
        assert self._senders is not None
        ended = self._senders.ended
        # Names of machines are told as numbers later on: then any may be meant.
        known = ended <= set(self.addresses)
        chosen = [address for address in self.addresses if not known or address in ended]
        ended.clear()
        for address in set(chosen):
            with suppress(zmq.ZMQError):
                socket.disconnect(address)
        for address in chosen:
            connect(socket, address)

    def _arrived(self) -> list[Buffer] | None:
        """Return a message that is there already."""
        assert self._socket is not None
        with suppress(zmq.Again):
            parts: list[Buffer] = [
                frame.buffer for frame in self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            ]
            self.received += 1
            self.received_bytes += sum(map(len, parts))
            return parts
        return None

    def _skip(self, parts: list[Buffer]) -> None:
        """Look at a message only as far as it is needed to know what was lost, which it is now."""
        try:
            pulse = read_main(memoryview(parts[0]))
        except WireError:
            self.garbled += 1
        else:
            self.skipped += 1
            self._pulses.note(pulse.pulse_id)
