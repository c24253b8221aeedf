"""Sends a stream."""

from collections.abc import Mapping
from contextlib import suppress

import zmq

from pyca.bsread.clients import Clients
from pyca.bsread.encoder import Encoder
from pyca.bsread.message import Buffer, Value
from pyca.bsread.sockets import Mode, bind, connect, prepared
from pyca.core.errors import BusyError, WireError

_MORE = int(zmq.SNDMORE)
_KINDS = {Mode.PUB: zmq.PUB, Mode.PUSH: zmq.PUSH}


class Sender:
    """Sends messages to those that are connected. Used by one thread at a time.

    Arrays are not copied: whoever sends one must not change it any more, also not after :meth:`send` has
    returned, as it may still wait for its way out. Make a new array for each message.

    :param address: tcp://host:port or ipc:///path; with port 0, or ``*``, a free one is chosen
    :param mode: PUB sends each message to everybody, and who is too slow misses some; PUSH sends it to one
    :param high_water_mark: messages that may wait for each client
    :param block: whether a message in mode PUSH waits for a client that can take it
    :param patience_ms: milliseconds, how long it waits at most
    :param linger_ms: milliseconds, how long :meth:`close` waits for what is on its way
    :param encoder: how messages are made; by default nothing is compressed
    :param connects: to somebody that listens, instead of being connected to
    :param beside: a second address, ipc://@name, for programs of this machine; done without if taken
    """

    def __init__(
        self,
        address: str,
        *,
        mode: Mode = Mode.PUB,
        high_water_mark: int = 100,
        block: bool = False,
        patience_ms: int = 1000,
        linger_ms: int = 1000,
        encoder: Encoder | None = None,
        connects: bool = False,
        beside: str = "",
    ) -> None:
        if mode not in _KINDS:
            raise WireError(f"Nothing can be sent in mode {mode}; expected is PUB or PUSH")
        self.address = address
        """the real one, once it is open"""
        self._mode = Mode(mode)
        self._high_water_mark = high_water_mark
        self._block = block and mode == Mode.PUSH
        self._patience_ms = patience_ms
        self._linger_ms = linger_ms
        self._encoder = encoder or Encoder()
        self._connects = connects
        self._beside = beside
        self._room_ms = 0
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._clients: Clients | None = None
        self.sent = 0
        """messages"""
        self.dropped = 0
        """messages that nobody got (PUSH), or that the queue of at least one client had no room for (PUB).
        A client of PUB whose queue was full gets nothing until it has taken half of it, and ZeroMQ does not
        tell what it misses meanwhile: so for PUB this tells that clients are too slow, not how many messages
        they miss."""
        self.sent_bytes = 0

    def open(self) -> str:
        """Begin to listen, or connect.

        :return: the real address
        :raises BusyError: where somebody else has the address
        :raises WireError: where it is no address
        """
        self._context = zmq.Context()
        try:
            self._socket = socket = self._made(self._context)
            self._clients = Clients(socket)
            self.address = (connect if self._connects else bind)(socket, self.address)
            if self._beside:
                with suppress(BusyError, WireError):
                    bind(socket, self._beside)
        except BaseException:
            self.close()
            raise
        return self.address

    def narrow(self, high_water_mark: int) -> None:
        """Let no more messages wait for each client than this. Clients that are there have to connect anew.

        ZeroMQ gives queues their length when a socket is bound, so that this is done once more, at the same
        address. Nothing happens where no more may wait already, or the sender is not open.

        :raises BusyError: where somebody else has taken the address meanwhile
        """
        if self._socket is None or high_water_mark >= self._high_water_mark:
            return
        self.close(0)
        self._high_water_mark = high_water_mark
        self.open()

    def wait_for_room(self, milliseconds: int) -> None:
        """Have messages in mode PUB wait until every client can take them, for some time at most.

        That is for a source without a rate of its own, which would make far more than anybody takes, with
        the time that its clients need. Those who are still behind then miss the message.

        :param milliseconds: 0 for a source that has to be on time
        """
        self._room_ms = milliseconds
        if self._socket is not None and self._mode == Mode.PUB:
            self._socket.setsockopt(zmq.SNDTIMEO, milliseconds)

    def send(
        self,
        pulse_id: int,
        nanoseconds: int,
        values: Mapping[str, Value],
        timestamps: Mapping[str, int] | None = None,
    ) -> bool:
        """Send a message, see :meth:`pyca.bsread.encoder.Encoder.encode`.

        :return: False where it was dropped, also where only some of the clients of PUB could not take it
        :raises WireError: where a value cannot be sent
        """
        return self.send_parts(self._encoder.encode(pulse_id, nanoseconds, values, timestamps))

    def send_parts(self, parts: list[Buffer]) -> bool:
        """Send a message that has been made already.

        :return: False where it was dropped
        """
        socket = self._socket
        if socket is None:
            raise WireError(f"The stream at {self.address} is not open: nothing can be sent")
        delivered = self._tried(socket, parts)
        if not delivered and self._mode == Mode.PUB:
            # Everybody else gets it.
            socket.setsockopt(zmq.XPUB_NODROP, 0)
            self._tried(socket, parts)
            socket.setsockopt(zmq.XPUB_NODROP, 1)
        if delivered or self._mode == Mode.PUB:
            self.sent += 1
            self.sent_bytes += sum(map(len, parts))
        self.dropped += not delivered
        return delivered

    @property
    def clients(self) -> int:
        """How many are connected now."""
        return self._clients.count() if self._clients else 0

    @property
    def header_changes(self) -> int:
        """How many different data headers there were."""
        return self._encoder.header_changes

    def close(self, linger_ms: int | None = None) -> None:
        """Stop. What is on its way is still sent within the linger time; nothing happens where it is closed.

        Afterwards no memory of an array is used any more.

        :param linger_ms: milliseconds, instead of the linger time that the sender was made with
        """
        context, socket, clients = self._context, self._socket, self._clients
        self._context = self._socket = self._clients = None
        if clients:
            clients.close()
        if socket:
            socket.close(self._linger_ms if linger_ms is None else linger_ms)
        if context:
            context.term()

    def _made(self, context: "zmq.Context[zmq.Socket[bytes]]") -> "zmq.Socket[bytes]":
        socket = context.socket(_KINDS[self._mode])
        prepared(socket, self.address)
        socket.setsockopt(zmq.SNDHWM, self._high_water_mark)
        socket.setsockopt(zmq.LINGER, self._linger_ms)
        waits = self._room_ms if self._mode == Mode.PUB else self._patience_ms if self._block else 0
        socket.setsockopt(zmq.SNDTIMEO, waits)
        if self._mode == Mode.PUB:
            socket.setsockopt(zmq.XPUB_NODROP, 1)
        return socket

    def _tried(self, socket: "zmq.Socket[bytes]", parts: list[Buffer]) -> bool:
        # Not by pyzmq's own loop, which puts flags of an enumeration together for each part anew.
        delivered = True
        last = len(parts) - 1
        for place, part in enumerate(parts):
            try:
                socket.send(part, _MORE if place < last else 0, copy=False)
            except zmq.Again:
                delivered = False
                if place == 0:
                    break
                # Its client went in the middle. ZeroMQ swallows parts until the last one, whosever that is.
        return delivered
