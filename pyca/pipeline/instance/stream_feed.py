"""Messages of a stream, by its address."""

from collections.abc import Sequence

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.bsread.sockets import Mode
from pyca.pipeline.instance.feed import Item

WAITING = 2
"""messages that may wait here: those of a sender who is too fast shall be lost at once, or wait there"""


class StreamFeed:
    """Receives a stream.

    Of one that everybody gets (SUB) only the newest message counts: older ones that wait are lost, so that
    nothing gets old here. Of one that is shared out (PULL) everything is taken, in order.

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
        self._shares = mode == Mode.PULL and not bind
        left_out = mode == Mode.SUB if newest is None else newest
        self._receiver = Receiver(address, mode=mode, bind=bind, high_water_mark=waiting, newest=left_out)
        self._channels = tuple(channels)

    @property
    def lost(self) -> int:
        """Return how many messages were sent and not returned."""
        # Of what is shared out others get what is missing here.
        return 0 if self._shares else self._receiver.lost

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""
        return self._receiver.garbled

    @property
    def address(self) -> str:
        """Return where messages come from, or go to where senders connect to us."""
        return self._receiver.addresses[0]

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
        return self._item(message) if message is not None else None

    def renew(self) -> None:
        """Do nothing: ZeroMQ connects again by itself."""

    def close(self) -> None:
        """Stop."""
        self._receiver.close()

    def _item(self, message: Message) -> Item:
        values = message.values
        if self._channels:
            values = {name: values.get(name) for name in self._channels}
        return Item(message.pulse_id, message.nanoseconds, values)
