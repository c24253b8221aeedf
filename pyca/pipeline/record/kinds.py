"""What values can be in a file, and which of them belong together."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.header import NUMBERS
from pyca.bsread.message import Value
from pyca.core.errors import ImagingError

TEXT = 1000
"""bytes of a text; one that begins longer has room for the next multiple of it"""
_NUMBERS = frozenset(np.dtype(code) for code in NUMBERS.values())
_MOST_DIMENSIONS = 31
"""of one value: HDF5 has 32, of which the messages are one"""
_LARGEST = 1 << 31
"""bytes of one value: HDF5 keeps no chunk of 4 GiB"""


class MisfitError(ImagingError):
    """A value has another type or shape than those of its channel before."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Type and shape of all values of a channel.

    :param shape: of one value as NumPy has it, (height, width) for an image; () for a number or a text
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def empty(self) -> Any:
        """What stands for a value that is not there: not a number, 0, false or an empty text."""
        return np.nan if self.dtype.kind == "f" else self.dtype.type()

    def __str__(self) -> str:
        if self.dtype.kind == "S":
            return "a text"
        if not self.shape:
            return str(self.dtype)
        return f"{self.dtype} [{' × '.join(map(str, self.shape[::-1]))}]"

    def fitting(self, value: Value) -> Any:
        """Return a value as one of this kind, without gaps; another type of number where nothing is lost.

        :param value: not None; a text that is too long is cut off
        :raises MisfitError: where it is none, saying what it is
        """
        if isinstance(value, str):
            if self.dtype.kind == "S":
                return _text(value, self.dtype.itemsize)
            raise MisfitError("a text")
        if type(value) is float and self.dtype.kind == "f":
            return value
        found = _array(value)
        if found.shape == self.shape and self.dtype.kind != "S":
            if np.can_cast(found.dtype, self.dtype, "safe"):
                return found.astype(self.dtype, order="C", copy=False)
            if not found.shape and _is_same(found, self.dtype):
                return found.astype(self.dtype)
        raise MisfitError(str(_kind(found)))


def kind_of(name: str, value: Value) -> Kind:
    """Return the kind that a channel has with this value, which is not None.

    :param name: of the channel, for errors
    :raises ImagingError: where no file can hold it
    """
    if isinstance(value, str):
        return Kind(np.dtype(f"S{max(1, -(-len(value.encode('utf-8', 'replace')) // TEXT)) * TEXT}"))
    try:
        kind = _kind(_array(value))
    except MisfitError as error:
        raise ImagingError(f"Channel {name!r} is {error.message}, which no file can hold.") from None
    if len(kind.shape) > _MOST_DIMENSIONS:
        raise ImagingError(
            f"Channel {name!r} has {len(kind.shape)} dimensions: more than {_MOST_DIMENSIONS}."
        )
    if kind.size > _LARGEST:
        raise ImagingError(f"Channel {name!r} has {kind.size} bytes: more than {_LARGEST} of one value.")
    return kind


def _kind(found: NDArray[Any]) -> Kind:
    return Kind(found.dtype.newbyteorder("="), found.shape)


def _array(value: Value) -> NDArray[Any]:
    """Return a value as an array; one element alone has no dimensions, as in streams."""
    try:
        found = np.asarray(value)
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise MisfitError("a list that is not even") from None
    if found.dtype.newbyteorder("=") not in _NUMBERS:
        raise MisfitError(f"of type {found.dtype if found.shape else type(value).__name__}")
    return found.reshape(()) if found.shape == (1,) else found


def _is_same(found: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "b" or found.dtype.kind == "b":
        return False
    with np.errstate(all="ignore"):
        return bool(found.astype(dtype) == found)


def _text(value: str, size: int) -> bytes:
    data = value.encode("utf-8", "replace")
    return data if len(data) <= size else data[:size].decode("utf-8", "ignore").encode("utf-8")
