"""The same image in another type, or in another order in memory."""

from typing import Any

import numpy as np

from pyca.images.image import Image

_TILE = 256
"""columns and rows that fit into a processor's fast memory while a picture is turned"""
_APART = 8


def as_type(image: Image, dtype: np.dtype[Any]) -> Image:
    """Return an image in another type, as nearly as that type can tell it; the same where it has it."""
    if image.dtype == dtype:
        return image
    if dtype.kind == "f":
        return image.astype(dtype)
    limits = np.iinfo(dtype)
    if image.dtype.kind == "f":
        # The largest 32-bit numbers are exact as float64, which float32 is not.
        image = np.rint(np.nan_to_num(image)).astype(np.float64)
    return np.clip(image, limits.min, limits.max).astype(dtype)


def contiguous(image: Image) -> Image:
    """Return an image with its rows one after another; copied once where they are not."""
    height, width = image.shape
    if image.flags.c_contiguous or abs(image.strides[1]) <= abs(image.strides[0]):
        return np.ascontiguousarray(image)
    copy = np.empty(image.shape, image.dtype)
    # Columns that become rows are far apart in memory, often by a power of two, for which a cache has few
    # places: so they go piece by piece through a buffer whose rows are not. That takes a third of the time.
    buffer = np.empty((_TILE, _TILE + _APART), image.dtype)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            piece = (slice(top, top + _TILE), slice(left, left + _TILE))
            rows, columns = image[piece].shape
            buffer[:columns, :rows] = image[piece].T
            copy[piece] = buffer[:columns, :rows].T
    return copy
