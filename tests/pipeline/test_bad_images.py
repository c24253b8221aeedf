"""Images that hold no beam, or hardly are images: what is sent then, and never a traceback."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.bsread.values import formed
from pyca.core.errors import SourceError
from pyca.kernel.choice import load
from pyca.kernel.kernel import Kernel
from pyca.pipeline.processing.default import process_image, store, transparent
from tests.pipeline.beams import Values, beam
from tests.pipeline.contract import ORDER, REGION, SLICES

EVERYTHING = {
    "image_good_region": {"threshold": 0.3, "gfscale": 1.8},
    "image_slices": {"number_of_slices": 3, "scale": 2.0},
}
ONE = np.float64(1)


@pytest.fixture(scope="module", params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param == "native":
        pytest.importorskip("pyca.kernel.native", reason="the kernel in C was not built")
    return load(request.param)


def channels(kernel: Kernel, image: Any, x_axis: Any = None, y_axis: Any = None, **more: Any) -> Values:
    """All channels, of which each can be sent."""
    found = process_image(image, 1, 2.0, x_axis, y_axis, EVERYTHING | more, kernel=kernel)
    assert list(found) == ORDER + REGION + SLICES
    for name, value in found.items():
        assert value is None or formed(name, value)
    return found


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((0, 0), np.uint16), "empty: it is 0 x 0"),
        (np.zeros((0, 5), np.uint16), "empty: it is 5 x 0"),
        (np.zeros(5, np.uint16), "Found 5 instead of an image"),
        (np.zeros((2, 3, 4), np.uint16), "Found 4 x 3 x 2 instead of an image"),
        (np.zeros((), np.uint16), "Found a single number instead"),
        (None, "Found “NoneType” instead"),
        ([[1, 2], [3, 4]], "Found “list” instead"),
        (np.zeros((2, 2), complex), "made of complex128"),
        (np.array([["a", "b"]]), "made of str"),
    ],
)
def test_what_is_no_image_is_told(kernel: Kernel, image: Any, told: str) -> None:
    for attempt in (
        lambda: process_image(image, 1, 2.0, None, None, {}, kernel=kernel),
        lambda: transparent(image, 1, 2.0, None, None, {}),
        lambda: store(image, "cam"),
    ):
        with pytest.raises(SourceError, match=told):
            attempt()


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        (np.zeros(4, np.float32), "x_axis has 4 values, the image 60 pixels"),
        (np.zeros((60, 1), np.float32), "x_axis has 60 values"),
        ("nonsense", "x_axis is not made of numbers"),
        ([None] * 3 + [[]], "x_axis is not made of numbers"),
    ],
)
def test_an_axis_of_another_image_is_told(kernel: Kernel, axis: Any, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        channels(kernel, beam(), axis)


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [("?", "u1"), ("i1", "i2"), ("u8", "f8"), ("i8", "f8"), ("f2", "f4"), (">u2", "<u2")],
)
def test_pixels_of_other_types_become_those_that_are_known(kernel: Kernel, dtype: str, becomes: str) -> None:
    image = np.array([[0, 1], [1, 0]]).astype(dtype)
    found = channels(kernel, image)
    assert found["image"].dtype == np.dtype(becomes)
    assert found["image"].tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_flat_image_has_the_values_that_are_documented(kernel: Kernel, value: int) -> None:
    x_axis = np.linspace(8, 3, 12, dtype=np.float32)
    found = channels(kernel, np.full((9, 12), value, np.uint16), x_axis)
    assert (found["min_value"], found["max_value"], found["intensity"]) == (value, value, 9 * 12 * value)
    assert math.isnan(found["x_fwhm"])
    assert math.isnan(found["y_fwhm"])
    for side, first in (("x", 8.0), ("y", 0.0)):
        names = ("offset", "amplitude", "standard_deviation", "mean")
        profile = found[f"{side}_profile"][0]
        assert [found[f"{side}_fit_{name}"] for name in names] == [profile, 0.0, 1.0, first]
        assert (found[f"{side}_center_of_mass"], found[f"{side}_rms"]) == (0.0, 0.0)
        assert (found[f"{side}_fit_gauss_function"] == profile).all()
    assert all(found[name] is None for name in REGION)
    assert found["slice_orientation"] == "vertical"
    assert found["slice_amount"] == 3
    assert all(found[name] is None for name in SLICES[2:])


def test_one_pixel(kernel: Kernel) -> None:
    found = channels(kernel, np.array([[5]], np.uint16))
    assert (found["intensity"], found["x_fwhm"], found["y_fwhm"]) == (5, 0.0, 0.0)
    assert (found["x_center_of_mass"], found["x_rms"]) == (0.0, 0.0)
    assert found["good_region"] is None


def test_a_saturated_beam_is_one_all_the_same(kernel: Kernel) -> None:
    found = channels(kernel, beam(amplitude=300_000.0))
    assert found["max_value"] == 65535
    assert found["x_fit_mean"] == pytest.approx(27, abs=0.5)
    assert found["good_region"] is not None


def test_an_image_without_a_number(kernel: Kernel) -> None:
    found = channels(kernel, np.full((20, 30), np.nan))
    for name in (
        "min_value",
        "max_value",
        "intensity",
        "x_fwhm",
        "x_center_of_mass",
        "x_rms",
        "x_fit_offset",
    ):
        assert math.isnan(found[name]), name
    assert np.isnan(found["x_profile"]).all()
    assert all(found[name] is None for name in REGION)


@pytest.mark.parametrize("pixel", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_pixel_that_is_no_number(kernel: Kernel, pixel: float, dtype: Any) -> None:
    image = beam().astype(dtype)
    image[3, 4] = pixel
    found = channels(kernel, image)
    known = image[np.isfinite(image)]
    assert found["min_value"] == (pixel if pixel == -np.inf else known.min())
    assert found["max_value"] == (pixel if pixel == np.inf else known.max())
    assert found["min_value"].dtype == dtype
    assert not math.isfinite(found["intensity"])
    assert math.isnan(found["x_center_of_mass"])
    assert math.isnan(found["y_rms"])
    assert found["x_profile"][5] == pytest.approx(image[:, 5].sum())


def test_peaks_at_the_edges(kernel: Kernel) -> None:
    for image in (
        np.array([[9, 4, 1, 0, 0, 0]]),
        np.array([[0, 0, 0, 1, 4, 9]]),
        np.array([[9, 9, 9, 9, 0, 0]]),
    ):
        found = channels(kernel, image.astype(np.uint16), np.arange(6, 0, -1))
        assert not math.isnan(found["x_center_of_mass"])
        assert found["x_fwhm"] >= 0


def test_a_plateau_that_reaches_the_edge_is_endlessly_wide(kernel: Kernel) -> None:
    found = channels(kernel, np.array([[9, 9, 9, 9, 0, 0]], np.uint16))
    assert found["x_fwhm"] == math.inf


def test_noise_alone(kernel: Kernel) -> None:
    for seed in range(5):
        channels(kernel, beam(amplitude=0.0, noise=20.0, offset=100.0, seed=seed))


def test_axes_that_make_no_sense(kernel: Kernel) -> None:
    image = beam()
    width = image.shape[1]
    channels(kernel, image, np.zeros(width))
    channels(kernel, image, np.full(width, np.nan))
    channels(kernel, image, np.full(width, np.inf))
    channels(kernel, image, np.random.default_rng(1).normal(0, 1, width))


@given(
    st.sampled_from(["u1", "u2", "u4", "i2", "i4", "f4", "f8"]),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, -0.25]),
)
def test_any_pixels_at_all(
    kernel: Kernel, dtype: str, shape: tuple[int, int], seed: int, step: float
) -> None:
    random = np.random.default_rng(seed)
    bits = random.integers(0, 256, (shape[0], shape[1] * np.dtype(dtype).itemsize), np.uint8)
    axis = np.arange(shape[1]) * step
    found = channels(kernel, bits.view(dtype), axis, fw_threshold=None)
    if dtype[0] != "f":
        assert found["intensity"] == int(bits.view(dtype).sum(dtype=object))
