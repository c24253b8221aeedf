"""Where the columns and rows of a camera's images lie, in units of length or in pixels."""

import math

import numpy as np
from numpy.typing import NDArray

from pyca.camera.files.configuration import Calibration, Configuration
from pyca.images.image import Size
from pyca.images.regions import clamped

Axis = NDArray[np.float32]


def axes(configuration: Configuration, raw_size: Size) -> tuple[Axis, Axis]:
    """Return x of each column and y of each row of the image that is delivered.

    Reference markers are set on the picture that one sees: pixels are counted from the upper left corner of
    the image as it is delivered, mirrored and turned, but before a region of interest is cut out and before
    pixels are binned. So mirrors do not change the axes, and a quarter turn changes their lengths only.
    Without a calibration the numbers of the pixels are returned, ascending; with one the axes descend, as
    in the protocol, which has the camera look at the screen from the front.

    :param raw_size: width and height of the camera's own image, in pixels
    """
    binning = [configuration.binning_x, configuration.binning_y]
    by = [max(min(factor, length), 1) for factor, length in zip(binning, raw_size, strict=True)]
    lengths = [length // factor * factor for factor, length in zip(by, raw_size, strict=True)]
    if configuration.rotate % 2:
        by.reverse()
        lengths.reverse()
    calibration = configuration.camera_calibration
    x_axis = _binned(_along(lengths[0], *_pixel(calibration, vertical=False)), by[0])
    y_axis = _binned(_along(lengths[1], *_pixel(calibration, vertical=True)), by[1])
    if configuration.roi:
        left, width, top, height = clamped(configuration.roi, (len(x_axis), len(y_axis)))
        x_axis, y_axis = x_axis[left : left + width], y_axis[top : top + height]
    return np.ascontiguousarray(x_axis, np.float32), np.ascontiguousarray(y_axis, np.float32)


def _pixel(calibration: Calibration | None, *, vertical: bool) -> tuple[int, float]:
    """Return the number of the pixel that is 0 on an axis, and by how much the axis grows with each pixel.

    Markers without a distance between them give a pixel of 1.
    """
    if calibration is None:
        return 0, 1.0
    upper, lower = calibration.reference_marker[vertical], calibration.reference_marker[2 + vertical]
    units = calibration.reference_marker_height if vertical else calibration.reference_marker_width
    angle = calibration.angle_vertical if vertical else calibration.angle_horizontal
    origin = int((lower - upper) / 2 + upper)
    if lower == upper:
        return origin, -1.0
    return origin, -units / (lower - upper) * math.cos(math.radians(angle))


def _along(length: int, origin: int, step: float) -> NDArray[np.float64]:
    return np.arange(-origin, length - origin, dtype=np.float64) * step


def _binned(axis: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    means: NDArray[np.float64] = axis.reshape(-1, by).mean(axis=1)
    return means
