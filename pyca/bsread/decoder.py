"""From the parts of a message to values."""

import struct
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pyca.bsread.compression import LARGEST, decompress
from pyca.bsread.header import NUMBERS, SECOND, Channel, Pulse, md5, read_data, read_main
from pyca.bsread.message import Buffer, Message, Value
from pyca.core.errors import WireError

LARGEST_HEADER = 1 << 22
"""bytes of the data header, uncompressed"""
_STAMPS = {"little": struct.Struct("<qq"), "big": struct.Struct(">qq")}
_MARKS = {"little": "<", "big": ">"}
_TIMES = range(-(1 << 63), 1 << 63)


class Decoder:
    """Reads messages of one stream or of several. No input or output; used by one thread at a time.

    The data header, which comes with every message, is only looked into where it is another one than before.
    That is decided by its bytes, which costs nothing, and not by the hash that the message tells: a sender
    with a wrong hash, counted in :attr:`mismatches`, harms nobody.

    :param largest: bytes that one value may have, uncompressed
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._channels: tuple[Channel, ...] = ()
        self._part: bytes | None = None
        self._compression = ""
        self._hash = ""
        self.header_changes = 0
        """how many different data headers came, one after the other"""
        self.mismatches = 0
        """messages whose hash is not that of their data header"""

    def decode(self, parts: Sequence[Buffer]) -> Message:
        """Return the message. Uncompressed arrays are views on the parts.

        :raises WireError: where it is none, with the part or channel that is wrong
        """
        if len(parts) < 2:
            raise WireError(f"A message has {len(parts)} parts; expected are the two headers at least")
        pulse = read_main(_flat(parts[0]))
        self._follow(_flat(parts[1]), pulse)
        expected = 2 + 2 * len(self._channels)
        if len(parts) != expected:
            raise WireError(
                f"A message has {len(parts)} parts; the {len(self._channels)} channels that its header names "
                f"need {expected}"
            )
        values: dict[str, Value] = {}
        timestamps: dict[str, int] = {}
        for place, channel in enumerate(self._channels, start=1):
            value = self._value(channel, _flat(parts[2 * place]), len(parts[2 * place + 1]) == 0)
            values[channel.name] = value
            stamp = _timestamp(channel, _flat(parts[2 * place + 1]))
            if stamp is not None and value is not None:
                timestamps[channel.name] = stamp
        return Message(pulse.pulse_id, pulse.nanoseconds, values, timestamps, self._channels, self._hash)

    def _follow(self, part: memoryview, pulse: Pulse) -> None:
        """Read the data header where it is a new one."""
        if self._part != bytes(part) or self._compression != pulse.compression:
            plain = part
            if pulse.compression:
                found = decompress(pulse.compression, part, 1, "The data header", largest=LARGEST_HEADER)
                plain = found.data
            if len(plain) > LARGEST_HEADER:
                raise WireError(f"The data header has {len(plain)} bytes; at most {LARGEST_HEADER} are read")
            self._channels = read_data(plain)
            self._part = bytes(part)
            self._compression = pulse.compression
            self._hash = md5(part)
            self.header_changes += 1
        self.mismatches += pulse.hash != self._hash

    def _value(self, channel: Channel, part: memoryview, untimed: bool) -> Value:
        if not len(part):
            empty = not untimed and (channel.type == "string" or 0 in channel.shape)
            if not empty:
                return None
        if channel.type == "string":
            return self._text(channel, part)
        array = self._numbers(channel, part)
        if channel.shape in ((), (1,)):
            return array[0]  # type: ignore[no-any-return]
        array.flags.writeable = False
        return array.reshape(channel.shape[::-1])

    def _text(self, channel: Channel, part: memoryview) -> str:
        where = f"The text of channel {channel.name!r}"
        data: Any = part
        if channel.compression and len(part):
            data = decompress(channel.compression, part, 1, where, largest=self._largest)
        try:
            return bytes(data).decode("utf-8")
        except UnicodeDecodeError:
            raise WireError(f"{where} is not UTF-8") from None

    def _numbers(self, channel: Channel, part: memoryview) -> np.ndarray[Any, Any]:
        """Return the elements in one dimension, in the machine's byte order."""
        where = f"The value of channel {channel.name!r}"
        dtype = np.dtype(_MARKS[channel.encoding] + NUMBERS[channel.type])
        size = prod(channel.shape) * dtype.itemsize
        if channel.compression and len(part):
            data = decompress(
                channel.compression, part, dtype.itemsize, where, size=size, largest=self._largest
            )
        else:
            if len(part) != size:
                raise WireError(f"{where} has {len(part)} bytes; its type and shape need {size}")
            data = np.frombuffer(part, np.uint8)
        if channel.type == "bool":
            # A byte that is neither 0 nor 1 is no truth value for NumPy.
            return np.not_equal(data, 0)
        array: np.ndarray[Any, Any] = data.view(dtype)
        return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def _timestamp(channel: Channel, part: memoryview) -> int | None:
    if not len(part):
        return None
    stamp = _STAMPS[channel.encoding]
    if len(part) != stamp.size:
        raise WireError(
            f"The timestamp of channel {channel.name!r} has {len(part)} bytes; expected are {stamp.size}"
        )
    seconds, nanoseconds = stamp.unpack(part)
    total = int(seconds * SECOND + nanoseconds)
    if total not in _TIMES:
        raise WireError(f"The timestamp of channel {channel.name!r} is {seconds} seconds, which is no time")
    return total


def _flat(part: Buffer) -> memoryview:
    view = memoryview(part)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")
