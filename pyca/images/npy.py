"""Images in NumPy's NPY format, and the limits that all images have which somebody sends."""

import ast
import math
import re
from typing import Any

import numpy as np

from pyca.core.errors import ImagingError
from pyca.folders.names import shown
from pyca.images.image import KINDS, Image

MAGIC = b"\x93NUMPY"
_VERSIONS = (b"\x01\x00", b"\x02\x00", b"\x03\x00")
_LONGEST_HEADER = 10_000
_NUMBERS = re.compile("[<>|=]?(i[1248]|u[1248]|f[48])")
MOST_PIXELS = 2**26
"""of an image: 8192 rows of 8192"""
_READ = frozenset(
    {*(kind.newbyteorder("=") for kind in KINDS), np.dtype("i1"), np.dtype("i8"), np.dtype("u8")}
)
_EXPECTED = "expected a 2-D array of uint8, uint16, uint32, int16, int32, float32 or float64"
_REMEDY = "Send the image as a file of NumPy's NPY format (numpy.save)."


def from_npy(data: bytes) -> Image:
    """Return the image in a file of NumPy's NPY format.

    The header is believed only as far as there is data.

    :return: (height, width), read-only
    :raises ImagingError: where it is no such file, or no image
    """
    start = 10 if data[6:7] == b"\x01" else 12
    size = int.from_bytes(data[8:start], "little")
    text = data[start : start + size]
    if not data.startswith(MAGIC) or data[6:8] not in _VERSIONS or not len(text) == size <= _LONGEST_HEADER:
        raise ImagingError("It begins with no header of an NPY file of version 1, 2 or 3.", _REMEDY)
    try:
        # A literal of Python, which calls nothing (numpy.lib.format, version 1.0 to 3.0).
        header = ast.literal_eval(text.decode("utf-8").strip())
        kind, fortran, shape = (header[key] for key in ("descr", "fortran_order", "shape"))
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ImagingError("The header of an NPY file makes no sense.", _REMEDY) from error
    if not isinstance(shape, tuple) or not isinstance(fortran, bool):
        raise ImagingError("The header of an NPY file makes no sense.", _REMEDY)
    return image_from(memoryview(data)[start + size :], shape, type_of(kind), fortran=fortran)


def type_of(name: object) -> np.dtype[Any]:
    """Return the type of numbers that a sender names, such as ``<u2``.

    :raises ImagingError: where it names something else
    """
    if not isinstance(name, str) or not _NUMBERS.fullmatch(name):
        raise ImagingError(f"No image: found an array of {shown(name)}, {_EXPECTED}.", _REMEDY)
    return np.dtype(name)


def image_from(data: Any, shape: tuple[Any, ...], dtype: np.dtype[Any], *, fortran: bool) -> Image:
    """Return an image from its bytes and what is said about them.

    :param data: one byte after another
    :param fortran: columns, not rows, lie together
    :return: (height, width), read-only, in this machine's byte order
    :raises ImagingError: where the two do not fit together, or it is no image
    """
    if len(shape) != 2 or not all(type(length) is int and length > 0 for length in shape):
        raise ImagingError(
            f"No image: found an array of {len(shape)} dimensions, or an empty one, {_EXPECTED}."
        )
    if len(data) != math.prod(shape) * dtype.itemsize:
        wanted = math.prod(shape) * dtype.itemsize
        raise ImagingError(f"No image: found {len(data)} bytes of pixels, expected {wanted} for its size.")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return limited(array)


def limited(image: Image) -> Image:
    """Return an image in a type that cameras have, rows one after another, in this machine's byte order.

    :raises ImagingError: where that is impossible, or it is too large
    """
    if image.ndim != 2 or not image.size or image.dtype.newbyteorder("=") not in _READ:
        raise ImagingError(
            f"No image: found an array of {image.dtype.name} and {image.ndim} dimensions, {_EXPECTED}."
        )
    if image.size > MOST_PIXELS:
        raise ImagingError(f"An image of {image.size} pixels is too large, {MOST_PIXELS} are allowed.")
    native = image.dtype.newbyteorder("=")
    if native not in KINDS:
        # Whoever writes numbers without a thought of types gets 64 bits, which no camera has.
        fitting = [kind for kind in KINDS if kind.kind in "iu" and _holds(kind, image)]
        preferred = [kind for kind in fitting if kind == np.dtype("u2")] or fitting
        if not preferred:
            raise ImagingError(f"No image: its numbers need 64 bits, {_EXPECTED}.")
        native = preferred[0]
    return np.ascontiguousarray(image, native)


def _holds(kind: np.dtype[Any], image: Image) -> bool:
    limits = np.iinfo(kind)
    return bool(limits.min <= image.min() and image.max() <= limits.max)
