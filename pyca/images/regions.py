"""Regions of interest."""

from pyca.images.image import Size

Roi = tuple[int, int, int, int]
"""(offset_x, size_x, offset_y, size_y) in pixels"""


def clamped(roi: Roi, size: Size) -> Roi:
    """Return a region of interest that lies within an image: sizes are limited first, then it is moved.

    :param roi: (offset_x, size_x, offset_y, size_y)
    :param size: (width, height) of the image
    """
    width, height = min(roi[1], size[0]), min(roi[3], size[1])
    left, top = min(roi[0], size[0] - width), min(roi[2], size[1] - height)
    return max(left, 0), width, max(top, 0), height
