"""Messages like the one before: most of a stream's differ in nothing but the numbers."""

import struct
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pyca.bsread.header import Channel
from pyca.bsread.message import Buffer, Value

_FLOAT, _SIGNED = struct.Struct("<d"), struct.Struct("<q")
_NOTHING = type(None)


class _Seen(NamedTuple):
    """One value of the message before.

    :param kind: its very type
    :param dtype: of an array or NumPy's number
    :param shape: of an array
    :param is_sent: whether it is a channel; a value that was never anything but None is none
    """

    name: str
    kind: type[Any]
    dtype: Any
    shape: tuple[int, ...]
    is_sent: bool


class Habit:
    """Makes the parts of values that are of the same types and sizes as those before, without looking closer.

    Nothing that is compressed, and nothing in another byte order than that of nearly all machines.
    """

    def __init__(self) -> None:
        self._seen: list[_Seen] | None = None
        self._text: tuple[str, bytes] = "", b""
        """the longest text of the message before, which seldom changes"""

    def note(self, values: Mapping[str, Value], channels: Mapping[str, Channel]) -> None:
        """Remember a message that was sent.

        :param channels: of its header
        """
        seen = [_look(name, value, channels.get(name)) for name, value in values.items()]
        known = [one for one in seen if one is not None]
        # A channel that is in the header alone is sent as well, without a value.
        complete = len(known) == len(seen) and sum(one.is_sent for one in known) == len(channels)
        self._seen = known if complete and sys.byteorder == "little" else None

    def parts(self, values: Mapping[str, Value], stamp: bytes) -> list[Buffer] | None:
        """Return the parts of all channels, None where these values are not as those before.

        :param stamp: the time, as it is sent with each value
        """
        seen = self._seen
        if seen is None or len(seen) != len(values):
            return None
        found: list[Buffer] = []
        for one, (name, value) in zip(seen, values.items(), strict=True):
            if name != one.name or type(value) is not one.kind:
                return None
            if value is None:
                if one.is_sent:
                    found += (b"", b"")
                continue
            part = self._part(one, value)
            if part is None:
                return None
            found += (part, stamp)
        return found

    def _part(self, one: _Seen, value: Any) -> Buffer | None:
        kind = one.kind
        if kind is np.ndarray:
            fits = value.dtype == one.dtype and value.shape == one.shape and value.flags.c_contiguous
            return memoryview(value).cast("B") if fits else None
        if kind is float:
            return _FLOAT.pack(value)
        if kind is int:
            return _SIGNED.pack(value) if -(2**63) <= value < 2**63 else None
        if kind is str:
            return self._encoded(value)
        if kind is bool:
            return b"\1" if value else b"\0"
        return bytes(value.tobytes()) if value.dtype == one.dtype else None

    def _encoded(self, text: str) -> bytes | None:
        if text is self._text[0]:
            return self._text[1]
        try:
            found = text.encode("utf-8")
        except UnicodeEncodeError:
            return None
        if len(found) >= len(self._text[1]):
            self._text = text, found
        return found


def _look(name: str, value: Value, channel: Channel | None) -> _Seen | None:
    """Return what is remembered of a value, None where it has to be looked at each time."""
    kind = type(value)
    if channel is None:
        return _Seen(name, kind, None, (), is_sent=False) if value is None else None
    if channel.compression or channel.encoding != "little":
        return None
    if kind is np.ndarray:
        assert isinstance(value, np.ndarray)
        return (
            _Seen(name, kind, value.dtype, value.shape, is_sent=True) if value.ndim and value.size else None
        )
    if kind is int and channel.type != "int64":
        return None
    if kind in (int, float, bool, str, _NOTHING):
        return _Seen(name, kind, None, (), is_sent=True)
    if isinstance(value, np.generic) and channel.type != "string":
        return _Seen(name, kind, value.dtype, (), is_sent=True)
    return None
