"""What a profile tells of a beam: its peak, its width, its centre and its rms size.

All formulas are those of cam_server's protocol, see docs/processing.md.
"""

import math
from typing import NamedTuple

import numpy as np

from pyca.kernel.kernel import Fit, Profile
from pyca.pipeline.processing.frame import Axis

_REACH = 5
"""σ from the fitted mean beyond which a profile is noise"""


class Peak(NamedTuple):
    """The highest point of a profile and what it rises from.

    :param at: index of the first of the highest points
    """

    at: int
    low: float
    high: float

    def level(self, part: float) -> float:
        """Return what lies that part of the height above the lowest point."""
        return self.low + part * (self.high - self.low)


def peak(profile: Profile) -> Peak:
    """Return the peak of a profile, (n,)."""
    at = int(profile.argmax())
    return Peak(at, profile.min().item(), profile[at].item())


def width_at(axis: Axis, profile: Profile, top: Peak, part: float) -> float:
    """Return how wide a peak is at a part of its height: 0.5 for the full width at half maximum.

    On each side of the peak the first point at or below that height is looked for, on the left down to
    index 1; where there is none the outermost point stands for it. Between that point and the one before
    it the height is met by a straight line. So the width is NaN for a flat profile, infinite where the
    outermost points are equally high and above the height, and 0 for a profile of one point.
    """
    if len(profile) < 2:
        return 0.0
    height, last = top.level(part), len(profile) - 1
    below = profile <= height
    left, right = 0, last
    if top.at > 1:
        before = below[top.at - 1 : 0 : -1]
        step = int(before.argmax())
        left = top.at - 1 - step if before[step] else 0
    if top.at < last:
        after = below[top.at + 1 :]
        step = int(after.argmax())
        right = top.at + 1 + step if after[step] else last
    return abs(_met(axis, profile, height, right - 1) - _met(axis, profile, height, left))


def moments(axis: Axis, profile: Profile, total: float, fit: Fit) -> tuple[float, float]:
    """Return the centre of mass and the rms size of what rises above the fitted offset.

    What lies further than 5 σ from the fitted mean counts as nothing, though the whole stays what it was.
    Both are 0 for a flat profile.

    :param total: sum of the profile
    """
    rest = total - len(profile) * fit.offset
    if not math.isfinite(rest):
        return math.nan, math.nan
    if not fit.amplitude or not rest:
        return 0.0, 0.0
    inside = _within(axis, fit.mean, _REACH * fit.standard_deviation)
    x, weight = axis[inside].astype(np.float64), profile[inside] - fit.offset
    centre = float(x @ weight) / rest
    x -= centre
    x *= x
    return centre, math.sqrt(abs(float(x @ weight) / rest))


def _met(axis: Axis, profile: Profile, height: float, at: int) -> float:
    """Return where the line through a point and the next one meets a height, as IEEE 754 has it."""
    low, high = profile[at].item(), profile[at + 1].item()
    start = axis[at].item()
    step, rise = axis[at + 1].item() - start, high - low
    if rise:
        return float(start + (height - low) / rise * step)
    return math.nan if height == low else math.copysign(math.inf, height - low) * step


def _within(axis: Axis, middle: float, reach: float) -> slice:
    """Return which part of an axis lies within reach of a place."""
    least, most = middle - reach, middle + reach
    first, last = axis[0].item(), axis[-1].item()
    if least <= min(first, last) and max(first, last) <= most:
        return slice(0, len(axis))
    if first <= last:
        return slice(int(axis.searchsorted(least)), int(axis.searchsorted(most, "right")))
    turned = axis[::-1]
    end = len(axis)
    return slice(end - int(turned.searchsorted(most, "right")), end - int(turned.searchsorted(least)))
