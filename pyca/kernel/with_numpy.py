"""The kernel in NumPy: where no other was built."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyca.kernel import gauss
from pyca.kernel.kernel import Fit, Image, Measured, Profile, Vector, checked_edges, sums_of


class NumpyKernel:
    """The same with one pass for each thing. A :class:`pyca.kernel.kernel.Kernel`."""

    name = "numpy"

    def measure(self, image: Image) -> Measured:
        """Pass over an image that stays as it is."""
        kind = sums_of(image.dtype)
        with np.errstate(all="ignore"):
            low, high = np.fmin.reduce(image, axis=None), np.fmax.reduce(image, axis=None)
            return Measured(low, high, image.sum(0, dtype=kind), image.sum(1, dtype=kind))

    def clean(self, image: Image, background: Image | None, threshold: float) -> tuple[Image, Measured]:
        """Return a cleaned image, and what is found in it."""
        own = image.dtype.newbyteorder("=")
        cleaned = image.astype(own) if background is None else _less(image, background)
        least = int(threshold)
        if least > 0:
            with np.errstate(invalid="ignore"):
                dark = cleaned < least
            if cleaned.dtype.kind == "f":
                cleaned[dark] = 0
            else:
                # Several times as fast as an assignment, but what is no number would stay.
                cleaned *= ~dark
        return cleaned, self.measure(cleaned)

    def bands(self, image: Image, edges: Sequence[tuple[int, int]], *, rows: bool) -> Profile:
        """Return the sums of bands of an image."""
        seen = image if rows else image.T
        checked_edges(edges, len(seen))
        sums = np.empty((len(edges), seen.shape[1]), sums_of(image.dtype))
        with np.errstate(all="ignore"):
            for (first, end), band in zip(edges, sums, strict=True):
                np.sum(seen[first:end], axis=0, out=band)
        return sums

    def turned(self, image: Image, angle: float, fill: float) -> Image:
        """Return an image turned about its middle."""
        # Not before it is needed: an idle instance is to stay small.
        from scipy import ndimage

        image = image.astype(image.dtype.newbyteorder("="), copy=False)
        with np.errstate(all="ignore"):
            turned: Image = ndimage.rotate(image, angle, reshape=False, order=1, mode="constant", cval=fill)
        return turned

    def fit(self, axis: Vector, profile: Profile) -> Fit:
        """Fit a Gaussian to a profile."""
        return gauss.fit(axis, profile, gauss.search)

    def curve(self, axis: Vector, fit: Fit) -> Vector:
        """Return the values of a fit along an axis."""
        return gauss.curve(axis, fit)


def _less(image: Image, background: Image) -> Image:
    if image.dtype.kind == "u":
        less = np.minimum(image, background)
        return np.subtract(image, less, out=less)
    if image.dtype.kind == "i":
        return _cut(np.subtract(image, background, dtype=np.int64), image.dtype.newbyteorder("="))
    with np.errstate(all="ignore"):
        return np.subtract(image, background)


def _cut(values: Image, dtype: np.dtype[Any]) -> Image:
    limits = np.iinfo(dtype)
    return np.clip(values, limits.min, limits.max).astype(dtype)
