"""The good region: the part of an image in which the beam is."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pyca.bsread.message import Value
from pyca.kernel.kernel import Fit, Image, Kernel, Profile
from pyca.pipeline.processing.beam import Peak
from pyca.pipeline.processing.frame import Axis

THRESHOLD, SCALE = 0.3, 1.8
"""of the height of a profile, and of the width of what is above that"""
_FIT = ("gauss_function", "offset", "amplitude", "standard_deviation", "mean")


class Region(NamedTuple):
    """A part of an image, and the fits to its profiles."""

    image: Image
    x_axis: Axis
    y_axis: Axis
    x_fit: Fit
    y_fit: Fit


def good_range(profile: Profile, top: Peak, threshold: float, scale: float) -> tuple[int, int] | None:
    """Return from where to where a profile is good, the end exclusive; None where it is so nowhere.

    That is from the first point below the threshold on one side of the peak to that on the other, or to the
    peak itself where there is none, made wider on both sides by the same, within the profile.

    :param threshold: part of the height of the peak
    :param scale: by which the range is made wider
    """
    below = profile < top.level(threshold)
    before, after = below[top.at :: -1], below[top.at :]
    left, right = int(before.argmax()), int(after.argmax())
    # Of nothing but False the first is the highest, which is the peak itself.
    start, end, last = float(top.at - left), float(top.at + right), len(profile) - 1
    wider = (end - start) * (scale - 1) / 2
    first, after_last = int(min(max(start - wider, 0), last)), int(min(max(end + wider, 0), last))
    return (first, after_last) if first < after_last else None


def find(
    image: Image,
    axes: tuple[Axis, Axis],
    ranges: tuple[tuple[int, int] | None, tuple[int, int] | None],
    kernel: Kernel,
) -> tuple[Region | None, dict[str, Value]]:
    """Return what is in the good region, and its 16 channels; all None where there is none.

    :param axes: of columns and rows of the image
    :param ranges: of columns and rows, see :func:`good_range`
    """
    columns, rows = ranges
    if columns is None or rows is None:
        return None, dict.fromkeys(_names())
    inside = image[slice(*rows), slice(*columns)]
    x_axis, y_axis = axes[0][slice(*columns)], axes[1][slice(*rows)]
    found = kernel.measure(inside)
    x_fit, y_fit = kernel.fit(x_axis, found.x_profile), kernel.fit(y_axis, found.y_profile)
    channels: dict[str, Value] = {
        "good_region": np.array((columns[0], rows[0], columns[1], rows[1]), np.int64),
        "gr_x_axis": x_axis,
        "gr_y_axis": y_axis,
        "gr_x_profile": found.x_profile,
        "gr_y_profile": found.y_profile,
        **fit_channels("gr_x", x_axis, x_fit, kernel),
        **fit_channels("gr_y", y_axis, y_fit, kernel),
        "gr_intensity": found.x_profile.sum().item(),
    }
    return Region(inside, x_axis, y_axis, x_fit, y_fit), channels


def fit_channels(name: str, axis: Axis, fit: Fit, kernel: Kernel) -> dict[str, Value]:
    """Return the five channels of a fit.

    :param name: what they begin with, “x” or “gr_x”
    """
    return {
        f"{name}_fit_gauss_function": kernel.curve(axis, fit),
        f"{name}_fit_offset": fit.offset,
        f"{name}_fit_amplitude": fit.amplitude,
        f"{name}_fit_standard_deviation": fit.standard_deviation,
        f"{name}_fit_mean": fit.mean,
    }


def wanted(parameters: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return threshold and scale of the good region that is wanted, None where none is."""
    region = parameters.get("image_good_region")
    if region is None:
        return None
    threshold, scale = region.get("threshold"), region.get("gfscale")
    return THRESHOLD if threshold is None else threshold, SCALE if scale is None else scale


def _names() -> list[str]:
    fits = [f"gr_{side}_fit_{what}" for side in "xy" for what in _FIT]
    first = ("good_region", "gr_x_axis", "gr_y_axis", "gr_x_profile", "gr_y_profile")
    return [*first, *fits, "gr_intensity"]
