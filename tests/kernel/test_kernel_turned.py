"""Images that are turned by any angle: in C as SciPy does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pyca.core.errors import MissingError
from pyca.kernel.choice import load
from pyca.kernel.kernel import Kernel
from tests.kernel.pixels import Case, cases

QUARTERS = {0.0: 0, 90.0: 1, 180.0: 2, 270.0: 3, -90.0: 3, 450.0: 1}


@pytest.fixture(params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    try:
        return load(request.param)
    except MissingError as error:
        pytest.skip(error.message)


@given(
    cases(),
    st.sampled_from([0.0, 90.0, 180.0, -90.0, 45.0, 30.0, 5.5, 123.456, -17.3, 359.99, 0.001]),
    st.sampled_from([0.0, 7.0, -3.0, 1e12]),
)
def test_any_image_by_any_angle(case: Case, angle: float, fill: float) -> None:
    # What is no number makes none of its neighbours too, and which these are is a matter of the last bit.
    image = np.nan_to_num(case.image, posinf=1, neginf=-1) if case.image.dtype.kind == "f" else case.image
    here, other = load().turned(image, angle, fill), load("numpy").turned(image, angle, fill)
    assert here.dtype == other.dtype == case.image.dtype.newbyteorder("=")
    assert here.shape == other.shape == case.image.shape
    assert not np.shares_memory(here, image)
    clear = is_clear(case.image.shape, angle)
    here, other = here[clear], other[clear]
    if here.dtype.kind == "f":
        largest = np.abs(image).max(initial=1.0)
        np.testing.assert_allclose(here, other, rtol=1e-5, atol=1e-9 * float(largest))
    else:
        # A half may be rounded to either side.
        assert np.abs(here.astype(np.float64) - other.astype(np.float64)).max(initial=0) <= 1


def is_clear(shape: tuple[int, ...], angle: float) -> NDArray[np.bool_]:
    """Of which pixels it is clear whether they come from inside: not of those from the very border."""
    lengths = [length - 1 for length in shape]
    y, x = np.indices(shape) - np.array(lengths).reshape(2, 1, 1) / 2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    away = [
        np.abs(np.abs(y * cosine + x * sine) - lengths[0] / 2),
        np.abs(np.abs(x * cosine - y * sine) - lengths[1] / 2),
    ]
    return np.minimum(*away) > 1e-9 if angle % 90 else np.ones(shape, bool)


def test_quarter_turns_of_squares_move_pixels_only(kernel: Kernel) -> None:
    for size in (1, 2, 3, 200):
        image = np.random.default_rng(size).integers(0, 65536, (size, size)).astype(np.uint16)
        for angle, turns in QUARTERS.items():
            assert kernel.turned(image, angle, 1.0).tolist() == np.rot90(image, turns).tolist()


def test_a_pixel_that_is_no_number_stays_near(kernel: Kernel) -> None:
    image = np.ones((20, 20), np.float32)
    image[10, 10] = np.nan
    turned = kernel.turned(image, 30.0, 1.0)
    assert 1 <= np.isnan(turned).sum() <= 9
    assert np.nanmin(turned) == np.nanmax(turned) == 1


def test_by_hand(kernel: Kernel) -> None:
    """By 45 degrees the corners of a square come from outside, and the middle of a side from between."""
    image = np.array([[0, 0, 0], [0, 100, 200], [0, 0, 0]], np.uint8)
    turned = kernel.turned(image, 45.0, 9.0)
    near = 1 / np.sqrt(2)
    assert (turned[0, 0], turned[0, 2], turned[1, 1]) == (9, 9, 100)
    # Up and right of the middle comes from where it was to the right: between 100 and 200, or beside them.
    assert turned[0, 1] == round((100 * (1 - near) + 200 * near) * (1 - near))


def test_what_the_extension_cannot_do_is_an_error() -> None:
    native = pytest.importorskip("pyca.kernel.native", reason="the kernel in C was not built")
    image, room = np.zeros((3, 4), np.uint16), np.zeros((3, 4), np.uint16)
    for height, width, cosine, to in (
        (3, 4, 2.0, room),
        (3, 4, float("nan"), room),
        (4, 3, 1.0, room),
        (3, 4, 1.0, room.T),
        (3, 4, 1.0, np.zeros((3, 8), np.uint16)[:, ::2]),
        (3, 4, 1.0, np.zeros((6, 4), np.uint16)[::2]),
    ):
        with pytest.raises(ValueError):
            native.turn("u2", height, width, image, cosine, 0.0, 0.0, to)
