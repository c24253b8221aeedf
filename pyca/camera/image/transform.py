"""What a configuration does to each image: binning, mirrors, turns, region of interest, background."""

import logging
from typing import Any

import numpy as np

from pyca.camera.files.configuration import Configuration
from pyca.core.errors import SourceError
from pyca.images.blocks import binned
from pyca.images.forms import as_type, contiguous
from pyca.images.image import Image, Size
from pyca.images.regions import clamped

logger = logging.getLogger(__name__)


class Transform:
    """Does to images what the configuration of their camera wants, in the order of the protocol.

    Images come out as they came in, not copied, where nothing is to be done. Others are new.

    :param background: (height, width) of the delivered image; None for none
    """

    def __init__(self, configuration: Configuration, background: Image | None = None) -> None:
        self._mirror_x, self._mirror_y = configuration.mirror_x, configuration.mirror_y
        self._turns = configuration.rotate % 4
        self._roi = configuration.roi
        self._binning = (configuration.binning_x, configuration.binning_y)
        self._mean = configuration.binning_mean
        self._background = background
        self._fitting: dict[np.dtype[Any], Image] = {}
        self.trouble = ""
        """why the background was not subtracted from the last image; empty where all is well"""

    def apply(self, image: Image) -> Image:
        """Return the image as it is delivered: (height, width), rows one after another in memory.

        A background of another size is left out and told in :attr:`trouble`: a picture that is too bright is
        better than none.

        :param image: (height, width)
        :raises SourceError: where it is no image
        """
        if image.ndim != 2 or not image.size:
            shape = " x ".join(map(str, image.shape)) or "a single number"
            raise SourceError(f"The camera sent {shape} instead of an image of rows and columns.")
        if self._binning != (1, 1):
            image = binned(image, *self._factors(image.shape), mean=self._mean)
        if self._mirror_x:
            image = image[:, ::-1]
        if self._mirror_y:
            image = image[::-1]
        if self._turns:
            image = np.rot90(image, self._turns)
        if self._roi:
            left, width, top, height = clamped(self._roi, (image.shape[1], image.shape[0]))
            image = image[top : top + height, left : left + width]
        image = contiguous(image)
        return image if self._background is None else self._subtract(image, self._background)

    def size_after(self, size: Size) -> Size:
        """Return width and height of what comes of an image of this width and height."""
        by_x, by_y = self._factors((size[1], size[0]))
        size = (size[0] // by_x, size[1] // by_y)
        if self._turns % 2:
            size = (size[1], size[0])
        if self._roi:
            _, width, _, height = clamped(self._roi, size)
            size = (width, height)
        return size

    def _factors(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return how many columns and rows become one: no more than there are."""
        return max(min(self._binning[0], shape[1]), 1), max(min(self._binning[1], shape[0]), 1)

    def _subtract(self, image: Image, background: Image) -> Image:
        if image.shape != background.shape:
            sizes = [f"{array.shape[1]} x {array.shape[0]}" for array in (background, image)]
            trouble = f"Bad background image size: it is {sizes[0]}, the images are {sizes[1]} pixels."
            if trouble != self.trouble:
                logger.warning("%s", trouble)
            self.trouble = trouble
            return image
        self.trouble = ""
        fitting = self._fitting.get(image.dtype)
        if fitting is None:
            fitting = self._fitting[image.dtype] = as_type(background, image.dtype)
        if image.dtype.kind == "u":
            less = np.minimum(image, fitting)
            return np.subtract(image, less, out=less)
        if image.dtype.kind == "i":
            limits = np.iinfo(image.dtype)
            difference = np.subtract(image, fitting, dtype=np.int64)
            return np.clip(difference, limits.min, limits.max).astype(image.dtype)
        with np.errstate(all="ignore"):
            return np.subtract(image, fitting)
