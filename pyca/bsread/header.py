"""The two headers of a message: the main header tells the pulse, the data header the formats of all channels.

bsread specification, ``bsr_m-1.1`` and ``bsr_d-1.1``.
"""

import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from pyca.core.errors import WireError

MAIN = "bsr_m-1.1"
DATA = "bsr_d-1.1"
NUMBERS = {
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "int64": "i8",
    "uint64": "u8",
    "float32": "f4",
    "float64": "f8",
    "bool": "?",
}
"""NumPy's codes of the types that have a size"""
COMPRESSIONS = ("", "bitshuffle_lz4", "lz4")
SECOND = 1_000_000_000
LARGEST_MAIN = 1 << 16
"""bytes"""
_ENCODINGS = ("little", "big")
_MOST_DIMENSIONS = 32
_MOST_ELEMENTS = 1 << 48
"""of one value, where sizes of 0 count as 1: NumPy multiplies the others all the same, in 63 bits"""
_INTEGERS = range(-(1 << 63), 1 << 64)
_TIMES = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, slots=True)
class Channel:
    """The format of one channel.

    :param type: one of :data:`NUMBERS`, or string
    :param shape: the fastest dimension first, so (width, height) for an image; empty where there is no such
        key, which means one value
    :param encoding: byte order, little or big
    :param compression: one of :data:`COMPRESSIONS`, empty for none
    """

    name: str
    type: str
    shape: tuple[int, ...] = ()
    encoding: str = "little"
    compression: str = ""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the main header tells.

    :param nanoseconds: since 1970 UTC
    :param hash: of the data header as its sender has it, empty where it does not tell
    :param compression: of the data header, one of :data:`COMPRESSIONS`
    """

    pulse_id: int
    nanoseconds: int
    hash: str
    compression: str = ""


def md5(part: bytes | memoryview) -> str:
    """Return the hash by which receivers know a data header again."""
    return hashlib.md5(part, usedforsecurity=False).hexdigest()


def write_main(pulse: Pulse) -> bytes:
    """Return a main header as it is sent.

    :raises WireError: where pulse id or time are no whole numbers, or too large; those of NumPy are fine
    """
    seconds, nanoseconds = divmod(_sendable(pulse.nanoseconds, "time in nanoseconds", _TIMES), SECOND)
    header: dict[str, Any] = {
        "htype": MAIN,
        "hash": pulse.hash,
        "pulse_id": _sendable(pulse.pulse_id, "pulse id", _INTEGERS),
        "global_timestamp": {"sec": seconds, "ns": nanoseconds},
    }
    if pulse.compression:
        header["dh_compression"] = pulse.compression
    return json.dumps(header).encode("ascii")


def read_main(part: bytes | memoryview) -> Pulse:
    """Return what a main header tells.

    :raises WireError: where it is none
    """
    if len(part) > LARGEST_MAIN:
        raise WireError(f"The main header has {len(part)} bytes, more than the {LARGEST_MAIN} that are read")
    header = _json(part, "main header", MAIN)
    stamp = header.get("global_timestamp")
    if not isinstance(stamp, dict):
        raise WireError(f"The main header has no global_timestamp, but {_shown(stamp)}")
    # Senders of before 2018 wrote “epoch”.
    seconds = _integer(stamp.get("sec", stamp.get("epoch")), "sec of the global_timestamp")
    nanoseconds = _integer(stamp.get("ns", 0), "ns of the global_timestamp")
    total = seconds * SECOND + nanoseconds
    if total not in _TIMES:
        raise WireError(f"The main header's time is {seconds} seconds, which is no time")
    digest = header.get("hash")
    return Pulse(
        pulse_id=_integer(header.get("pulse_id"), "pulse_id"),
        nanoseconds=total,
        hash=digest if isinstance(digest, str) else "",
        compression=_compression(header.get("dh_compression"), "The data header"),
    )


def write_data(channels: Sequence[Channel]) -> bytes:
    """Return a data header as it is sent, where it is not compressed."""
    return json.dumps({"htype": DATA, "channels": [_as_json(one) for one in channels]}).encode("ascii")


def read_data(part: bytes | memoryview) -> tuple[Channel, ...]:
    """Return the formats that a data header tells, in order.

    :raises WireError: where it is none, with the channel that is wrong
    """
    header = _json(part, "data header", DATA)
    given = header.get("channels")
    if not isinstance(given, list):
        raise WireError(f"The data header has no list of channels, but {_shown(given)}")
    channels = tuple(_channel(one, number) for number, one in enumerate(given))
    names = set[str]()
    for channel in channels:
        if channel.name in names:
            raise WireError(f"The data header has the channel {_shown(channel.name)} twice")
        names.add(channel.name)
    return channels


def _as_json(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {"name": channel.name, "type": channel.type}
    if channel.shape:
        found["shape"] = list(channel.shape)
    found["encoding"] = channel.encoding
    if channel.compression:
        found["compression"] = channel.compression
    return found


def _channel(given: object, number: int) -> Channel:
    if not isinstance(given, dict):
        raise WireError(f"Channel {number} of the data header is no object, but {_shown(given)}")
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise WireError(f"Channel {number} of the data header has no name, but {_shown(name)}")
    where = f"The channel {_shown(name)}"
    kind = given.get("type") or "float64"
    if not isinstance(kind, str) or (kind != "string" and kind not in NUMBERS):
        raise WireError(f"{where} is of type {_shown(kind)}; expected is {', '.join(NUMBERS)} or string")
    encoding = given.get("encoding") or "little"
    if encoding not in _ENCODINGS:
        raise WireError(f"{where} has encoding {_shown(encoding)}; expected is little or big")
    compression = _compression(given.get("compression"), where)
    return Channel(name, kind, _shape(given.get("shape"), where), encoding, compression)


def _shape(given: object, where: str) -> tuple[int, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_DIMENSIONS or not all(map(_is_size, given)):
        raise WireError(
            f"{where} has shape {_shown(given)}; expected are at most {_MOST_DIMENSIONS} whole numbers"
        )
    if prod(max(1, size) for size in given) > _MOST_ELEMENTS:
        raise WireError(f"{where} has shape {_shown(given)}; no value is that large")
    return tuple(given)


def _is_size(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0


def _compression(given: object, where: str) -> str:
    if given is None or given == "none":
        return ""
    if not isinstance(given, str) or given not in COMPRESSIONS:
        raise WireError(f"{where} has compression {_shown(given)}; expected is bitshuffle_lz4, lz4 or none")
    return given


def _json(part: bytes | memoryview, what: str, htype: str) -> Mapping[str, Any]:
    try:
        header = json.loads(bytes(part))
    except (ValueError, RecursionError):
        raise WireError(f"The {what} is no JSON: {_shown(bytes(part[:60]))}") from None
    if not isinstance(header, dict) or header.get("htype") != htype:
        found = header.get("htype") if isinstance(header, dict) else header
        raise WireError(f"The {what} is not of htype {htype}, but {_shown(found)}")
    return header


def _integer(given: object, what: str) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given not in _INTEGERS:
        raise WireError(f"The main header's {what} is no whole number, but {_shown(given)}")
    return given


def _sendable(given: object, what: str, limits: range) -> int:
    try:
        number = int(operator.index(given))  # type: ignore[arg-type]
    except TypeError:
        raise WireError(f"The {what} {_shown(given)} is no whole number, and cannot be sent") from None
    if number not in limits:
        raise WireError(f"The {what} {_shown(number)} is no {what.split()[0]} that can be sent")
    return number


def _shown(value: object) -> str:
    """Return a value as it is shown in a message, which must not be endless."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
