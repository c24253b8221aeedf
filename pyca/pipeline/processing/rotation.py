"""Images turned by any angle, or by quarter turns together with their axes."""

from typing import Any

import numpy as np

from pyca.core.errors import ImagingError
from pyca.images.image import Image
from pyca.kernel.kernel import Kernel
from pyca.pipeline.files.parts import Rotation
from pyca.pipeline.processing.frame import Axis

ORTHO = "ortho"
_FILLED = ("reflect", "nearest", "mirror", "wrap")
_QUARTER = 90
_FULL = 360


def quarter_turns(rotation: Rotation | None) -> int:
    """Return the number of quarter turns, counter-clockwise, 0 to 3; 0 where pixels are interpolated.

    :raises ImagingError: where the angle is none of theirs
    """
    if rotation is None or rotation.mode != ORTHO:
        return 0
    if rotation.angle % _QUARTER:
        raise ImagingError(
            f"rotation: found an angle of {rotation.angle}, “ortho” needs a multiple of 90 degrees."
        )
    return int(rotation.angle // _QUARTER) % 4


def is_interpolated(rotation: Rotation | None) -> bool:
    """Return whether pixels come to lie between others."""
    return rotation is not None and rotation.mode != ORTHO and rotation.angle % _FULL != 0


def interpolated(image: Image, rotation: Rotation, kernel: Kernel) -> Image:
    """Return an image turned counter-clockwise about its middle, of the same shape and type."""
    is_constant = rotation.mode not in _FILLED
    if is_constant and rotation.order == 1:
        return kernel.turned(image, rotation.angle, float(rotation.mode))
    # Not before it is needed: an idle instance is to stay small.
    from scipy import ndimage

    fill: dict[str, Any] = {"mode": rotation.mode}
    if is_constant:
        fill = {"mode": "constant", "cval": float(rotation.mode)}
    with np.errstate(all="ignore"):
        turned: Image = ndimage.rotate(image, rotation.angle, reshape=False, order=rotation.order, **fill)
    return turned


def turned_axes(x_axis: Axis, y_axis: Axis, turns: int) -> tuple[Axis, Axis]:
    """Return the axes of an image after quarter turns, counter-clockwise."""
    for _ in range(turns):
        x_axis, y_axis = y_axis, x_axis[::-1]
    return x_axis, y_axis
