"""Slices of the good region, and how the beam is tilted in it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pyca.bsread.message import Value
from pyca.kernel.kernel import Fit, Image, Kernel
from pyca.pipeline.processing.frame import Axis
from pyca.pipeline.processing.region import Region

NUMBER, SCALE, ORIENTATION = 1, 2.0, "vertical"
_EACH = ("center_x", "center_y", "standard_deviation", "intensity")
_COUPLING = ("coupling", "coupling_slope", "coupling_offset")


class Wanted(NamedTuple):
    """Which slices are wanted.

    :param number: odd
    :param scale: of all slices together, in σ
    :param vertical: True for slices one above the other
    """

    number: int
    scale: float
    vertical: bool


class Slice(NamedTuple):
    """What is found in one slice.

    :param place: where its middle is on the axis along which slices follow each other
    :param centre: where the beam is on the other axis
    """

    place: float
    centre: float
    standard_deviation: float
    intensity: float


Edges = tuple[int, int]
"""the first row or column of a slice, and the one after its last"""


def wanted(parameters: Mapping[str, Any]) -> Wanted | None:
    """Return which slices are wanted, None for none. An even number of them is made odd by one more."""
    slices = parameters.get("image_slices")
    if slices is None:
        return None
    given = {name: value for name, value in slices.items() if value is not None}
    number = int(given.get("number_of_slices", NUMBER))
    vertical = given.get("orientation", ORIENTATION) == ORIENTATION
    return Wanted(number + 1 - number % 2, given.get("scale", SCALE), vertical)


def channels(region: Region | None, slices: Wanted, kernel: Kernel) -> dict[str, Value]:
    """Return the channels of slices, 6 and 4 for each; None what lies outside the good region.

    Slices are numbered along the axis, so that the one through the middle of the beam has always the same
    number. Coupling comes from slices side by side, whichever are sent.
    """
    stacked = _along_y(region, slices, kernel) if slices.vertical else _along_x(region, slices, kernel)
    length, found = stacked
    values: dict[str, Value] = {
        "slice_orientation": "vertical" if slices.vertical else "horizontal",
        "slice_amount": slices.number,
        "slice_length": length,
    }
    for number, one in enumerate(found):
        values |= {f"slice_{number}_{what}": value for what, value in _values(one, slices.vertical)}
    side_by_side = _along_x(region, slices, kernel)[1] if slices.vertical else found
    sigma = math.nan if region is None else region.x_fit.standard_deviation
    return values | dict(zip(_COUPLING, coupling(side_by_side, sigma), strict=True))


def edges_of(axis: Axis, fit: Fit, slices: Wanted) -> list[Edges | None]:
    """Return the edges of all slices along an axis; None for those that are not inside it.

    The one in the middle reaches as far to both sides as half a slice is long, one pixel at least; the
    others follow outwards. Where the one in the middle is not inside, none is.
    """
    size, nothing = len(axis), [None] * slices.number
    beyond = fit.mean + slices.scale * fit.standard_deviation / slices.number / 2
    if not math.isfinite(beyond):
        return list(nothing)
    middle = index_of(axis, fit.mean)
    half = max(1, abs(index_of(axis, beyond) - middle))
    if middle < half or middle + half >= size:
        return list(nothing)
    aside = slices.number // 2
    starts = [middle - half + 2 * half * number for number in range(-aside, aside + 1)]
    return [(start, start + 2 * half) if 0 <= start < size - 2 * half else None for start in starts]


def index_of(axis: Axis, value: float) -> int:
    """Return where on an axis a value is, the first or last index where it is beyond.

    On an axis that ascends that is the last index up to the value, on one that descends the first one from
    which on values are not above it.
    """
    if axis[0] <= axis[-1]:
        return max(int(axis.searchsorted(value, "right")) - 1, 0)
    return min(len(axis) - int(axis[::-1].searchsorted(value, "right")), len(axis) - 1)


def coupling(slices: Sequence[Slice | None], sigma: float) -> tuple[float | None, float | None, float | None]:
    """Return the coupling of x and y, and slope and offset of the line through the centres of slices.

    :param slices: side by side
    :param sigma: of the fit along x in the good region
    """
    points = [(one.place, one.centre) for one in slices if one and math.isfinite(one.centre)]
    if len(points) < 2:
        return None, None, None
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    if not spread:
        return None, None, None
    slope = sum((x - x_mean) * (y - y_mean) for x, y in points) / spread
    return slope * sigma**2, slope, y_mean - slope * x_mean


def _along_x(
    region: Region | None, slices: Wanted, kernel: Kernel
) -> tuple[float | None, list[Slice | None]]:
    if region is None:
        return None, [None] * slices.number
    edges = edges_of(region.x_axis, region.x_fit, slices)
    return _sliced(region.image, (region.x_axis, region.y_axis), edges, kernel, rows=False)


def _along_y(
    region: Region | None, slices: Wanted, kernel: Kernel
) -> tuple[float | None, list[Slice | None]]:
    if region is None:
        return None, [None] * slices.number
    edges = edges_of(region.y_axis, region.y_fit, slices)
    return _sliced(region.image, (region.y_axis, region.x_axis), edges, kernel, rows=True)


def _sliced(
    image: Image, axes: tuple[Axis, Axis], edges: list[Edges | None], kernel: Kernel, *, rows: bool
) -> tuple[float | None, list[Slice | None]]:
    """Return the length of a slice and what is found in all.

    :param axes: the one along which slices follow each other, and the other
    """
    along, across = axes
    there = [pair for pair in edges if pair]
    if not there:
        return None, [None] * len(edges)
    profiles = iter(kernel.bands(image, there, rows=rows))
    found: list[Slice | None] = []
    for pair in edges:
        if pair is None:
            found.append(None)
            continue
        profile = next(profiles)
        fit = kernel.fit(across, profile)
        place = along[(pair[0] + pair[1]) // 2].item()
        found.append(Slice(place, fit.mean, fit.standard_deviation, float(profile.sum())))
    first, end = edges[len(edges) // 2] or there[0]
    return abs(along[first].item() - along[end].item()), found


def _values(one: Slice | None, vertical: bool) -> list[tuple[str, Value]]:
    if one is None:
        return [(what, None) for what in _EACH]
    x, y = (one.centre, one.place) if vertical else (one.place, one.centre)
    return list(zip(_EACH, (x, y, one.standard_deviation, one.intensity), strict=True))
