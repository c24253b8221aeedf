"""What a kernel can do, whatever it is made of."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
"""(height, width), of 8, 16 or 32 bits or floats"""
Profile = NDArray[Any]
"""sums of columns or rows: int64 of whole numbers, float64 of fractions"""
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pass over an image finds.

    :param minimum: lowest pixel, of those that are numbers; NaN where none is
    :param x_profile: (width,), sums of the columns
    :param y_profile: (height,), sums of the rows
    """

    minimum: Any
    maximum: Any
    x_profile: Profile
    y_profile: Profile


@dataclass(frozen=True, slots=True)
class Fit:
    """offset + amplitude · exp(-(x - mean)² / 2σ²).

    :param standard_deviation: σ, never negative
    :param converged: False where nothing fits better than a guess
    """

    offset: float
    amplitude: float
    mean: float
    standard_deviation: float
    converged: bool = True


class Kernel(Protocol):
    """Passes over images and fits. May be used by several threads at the same time."""

    @property
    def name(self) -> str:
        """Return “native” or “numpy”."""

    def measure(self, image: Image) -> Measured:
        """Pass over an image that stays as it is."""

    def clean(self, image: Image, background: Image | None, threshold: float) -> tuple[Image, Measured]:
        """Return an image less its background, what is below the threshold made 0, and what is found in that.

        :param background: of the image's shape and type; what would be beyond the type stays at its limit
        :param threshold: cut to a whole number, as the protocol has it; 0 and less have no effect
        """

    def fit(self, axis: Vector, profile: Profile) -> Fit:
        """Fit a Gaussian to a profile.

        :param axis: (n,), ascending or descending
        :param profile: (n,)
        """
