"""Messages of a stream, by its address."""

import time
from collections.abc import Sequence

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.bsread.sockets import Mode
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.lag import Lag

WAITING = 2
"""messages that may wait here: those of a sender who is too fast shall be lost at once, or wait there"""
_NEXT_SECONDS = 0.002
"""within which the next message comes that waits at the sender"""
_LONGEST_SECONDS = 0.2
"""for leaving out what has waited there"""


class StreamFeed:
    """Receives a stream.

    Of one that everybody gets (SUB) messages may wait for a moment, so that a short delay costs none; where
    they get older than that, all but the newest are left out. Of one that is shared out (PULL) everything is
    taken, in order.

    :param address: tcp://host:port or ipc:///path
    :param mode: SUB or PULL
    :param bind: whether senders connect to us
    :param channels: names of those that are wanted, all where it is empty; one that is missing is None
    :param waiting: messages that may wait, for each sender
    :param newest: whether older messages are left out, None for what fits to the mode
    """

    def __init__(
        self,
        address: str,
        *,
        mode: Mode = Mode.SUB,
        bind: bool = False,
        channels: Sequence[str] = (),
        waiting: int = WAITING,
        newest: bool | None = None,
    ) -> None:
        self._newest = mode == Mode.SUB if newest is None else newest
        self._lag = Lag()
        self._left_out = 0
        """messages that were received and too old"""
        self._shares = mode == Mode.PULL and not bind
        self._receiver = Receiver(address, mode=mode, bind=bind, high_water_mark=waiting)
        self._channels = tuple(channels)

    @property
    def lost(self) -> int:
        """Return how many messages were sent and not returned."""
        # Of what is shared out others get what is missing here.
        return 0 if self._shares else self._receiver.lost + self._left_out

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""
        return self._receiver.garbled

    @property
    def address(self) -> str:
        """Return where messages come from, or go to where senders connect to us."""
        return self._receiver.addresses[0]

    @property
    def ends(self) -> int:
        """Return how many connections to the sender have ended; what came since may be somebody else's."""
        return self._receiver.ends

    def open(self) -> None:
        """Connect, as soon as the sender is there, or begin to listen.

        :raises BusyError: where somebody else listens at the address
        :raises WireError: where it is no address
        """
        self._receiver.open()

    def receive(self, timeout: float) -> Item | None:
        """Return the next message, None where none came in time.

        :param timeout: seconds
        :raises WireError: where something came that is no message
        """
        message = self._receiver.receive(timeout)
        if message is not None and self._newest and self._is_behind(message):
            message = self._newest_of_all(message)
        return self._item(message) if message is not None else None

    def renew(self) -> None:
        """Do nothing: ZeroMQ connects again by itself."""

    def close(self) -> None:
        """Stop."""
        self._receiver.close()

    def _is_behind(self, message: Message) -> bool:
        return self._lag.is_behind(message.nanoseconds, time.time_ns())

    def _newest_of_all(self, message: Message) -> Message:
        """Return the newest of all messages that wait at the sender, behind one that waited there."""
        began = time.monotonic()
        before = self._left_out
        while (newer := self._receiver.receive(_NEXT_SECONDS)) is not None:
            message = newer
            self._left_out += 1
            if not self._is_behind(message) or time.monotonic() - began > _LONGEST_SECONDS:
                return message
        if self._left_out == before:
            self._lag.accept()
        return message

    def _item(self, message: Message) -> Item:
        values = message.values
        if self._channels:
            values = {name: values.get(name) for name in self._channels}
        return Item(message.pulse_id, message.nanoseconds, values)
