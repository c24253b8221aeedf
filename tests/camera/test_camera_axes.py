"""Axes, computed by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.camera.files.configuration import Calibration, Configuration
from pyca.camera.image.axes import axes
from pyca.camera.image.transform import Transform


def of(size: tuple[int, int], **keys: Any) -> tuple[list[float], list[float]]:
    x_axis, y_axis = axes(Configuration("cam", "x", **keys), size)
    assert x_axis.dtype == y_axis.dtype == np.float32
    assert x_axis.flags.c_contiguous
    assert y_axis.flags.c_contiguous
    return x_axis.tolist(), y_axis.tolist()


def test_without_calibration_pixels_are_counted() -> None:
    assert of((4, 3)) == ([0, 1, 2, 3], [0, 1, 2])


def test_with_calibration_they_descend() -> None:
    # Markers from 1 to 5 and 2 to 4: origins 3 and 3; 8 mm over 4 pixels, 3 mm over 2 pixels.
    calibration = Calibration((1, 2, 5, 4), 8.0, 3.0)
    assert of((5, 4), camera_calibration=calibration) == ([6, 4, 2, 0, -2], [4.5, 3, 1.5, 0])


def test_the_default_calibration() -> None:
    x_axis, y_axis = of((100, 60), camera_calibration=Calibration())
    assert (x_axis[0], x_axis[50], x_axis[99]) == (50, 0, -49)
    assert (y_axis[0], y_axis[59]) == (50, -9)


def test_origins_lose_their_fractions() -> None:
    # (4 - 1) / 2 + 1 = 2.5, which counts as 2; (-4 - -1) / 2 - 1 = -2.5 as -2.
    x_axis, y_axis = of((3, 1), camera_calibration=Calibration((1, -1, 4, -4), 3.0, 3.0))
    assert x_axis == [2, 1, 0]
    # Markers that are upside down: 3 mm over -3 pixels.
    assert y_axis == [2]


def test_angles_are_in_degrees() -> None:
    calibration = Calibration((0, 0, 10, 10), 10.0, 10.0, 60.0, 180.0)
    x_axis, y_axis = of((2, 2), camera_calibration=calibration)
    assert x_axis == pytest.approx([2.5, 2.0])
    assert y_axis == pytest.approx([-5, -4])


def test_markers_in_one_place_make_pixels_of_one() -> None:
    assert of((3, 2), camera_calibration=Calibration((1, 1, 1, 1), 50.0, 60.0, 45.0)) == ([1, 0, -1], [1, 0])


def test_regions_cut_the_axes_afterwards() -> None:
    assert of((10, 10), roi=(3, 2, 8, 5)) == ([3, 4], [5, 6, 7, 8, 9])
    calibration = Calibration((0, 0, 4, 4), 4.0, 4.0)
    assert of((10, 10), roi=(3, 2, 0, 1), camera_calibration=calibration) == ([-1, -2], [2])


def test_bins_have_the_mean_of_their_pixels() -> None:
    assert of((5, 4), binning_x=2, binning_y=4) == ([0.5, 2.5], [1.5])
    assert of((7, 1), binning_x=3, roi=(1, 1, 0, 1)) == ([4], [0])
    assert of((3, 2), binning_x=99, binning_y=99) == ([1], [0.5])


def test_turns_exchange_the_lengths() -> None:
    assert of((4, 2), rotate=1) == ([0, 1], [0, 1, 2, 3])
    assert of((4, 2), rotate=-2) == ([0, 1, 2, 3], [0, 1])
    assert of((4, 2), rotate=3, binning_x=4) == ([0, 1], [1.5])


def test_markers_are_those_of_the_turned_picture() -> None:
    calibration = Calibration((0, 0, 2, 4), 2.0, 8.0)
    assert of((4, 2), rotate=1, camera_calibration=calibration) == ([1, 0], [4, 2, 0, -2])


@pytest.mark.parametrize("mirrors", [{"mirror_x": True}, {"mirror_y": True}])
def test_mirrors_change_nothing(mirrors: dict[str, bool]) -> None:
    calibration = Calibration((0, 0, 2, 4))
    assert of((4, 2), camera_calibration=calibration, **mirrors) == of((4, 2), camera_calibration=calibration)


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 3),
    st.none() | st.tuples(st.integers(-5, 50), st.integers(1, 50), st.integers(-5, 50), st.integers(1, 50)),
    st.tuples(st.integers(1, 50), st.integers(1, 5)),
)
def test_one_number_for_each_column_and_row(
    size: tuple[int, int], turns: int, roi: tuple[int, int, int, int] | None, binning: tuple[int, int]
) -> None:
    configuration = Configuration(
        "cam",
        "x",
        rotate=turns,
        roi=roi,
        binning_x=binning[0],
        binning_y=binning[1],
        camera_calibration=Calibration(),
    )
    x_axis, y_axis = axes(configuration, size)
    assert (len(x_axis), len(y_axis)) == Transform(configuration).size_after(size)
    assert np.isfinite(x_axis).all()
    assert np.isfinite(y_axis).all()
