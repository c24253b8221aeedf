"""One message of a stream: the values of all channels at one pulse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.header import Channel

Value = NDArray[Any] | np.generic | int | float | bool | str | Sequence[Any] | None
"""What a channel can hold. Images are (height, width); None means that the channel has no value this time."""
Buffer = bytes | bytearray | memoryview
"""One part of a message"""


@dataclass(frozen=True, slots=True)
class Message:
    """The values of all channels at one pulse.

    Numbers come as NumPy scalars of the channel's type, arrays in the machine's byte order and not writable:
    they may be views on what was received. An array of one dimension and one element is the same as a number
    in this protocol, and comes as a number.

    :param nanoseconds: the time of the pulse, since 1970 UTC
    :param timestamps: times of single channels in nanoseconds since 1970 UTC, none for those without a value
    :param channels: the formats of all channels, in order
    :param hash: MD5 of the data header, another one wherever formats differ
    """

    pulse_id: int
    nanoseconds: int
    values: Mapping[str, Value]
    timestamps: Mapping[str, int]
    channels: tuple[Channel, ...]
    hash: str
