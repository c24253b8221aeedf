"""What an image and its axes have to be before anything is done with them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.core.errors import SourceError
from pyca.images.image import KINDS, Image

Axis = NDArray[np.float32]
"""(n,): where columns or rows lie, in units of length or in pixels; ascending or descending"""

_KINDS = frozenset(KINDS)
_WIDER = {"b1": "u1", "i1": "i2", "u8": "f8", "i8": "f8", "f2": "f4"}
"""types of pixels that others hold, nearly or wholly"""


def image_of(value: Any) -> Image:
    """Return an image as it is, or in a wider type where no kernel knows its own.

    :param value: what a camera or a user's function calls an image
    :raises SourceError: where it is none: no pixels, not rows and columns, or no numbers
    """
    if not isinstance(value, np.ndarray) or value.ndim != 2:
        raise SourceError(f"Found {_shape(value)} instead of an image of rows and columns.")
    if not value.size:
        raise SourceError(f"The image is empty: it is {_shape(value)} pixels.")
    if value.dtype in _KINDS:
        return value
    return value.astype(_type(value.dtype))


def axis_of(value: Any, length: int, name: str) -> Axis:
    """Return an axis that belongs to an image; the numbers of its pixels where there is none.

    :param value: what came with the image, or None
    :param length: columns or rows of the image
    :param name: of the axis, for the error
    :raises SourceError: where it is of another length, or not of numbers
    """
    if value is None:
        return np.arange(length, dtype=np.float32)
    try:
        axis = np.ascontiguousarray(value, np.float32)
    except (TypeError, ValueError):
        raise SourceError(f"{name} is not made of numbers.") from None
    if axis.shape != (length,):
        raise SourceError(f"{name} has {axis.size} values, the image {length} pixels in this direction.")
    return axis


def _type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    code = _WIDER.get(f"{dtype.kind}{dtype.itemsize}", "")
    wider = np.dtype(code) if code else dtype.newbyteorder("=")
    if wider not in _KINDS:
        raise SourceError(f"The image is made of {dtype.name}, expected are numbers of 8, 16 or 32 bits.")
    return wider


def _shape(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"“{type(value).__name__}”"
    return " x ".join(map(str, value.shape[::-1])) or "a single number"
