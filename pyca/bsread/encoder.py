"""From values to the parts of a message."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pyca.bsread.compression import compress
from pyca.bsread.habit import Habit
from pyca.bsread.header import COMPRESSIONS, SECOND, Channel, Pulse, md5, write_data, write_main
from pyca.bsread.message import Buffer, Value
from pyca.bsread.values import Formed, formed
from pyca.core.errors import WireError

STRATEGIES = ("on_change", "once", "always")
_STAMPS = {"little": struct.Struct("<qq"), "big": struct.Struct(">qq")}


@dataclass(frozen=True)
class Compression:
    """What is compressed how: each is empty, bitshuffle_lz4 or lz4.

    :param arrays: for arrays, images among them
    :param scalars: for numbers and texts
    :param header: for the data header
    :param channels: for single channels, by name, instead of the above
    """

    arrays: str = ""
    scalars: str = ""
    header: str = ""
    channels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in (self.arrays, self.scalars, self.header, *self.channels.values()):
            if one not in COMPRESSIONS:
                raise WireError(
                    f"There is no compression {one!r}; expected is bitshuffle_lz4, lz4 or nothing"
                )

    def of(self, name: str, value: Formed) -> str:
        """Return the compression of a channel."""
        found = self.channels.get(name)
        if found is not None:
            return found
        return self.arrays if value.shape and value.type != "string" else self.scalars


@dataclass(frozen=True, slots=True)
class _Header:
    """A data header as it is sent, and its hash."""

    part: Buffer
    hash: str


class Encoder:
    """Makes messages of a stream. No input or output; used by one thread at a time.

    :param compression: by default nothing is
    :param strategy: when the data header is made anew. on_change: where names, types, shapes or byte orders
        of channels changed; always: for each message; once: for the first one only, the others have to fit
    :param scalar_shape: whether numbers have shape [1] in the data header; without it they have no shape,
        as cameras' numbers have none
    """

    def __init__(
        self,
        compression: Compression | None = None,
        strategy: str = "on_change",
        *,
        scalar_shape: bool = True,
    ) -> None:
        if strategy not in STRATEGIES:
            raise WireError(f"There is no strategy {strategy!r}; expected is {', '.join(STRATEGIES)}")
        self._compression = compression or Compression()
        self._strategy = strategy
        self._scalar_shape = (1,) if scalar_shape else ()
        self._channels: dict[str, Channel] = {}
        self._header = _Header(b"", "")
        self._habit = Habit()
        self.header_changes = 0
        """how many different data headers there were, one after the other"""

    def encode(
        self,
        pulse_id: int,
        nanoseconds: int,
        values: Mapping[str, Value],
        timestamps: Mapping[str, int] | None = None,
    ) -> list[Buffer]:
        """Return the parts of a message.

        Uncompressed arrays are not copied where they are contiguous: the parts are views on them, and the
        arrays must not be changed until the parts have been sent. A channel that is None, and has been
        nothing else so far, has no type and is left out.

        :param nanoseconds: time of the pulse, since 1970 UTC
        :param values: by name of the channel; the order is that of the stream
        :param timestamps: times of single channels in nanoseconds since 1970 UTC, where they are others
        :raises WireError: where a value cannot be sent, or does not fit to a header that is made once
        """
        if timestamps is None and self._strategy != "always":
            found = self._habit.parts(values, _stamp("little", nanoseconds))
            if found is not None:
                return [*self._heads(pulse_id, nanoseconds), *found]
        shaped = {name: self._formed(name, value) for name, value in values.items()}
        self._follow(shaped)
        self._habit.note(values, self._channels)
        parts = self._heads(pulse_id, nanoseconds)
        stamps = {encoding: _stamp(encoding, nanoseconds) for encoding in _STAMPS}
        for channel in self._channels.values():
            value = shaped.get(channel.name)
            if value is None:
                parts += (b"", b"")
                continue
            stamp = stamps[channel.encoding]
            if timestamps and channel.name in timestamps:
                stamp = _stamp(channel.encoding, timestamps[channel.name])
            parts += (_part(channel, value), stamp)
        return parts

    def _heads(self, pulse_id: int, nanoseconds: int) -> list[Buffer]:
        pulse = Pulse(pulse_id, nanoseconds, self._header.hash, self._compression.header)
        return [write_main(pulse), self._header.part]

    def _formed(self, name: str, value: Value) -> Formed | None:
        if value is None:
            return None
        found = formed(name, value)
        if found.encoding == "big" and self._compression.of(name, found) == "lz4":
            # Of big-endian channels psi-bsread 2 reads the size before LZ4 as big-endian, which it never is.
            array = np.asarray(value)
            return formed(name, array.astype(array.dtype.newbyteorder("<")))
        return found

    def _follow(self, shaped: Mapping[str, Formed | None]) -> None:
        """Make a data header where one is needed."""
        if self._strategy == "once" and self._header.hash:
            self._check(shaped)
            return
        channels = dict(self._described(shaped))
        changed = not self._header.hash or [*channels.values()] != [*self._channels.values()]
        if changed or self._strategy == "always":
            self._channels = channels
            self._header = self._made()
        self.header_changes += changed

    def _described(self, shaped: Mapping[str, Formed | None]) -> Iterable[tuple[str, Channel]]:
        for name, value in shaped.items():
            known = self._channels.get(name)
            if value is None:
                if known:
                    yield name, known
                continue
            yield name, known if known and self._fits(known, value) else self._channel(name, value)

    def _fits(self, channel: Channel, value: Formed) -> bool:
        return (channel.type, channel.encoding, channel.shape) == (
            value.type,
            value.encoding,
            value.shape or self._scalar_shape,
        )

    def _channel(self, name: str, value: Formed) -> Channel:
        shape = value.shape or self._scalar_shape
        return Channel(name, value.type, shape, value.encoding, self._compression.of(name, value))

    def _check(self, shaped: Mapping[str, Formed | None]) -> None:
        for name, value in shaped.items():
            known = self._channels.get(name)
            if value is not None and (not known or not self._fits(known, value)):
                found = f"{value.type} {list(value.shape)}"
                wanted = f"{known.type} {list(known.shape)}" if known else "not there"
                raise WireError(
                    f"Channel {name!r} is {found}, but {wanted} in the header, which is made once"
                )

    def _made(self) -> _Header:
        part: Buffer = write_data(tuple(self._channels.values()))
        if self._compression.header:
            part = compress(self._compression.header, np.frombuffer(part, np.uint8)).data
        return _Header(part, md5(memoryview(part)))


def _stamp(encoding: str, nanoseconds: int) -> bytes:
    try:
        return _STAMPS[encoding].pack(*divmod(nanoseconds, SECOND))
    except (struct.error, TypeError):
        raise WireError(f"{nanoseconds} nanoseconds since 1970 are no time that can be sent") from None


def _part(channel: Channel, value: Formed) -> Buffer:
    data = value.data
    if channel.compression:
        kind = f"V{value.item}"
        array = np.frombuffer(data, kind) if isinstance(data, bytes) else data.view(kind)
        return compress(channel.compression, array).data
    if isinstance(data, bytes):
        return data
    return data.view(np.uint8).data if data.size else b""
