"""Messages to a stream."""

from collections.abc import Callable, Mapping

from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.message import Buffer, Value
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.slow import SlowClients

GoOn = Callable[[], bool]
"""does what is due while a message waits for its way out; tells whether to wait on"""
_PATIENCE_MS = 200
"""milliseconds that are waited before it is seen whether to wait on"""


class StreamOutlet:
    """Sends messages to those who are connected, or to the pipeline that it connects to.

    :param address: to bind, where the configuration names none to connect to
    :param go_on: called again and again while a message waits for somebody who can take it
    """

    def __init__(self, address: str, configuration: Configuration, go_on: GoOn) -> None:
        connects = configuration.output_stream is not None
        mode = Mode.PUSH if connects else Mode(configuration.mode)
        self._blocks = mode == Mode.PUSH and (configuration.block or self.buffers)
        self._sender = Sender(
            configuration.output_stream or address,
            mode=mode,
            high_water_mark=configuration.queue_size,
            block=self._blocks,
            patience_ms=_PATIENCE_MS,
            connects=connects,
        )
        self._go_on = go_on
        self._header_changes = 0
        """of encoders before this one"""
        self._dropped = 0
        """messages that waited in vain"""
        self._slow = SlowClients()
        self._encoder = _encoder(configuration)

    buffers = False
    """whether messages wait elsewhere than in the sender's queues"""

    @property
    def clients(self) -> int:
        """Return how many are connected now."""
        return self._sender.clients

    @property
    def trouble(self) -> str:
        """Return what is wrong with those who are connected; empty where nothing is."""
        return self._slow.trouble(self.clients)

    @property
    def sent(self) -> int:
        """Return how many messages have left."""
        return self._sender.sent

    @property
    def dropped(self) -> int:
        """Return how many messages nobody got, or not everybody."""
        return self._dropped if self._blocks else self._sender.dropped

    @property
    def sent_bytes(self) -> int:
        """Return the bytes of the messages that have left."""
        return self._sender.sent_bytes

    @property
    def header_changes(self) -> int:
        """Return how many different data headers there were, one after the other."""
        return self._header_changes + self._encoder.header_changes

    def configure(self, configuration: Configuration) -> None:
        """Make headers as a configuration says from the next message on."""
        self._header_changes = self.header_changes
        self._encoder = _encoder(configuration)

    def open(self) -> str:
        """Begin; returns the address.

        :raises BusyError: where somebody else has it
        :raises WireError: where it is none
        """
        return self._sender.open()

    def send(self, pulse_id: int, nanoseconds: int, values: Mapping[str, Value]) -> None:
        """Send one message, or wait until it can be sent; see :class:`pyca.pipeline.instance.outlet.Outlet`.

        :raises WireError: where a value cannot be sent
        """
        self._deliver(self._encoder.encode(pulse_id, nanoseconds, values), self._go_on)

    def close(self, *, at_once: bool = False) -> None:
        """Stop."""
        self._sender.close(0 if at_once else None)

    def _deliver(self, parts: list[Buffer], go_on: GoOn) -> None:
        while not self._sender.send_parts(parts):
            if self._blocks:
                self._slow.wait()
            if not self._blocks or not go_on():
                self._dropped += 1
                break
        self._slow.go_on(self.dropped)


def _encoder(configuration: Configuration) -> Encoder:
    data = configuration.data_compression or ""
    compression = Compression(data, data, configuration.data_header_compression or "")
    return Encoder(compression, configuration.create_header)
