"""From the values of a program to the bytes of a part."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.header import NUMBERS
from pyca.bsread.message import Value
from pyca.core.errors import WireError

_TYPES = {np.dtype(code): name for name, code in NUMBERS.items()}
_SIGNED, _UNSIGNED, _FLOAT = struct.Struct("<q"), struct.Struct("<Q"), struct.Struct("<d")
_ONE = (1,)


@dataclass(frozen=True, slots=True)
class Formed:
    """A value as it is sent, but for its compression.

    :param shape: the fastest dimension first; empty for one value
    :param item: bytes of one element
    :param data: contiguous; the very memory of an array wherever that can be
    """

    type: str
    shape: tuple[int, ...]
    encoding: str
    item: int
    data: bytes | NDArray[Any]


def formed(name: str, value: Value) -> Formed:
    """Return how a value is sent. Python's int is int64 (uint64 from 2⁶³ on), its float float64.

    Where an array has gaps, or runs backwards, it is copied; otherwise it is not.

    :param name: of the channel, for errors
    :raises WireError: where the protocol has no type for it
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return _array(name, value)
    if isinstance(value, str):
        return Formed("string", _ONE, "little", 1, _text(name, value))
    if isinstance(value, np.generic | np.ndarray):
        return _single(name, value)
    if isinstance(value, bool):
        return Formed("bool", (), "little", 1, b"\1" if value else b"\0")
    if isinstance(value, int):
        return _integer(name, value)
    if isinstance(value, float):
        return Formed("float64", (), "little", 8, _FLOAT.pack(value))
    if isinstance(value, list | tuple):
        return _list(name, value)
    raise _unfit(name, type(value).__name__)


def _list(name: str, value: list[Any] | tuple[Any, ...]) -> Formed:
    try:
        return _array(name, np.asarray(value))
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise WireError(f"The list of channel {name!r} is not even: it cannot be sent as an array") from None


def _array(name: str, value: NDArray[Any]) -> Formed:
    kind = _type(name, value.dtype)
    flat = (value if value.flags.c_contiguous else np.ascontiguousarray(value)).reshape(-1)
    return Formed(kind, value.shape[::-1], _encoding(value.dtype), value.itemsize, flat)


def _single(name: str, value: Any) -> Formed:
    return Formed(
        _type(name, value.dtype), (), _encoding(value.dtype), value.dtype.itemsize, bytes(value.tobytes())
    )


def _integer(name: str, value: int) -> Formed:
    try:
        if value >> 63 == 1:
            return Formed("uint64", (), "little", 8, _UNSIGNED.pack(value))
        return Formed("int64", (), "little", 8, _SIGNED.pack(value))
    except struct.error:
        raise WireError(f"Channel {name!r} is a whole number of more than 64 bits") from None


def _text(name: str, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise WireError(f"Channel {name!r} is a text with half characters, which cannot be sent") from None


def _type(name: str, dtype: np.dtype[Any]) -> str:
    try:
        return _TYPES[dtype.newbyteorder("=")]
    except KeyError:
        raise _unfit(name, str(dtype)) from None


def _encoding(dtype: np.dtype[Any]) -> str:
    return "big" if dtype.str[0] == ">" else "little"


def _unfit(name: str, what: str) -> WireError:
    return WireError(f"Channel {name!r} is of type {what}; expected is {', '.join(NUMBERS)} or a text")
