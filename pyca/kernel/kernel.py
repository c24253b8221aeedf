"""What a kernel can do, whatever it is made of."""

from collections.abc import Sequence
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

    def bands(self, image: Image, edges: Sequence[tuple[int, int]], *, rows: bool) -> Profile:
        """Return the sums of bands of an image, (bands, width) of rows and (bands, height) of columns.

        :param edges: of each band the first row or column, and the one after its last
        :param rows: True for bands of rows
        :raises ValueError: where a band begins or ends outside the image, or ends before it begins
        """

    def turned(self, image: Image, angle: float, fill: float) -> Image:
        """Return an image turned about its middle, of the same shape and type, each pixel made of four.

        :param angle: in degrees, counter-clockwise with row 0 on top
        :param fill: pixels that come from outside; what is beyond the type is at its limit
        """

    def fit(self, axis: Vector, profile: Profile) -> Fit:
        """Fit a Gaussian to a profile.

        :param axis: (n,), ascending or descending
        :param profile: (n,)
        """

    def curve(self, axis: Vector, fit: Fit) -> Vector:
        """Return the values of a fit along an axis, (n,)."""


def sums_of(pixels: np.dtype[Any]) -> type[np.int64] | type[np.float64]:
    """Return the type of sums of pixels."""
    return np.float64 if pixels.kind == "f" else np.int64


def checked_edges(edges: Sequence[tuple[int, int]], size: int) -> NDArray[np.int64]:
    """Return the edges of bands of an image of that size across them, (n, 2); see :meth:`Kernel.bands`."""
    found = np.array(edges, np.int64).reshape(-1, 2)
    if ((found[:, 0] < 0) | (found[:, 0] > found[:, 1]) | (found[:, 1] > size)).any():
        raise ValueError(f"bands {found.tolist()} of an image of {size} rows or columns")
    return found


def vector(values: NDArray[Any]) -> Vector:
    """Return numbers as C can read them; copied where need be, as what was received may lie anywhere."""
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(values, np.float32)
    return found if found.flags.aligned else found.copy()
