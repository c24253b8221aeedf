"""The mean of several images."""

from collections import deque
from typing import Any

import numpy as np

from pyca.images.image import Image


class Averaging:
    """Collects images and returns their mean, as float64.

    Where an image is of another size or type than those before, collecting begins anew.

    :param number: of images; positive: one mean for each so many of them, negative: a mean with each image,
        of the last so many
    """

    def __init__(self, number: int) -> None:
        self._number = max(abs(number), 1)
        self._slides = number < 0
        self._kind: object = None
        self._last: deque[Image] = deque()
        self._sum: Image = np.empty((0, 0))
        self._count = 0

    def add(self, image: Image) -> Image | None:
        """Return the mean with an image, None while there are too few.

        :param image: (height, width); kept while it counts
        """
        kind = (image.shape, image.dtype)
        with np.errstate(all="ignore"):
            if kind != self._kind or not self._count:
                self._kind, self._count = kind, 0
                self._last.clear()
                self._sum = np.zeros(image.shape, _sum_type(image.dtype, self._number + 1))
            return self._sliding(image) if self._slides else self._whole(image)

    def _whole(self, image: Image) -> Image | None:
        self._sum += image
        self._count += 1
        if self._count < self._number:
            return None
        self._count = 0
        return self._sum / self._number

    def _sliding(self, image: Image) -> Image:
        self._last.append(image)
        self._sum += image
        self._count += 1
        if self._count > self._number:
            self._count -= 1
            oldest = self._last.popleft()
            if image.dtype.kind == "f":
                # What is added and taken away again leaves its rounding, and what is no number stays.
                self._sum = np.add.reduce(list(self._last), dtype=self._sum.dtype)
            else:
                self._sum -= oldest
        return self._sum / self._count


def _sum_type(dtype: np.dtype[Any], images: int) -> np.dtype[Any]:
    """Return a type that holds the sum of so many images."""
    if dtype.kind == "f":
        return np.dtype(np.float64)
    if dtype.kind == "u" and images * int(np.iinfo(dtype).max) < 2**32:
        return np.dtype(np.uint32)
    return np.dtype(np.int64)
