"""What is done to an image before anything is computed from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyca.core.errors import ImagingError
from pyca.images.blocks import binned
from pyca.images.forms import as_type, contiguous
from pyca.images.image import Image
from pyca.images.regions import clamped
from pyca.kernel.kernel import Kernel, Measured
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.processing.averaging import Averaging
from pyca.pipeline.processing.frame import Axis, axis_of, image_of
from pyca.pipeline.processing.rotation import interpolated, is_interpolated, quarter_turns, turned_axes

SIGNED, PASSIVE = "signed", "passive"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image as functions get it.

    :param image: (height, width); the received one itself where nothing was to be done
    :param measured: what is known of the image already, None where nothing is
    :param background_data: (height, width), for functions that subtract it themselves
    """

    image: Image
    x_axis: Axis
    y_axis: Axis
    measured: Measured | None
    background_data: Image | None


class Preparation:
    """Does to images what the configuration of their pipeline wants, in the order of the protocol.

    Averages, bins, subtracts the background, mirrors, turns, cuts out a region of interest, makes what is
    below a threshold 0, averages again, scales and shifts. Background, region and threshold are one pass.
    Several threads may use one that averages nothing.

    :param background: (height, width) of the images, before or after binning; None for none
    """

    def __init__(self, configuration: Configuration, background: Image | None, kernel: Kernel) -> None:
        self._is = configuration
        self._kernel = kernel
        self._turns = quarter_turns(configuration.rotation)
        self._interpolates = is_interpolated(configuration.rotation)
        self._first = Averaging(configuration.averaging) if configuration.averaging else None
        self._last = Averaging(configuration.image_averaging) if configuration.image_averaging else None
        self._threshold = configuration.image_threshold or 0.0
        mode = configuration.image_background_enable if background is not None else False
        self._signed = mode == SIGNED
        self._passive = background if mode == PASSIVE else None
        self._background = background if mode and mode != PASSIVE else None
        self._fitting: tuple[object, Image | None] = (None, None)

    def apply(self, image: Any, x_axis: Axis | None, y_axis: Axis | None) -> Prepared | None:
        """Return a prepared image, None where more images are needed for the next mean.

        :param image: (height, width), never changed
        :param x_axis: (width,), None for the numbers of columns
        :param y_axis: (height,), None for the numbers of rows
        :raises SourceError: where the image is none, or an axis not of its size
        :raises ImagingError: where the background has another size
        """
        received = now = image_of(image)
        axes = self._axes(received, x_axis, y_axis)
        if self._first:
            mean = self._first.add(now)
            if mean is None:
                return None
            now = mean
        now, measured = self._cleaned(self._binned(now))
        if self._last:
            mean = self._last.add(now)
            if mean is None:
                return None
            now, measured = mean, None
        if self._is.image_scale is not None or self._is.image_offset is not None:
            now, measured = self._scaled(now), None
        if self._is.copy and np.may_share_memory(now, received):
            now = now.copy()
        return Prepared(now, *axes, measured, self._passive)

    def _axes(self, image: Image, x_axis: Axis | None, y_axis: Axis | None) -> tuple[Axis, Axis]:
        """Return the axes of what will come of an image."""
        height, width = image.shape
        by_x, by_y = self._factors(image)
        x_axis = block_means(axis_of(x_axis, width, "x_axis"), by_x)
        y_axis = block_means(axis_of(y_axis, height, "y_axis"), by_y)
        x_axis = x_axis[::-1] if self._is.mirror_x else x_axis
        y_axis = y_axis[::-1] if self._is.mirror_y else y_axis
        x_axis, y_axis = turned_axes(x_axis, y_axis, self._turns)
        if self._is.image_region_of_interest:
            size = len(x_axis), len(y_axis)
            left, columns, top, rows = clamped(self._is.image_region_of_interest, size)
            x_axis, y_axis = x_axis[left : left + columns], y_axis[top : top + rows]
        return np.ascontiguousarray(x_axis), np.ascontiguousarray(y_axis)

    def _factors(self, image: Image) -> tuple[int, int]:
        """Return how many columns and rows become one: no more than there are."""
        height, width = image.shape
        return min(self._is.binning_x, width), min(self._is.binning_y, height)

    def _binned(self, image: Image) -> Image:
        by_x, by_y = self._factors(image)
        if (by_x, by_y) == (1, 1):
            return image
        return binned(image, by_x, by_y, mean=self._is.binning_mean)

    def _cleaned(self, image: Image) -> tuple[Image, Measured | None]:
        """Return an image less its background, in its place, and what is below the threshold made 0."""
        if self._signed and image.dtype.kind != "f":
            image = as_type(image, np.dtype(np.int32))
        background = self._fitting_background(image)
        if self._interpolates:
            if background is not None:
                image, background = self._kernel.clean(image, background, 0.0)[0], None
            assert self._is.rotation is not None
            image = self._cut(interpolated(self._mirrored(image), self._is.rotation, self._kernel))
        else:
            image = self._placed(image)
        if background is None and int(self._threshold) <= 0:
            return image if image.strides[1] == image.itemsize else contiguous(image), None
        return self._kernel.clean(image, background, self._threshold)

    def _fitting_background(self, image: Image) -> Image | None:
        """Return the background as it fits to a binned image: of its type, and placed as that will be.

        That is done once for all images of a kind. A background as large as images were before they were
        binned fits as well: it is binned like them.
        """
        if self._background is None:
            return None
        kind = (image.shape, image.dtype)
        # Read once: several threads may prepare images, of which another may just put its own in.
        known, fitting = self._fitting
        if known != kind:
            background = self._background
            if background.shape != image.shape:
                background = self._binned(background)
            if background.shape != image.shape:
                sizes = [f"{each.shape[1]} x {each.shape[0]}" for each in (self._background, image)]
                raise ImagingError(
                    f"Bad background image size: it is {sizes[0]}, the images are {sizes[1]} pixels.",
                    "Collect a new background, or switch image_background_enable off.",
                )
            background = as_type(background, image.dtype)
            fitting = background if self._interpolates else contiguous(self._placed(background))
            self._fitting = kind, fitting
        return fitting

    def _placed(self, image: Image) -> Image:
        """Return an image mirrored, turned by quarters and cut out, without a copy."""
        image = self._mirrored(image)
        return self._cut(np.rot90(image, self._turns) if self._turns else image)

    def _mirrored(self, image: Image) -> Image:
        image = image[:, ::-1] if self._is.mirror_x else image
        return image[::-1] if self._is.mirror_y else image

    def _cut(self, image: Image) -> Image:
        if not self._is.image_region_of_interest:
            return image
        size = image.shape[1], image.shape[0]
        left, width, top, height = clamped(self._is.image_region_of_interest, size)
        return image[top : top + height, left : left + width]

    def _scaled(self, image: Image) -> Image:
        with np.errstate(all="ignore"):
            scale = 1.0 if self._is.image_scale is None else self._is.image_scale
            changed: Image = image * np.float64(scale)
            changed += self._is.image_offset or 0.0
        return changed


def block_means(axis: Axis, by: int) -> Axis:
    """Return the means of blocks of an axis; a rest at its end is left out."""
    if by == 1:
        return axis
    blocks = axis[: len(axis) // by * by].reshape(-1, by)
    means: Axis = blocks.mean(axis=1, dtype=np.float64).astype(np.float32)
    return means
