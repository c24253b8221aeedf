"""What happens exactly at levels and edges, worked out by hand."""

import numpy as np
import pytest

from pyca.kernel.kernel import Fit
from pyca.pipeline.processing.beam import peak, width_at
from pyca.pipeline.processing.region import good_range
from pyca.pipeline.processing.slices import Slice, Wanted, coupling, edges_of, index_of
from tests.pipeline.beams import Array

PIXELS = np.arange(10, dtype=np.float32)


def width(profile: list[int]) -> float:
    found = np.array(profile)
    return width_at(PIXELS[: len(found)], found, peak(found), 0.5)


def test_a_point_at_the_level_ends_the_search() -> None:
    """Left of the peak it is the second of two points at the level, right of it the first."""
    assert width([0, 5, 5, 10, 5, 5, 0]) == 2.0


def test_the_first_of_the_highest_points_is_the_peak() -> None:
    assert peak(np.array([0, 7, 3, 7])) == (1, 0, 7)
    assert width([0, 10, 0, 10, 10, 10]) == 1.0


def test_without_a_point_at_the_level_the_outermost_line_goes_on() -> None:
    """From 8 to 10 in one pixel: 5 would be one and a half pixels before 0; right it is met at 2.5."""
    assert width([8, 10, 10, 0]) == 4.0


def ranged(profile: list[int], threshold: float, scale: float) -> tuple[int, int] | None:
    found = np.array(profile)
    return good_range(found, peak(found), threshold, scale)


def test_a_good_region_goes_on_to_what_is_below_its_level() -> None:
    assert ranged([0, 3, 10, 3, 0], 0.3, 1.0) == (0, 4)
    assert ranged([0, 3, 10, 3, 0], 0.31, 1.0) == (1, 3)


def test_a_good_region_is_made_wider_to_both_sides_but_not_beyond_the_image() -> None:
    profile = [0, 0, 0, 9, 0, 0, 0, 0]
    assert ranged(profile, 0.5, 1.0) == (2, 4)
    assert ranged(profile, 0.5, 2.0) == (1, 5)
    assert ranged(profile, 0.5, 2.5) == (0, 5)
    assert ranged(profile, 0.5, 100.0) == (0, 7)
    assert ranged(profile, 0.5, 0.0) is None


def test_a_beam_at_the_edge_has_a_good_region_from_its_peak() -> None:
    assert ranged([9, 8, 0, 0], 0.5, 1.0) == (0, 2)
    assert ranged([0, 0, 8, 9], 0.5, 1.0) == (1, 3)
    assert ranged([5, 5, 5], 0.5, 1.0) is None


@pytest.mark.parametrize(
    ("axis", "value", "index"),
    [
        ([0, 1, 2], 1.0, 1),
        ([0, 1, 2], 1.9, 1),
        ([0, 1, 2], -5.0, 0),
        ([0, 1, 2], 5.0, 2),
        ([2, 1, 0], 1.0, 1),
        ([2, 1, 0], 1.1, 1),
        ([2, 1, 0], 0.9, 2),
        ([2, 1, 0], 5.0, 0),
        ([2, 1, 0], -5.0, 2),
    ],
)
def test_places_on_axes(axis: list[float], value: float, index: int) -> None:
    assert index_of(np.array(axis, np.float32), value) == index


def edges(axis: Array, mean: float, sigma: float, number: int) -> list[tuple[int, int] | None]:
    return edges_of(axis, Fit(0.0, 1.0, mean, sigma), Wanted(number, 2.0, True))


def test_slices_end_before_the_last_pixel() -> None:
    assert edges(PIXELS[:7], 4.0, 0.1, 3) == [(1, 3), (3, 5), None]
    assert edges(PIXELS[:8], 4.0, 0.1, 3) == [(1, 3), (3, 5), (5, 7)]


def test_there_are_none_where_the_middle_one_is_not_inside() -> None:
    assert edges(PIXELS[3::-1], 1.0, 9.0, 3) == [None] * 3
    assert edges(PIXELS[7::-1], 1.0, 6.0, 3) == [None] * 3
    assert edges(PIXELS[4::-1], 2.0, 9.0, 1) == [(0, 4)]
    assert edges(PIXELS, 0.0, 0.1, 3) == [None] * 3
    assert edges(PIXELS, float("nan"), 1.0, 3) == [None] * 3


def test_coupling_is_the_slope_times_the_square_of_sigma() -> None:
    points = [Slice(x, 0.5 * x + 3, 1.0, 1.0) for x in (1.0, 2.0, 4.0)]
    assert coupling([None, *points], 2.0) == pytest.approx((2.0, 0.5, 3.0))
    assert coupling(points[:1], 2.0) == (None, None, None)
    assert coupling([points[0], points[0]], 2.0) == (None, None, None)
