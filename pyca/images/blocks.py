"""Blocks of pixels that become one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.images.image import Image

BRIGHTEST = 65535


def block_sums(image: Image, by_x: int, by_y: int) -> Image:
    """Return the sums of blocks in a type that holds them; rests at the edges are left out.

    :param by_x: columns of a block, at most those of the image
    """
    image = image[: image.shape[0] // by_y * by_y, : image.shape[1] // by_x * by_x]
    # Endless fractions of both signs have no sum, which is nothing to warn of.
    with np.errstate(all="ignore"):
        total = image[::by_y].astype(_wide_enough(image, by_x * by_y))
        for start in range(1, by_y):
            total += image[start::by_y]
        columns: Image = total[:, ::by_x].copy()
        for start in range(1, by_x):
            columns += total[:, start::by_x]
    return columns


def binned(image: Image, by_x: int, by_y: int, *, mean: bool) -> NDArray[np.uint16]:
    """Return sums, at most 65535, or means of blocks, without fractions; rests at the edges are left out."""
    if image.dtype.kind == "f":
        image = np.nan_to_num(image, posinf=BRIGHTEST, neginf=0)
    sums = block_sums(image, by_x, by_y)
    if mean:
        sums = sums / (by_x * by_y) if sums.dtype.kind == "f" else sums // (by_x * by_y)
    return np.clip(sums, 0, BRIGHTEST).astype(np.uint16)


def _wide_enough(image: Image, pixels: int) -> np.dtype[Any]:
    """Return a type that holds the sum of so many pixels."""
    if image.dtype.kind == "f":
        return np.dtype(np.float64)
    if image.dtype.kind == "u" and pixels * int(np.iinfo(image.dtype).max) < 2**32:
        return np.dtype(np.uint32)
    return np.dtype(np.int64)
