"""One image of a camera, as it is shown and sent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One image with its axes.

    :param image: (height, width); never written to
    :param x_axis: (width,), in the unit of the camera's calibration, or pixels
    :param y_axis: (height,)
    :param nanoseconds: when it was taken, since 1970 UTC
    """

    image: NDArray[Any]
    x_axis: NDArray[np.float32]
    y_axis: NDArray[np.float32]
    pulse_id: int
    nanoseconds: int
