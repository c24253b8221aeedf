"""The kernel in C."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pyca.kernel import gauss
from pyca.kernel.kernel import Fit, Image, Measured, Profile, Vector, checked_edges, sums_of, vector

# By their names: an extension of an older pyCA lacks one, and is not used then.
from pyca.kernel.native import bands, curve, gaussian, scan, turn
from pyca.kernel.with_numpy import NumpyKernel

_KINDS = frozenset(("u1", "u2", "u4", "i2", "i4", "f4", "f8"))
"""of pixels that there are passes for"""


class NativeKernel:
    """One pass over the memory of an image, whatever is done to it. A :class:`pyca.kernel.kernel.Kernel`.

    Images of rare types are left to NumPy.
    """

    name = "native"

    def __init__(self) -> None:
        self._rare = NumpyKernel()

    def measure(self, image: Image) -> Measured:
        """Pass over an image that stays as it is."""
        if _name(image) not in _KINDS:
            return self._rare.measure(image)
        return _scanned(_plain(image), None, 0.0, None)

    def clean(self, image: Image, background: Image | None, threshold: float) -> tuple[Image, Measured]:
        """Return a cleaned image, and what is found in it."""
        if _name(image) not in _KINDS:
            return self._rare.clean(image, background, threshold)
        image = _plain(image)
        cleaned = np.empty(image.shape, image.dtype)
        lowest, highest = _limits(image.dtype)
        least = int(threshold)
        if least > highest:
            # No pixel reaches it, nor could the type hold it.
            cleaned[:] = 0
            return cleaned, self.measure(cleaned)
        under = None if background is None else _plain(background)
        return cleaned, _scanned(image, under, least if least > 0 else lowest, cleaned)

    def bands(self, image: Image, edges: Sequence[tuple[int, int]], *, rows: bool) -> Profile:
        """Return the sums of bands of an image."""
        if _name(image) not in _KINDS:
            return self._rare.bands(image, edges, rows=rows)
        image = _plain(image)
        (height, width), across, along = image.shape, *(image.shape if rows else image.shape[::-1])
        checked = checked_edges(edges, across)
        sums = np.zeros((len(checked), along), sums_of(image.dtype))
        if len(checked):
            bands(_name(image), height, width, image, checked, rows, sums)
        return sums

    def turned(self, image: Image, angle: float, fill: float) -> Image:
        """Return an image turned about its middle."""
        if _name(image) not in _KINDS:
            return self._rare.turned(image, angle, fill)
        image = _plain(image)
        turned = np.empty(image.shape, image.dtype)
        lowest, highest = _limits(image.dtype)
        cosine, sine = _direction(angle)
        height, width = image.shape
        turn(_name(image), height, width, image, cosine, sine, min(max(fill, lowest), highest), turned)
        return turned

    def fit(self, axis: Vector, profile: Profile) -> Fit:
        """Fit a Gaussian to a profile."""
        return gauss.fit(axis, profile, _search)

    def curve(self, axis: Vector, fit: Fit) -> Vector:
        """Return the values of a fit along an axis."""
        along = vector(axis)
        if not fit.standard_deviation or not math.isfinite(
            fit.offset + fit.amplitude + fit.mean + fit.standard_deviation
        ):
            return gauss.curve(along, fit)
        values = np.empty(len(along), np.float32)
        curve(along, fit.offset, fit.amplitude, fit.mean, fit.standard_deviation, values)
        return values


def _scanned(image: Image, background: Image | None, threshold: float, cleaned: Image | None) -> Measured:
    height, width = image.shape
    kind = sums_of(image.dtype)
    x_profile, y_profile = np.zeros(width, kind), np.zeros(height, kind)
    low, high = np.empty(1, image.dtype), np.empty(1, image.dtype)
    scan(_name(image), height, width, image, background, threshold, cleaned, x_profile, y_profile, low, high)
    if low[0] > high[0]:
        low[0] = high[0] = np.nan
    return Measured(low[0], high[0], x_profile, y_profile)


def _name(image: Image) -> str:
    return f"{image.dtype.kind}{image.dtype.itemsize}"


def _plain(image: Image) -> Image:
    """Return an image as C can read it; copied where it is not so."""
    if image.strides[1] == image.itemsize and image.flags.aligned and image.dtype.isnative:
        return image
    return image.astype(image.dtype.newbyteorder("="), order="C")


def _direction(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in degrees, exact for quarter turns: borders stay inside then."""
    quarters, rest = divmod(angle, 90)
    if rest:
        return math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    info = np.iinfo(dtype)
    return float(info.min), float(info.max)


def _search(axis: Vector, profile: Vector) -> tuple[gauss.Parameters, gauss.Parameters | None]:
    start, found, sure = gaussian(axis, profile)
    if not all(map(math.isfinite, start)):
        # What is no number goes another way in C: the words for it are NumPy's.
        return gauss.start(axis, profile), None
    return gauss.Parameters(*start), gauss.Parameters(*found) if sure else None
