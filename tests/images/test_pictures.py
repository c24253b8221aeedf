"""Pictures of images: the protocol's steps, and images that nobody expects."""

import io
from typing import Any

import numpy as np
import pytest
from cmap import Colormap
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image as Pictures

from pyca.core.errors import ImagingError
from pyca.images.image import KINDS
from pyca.images.pictures import View, jpeg, mono8, png

RAINBOW = np.rint(np.asarray(Colormap("gnuplot:rainbow").lut(256)) * 255).astype("u1")
GREY = [[n, n, n, 255] for n in range(256)]


def opened(data: bytes) -> np.ndarray[Any, Any]:
    picture = Pictures.open(io.BytesIO(data))
    picture.load()
    return np.asarray(picture)


def colored(shades: Any, colors: Any = RAINBOW) -> Any:
    return np.asarray(colors)[np.asarray(shades)].tolist()


def test_a_png_of_rgba_without_compression() -> None:
    data = png(np.arange(12, dtype="u2").reshape(3, 4))
    picture = Pictures.open(io.BytesIO(data))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (4, 3))
    # 0 in the first byte of zlib's header and of its first block: level 0, stored.
    place = data.index(b"IDAT") + 4
    assert data[place + 1] >> 6 == 0
    assert data[place + 2] & 6 == 0


def test_the_maximum_has_the_last_color() -> None:
    found = opened(png(np.array([[0, 50, 100, 200]], "u2")))
    assert found.tolist() == colored([[0, 64, 128, 255]])


def test_the_steps_in_their_order() -> None:
    # Minus 10, not below 0, not above 50, divided by the maximum, which is 50.
    found = opened(png(np.array([[0, 10, 35, 60, 99]], "u2"), min_value=10, max_value=50))
    assert found.tolist() == colored([[0, 0, 128, 255, 255]])
    # Where nothing reaches max_value, the brightest pixel is the maximum.
    found = opened(png(np.array([[10, 20, 30]], "u2"), min_value=10, max_value=500))
    assert found.tolist() == colored([[0, 128, 255]])


def test_blocks_become_their_means_first() -> None:
    image = np.array([[0, 100, 7], [100, 200, 9]], "u2")
    assert opened(png(image, scale=0.5)).tolist() == colored([[255]])
    # Means of 100 and 50 in a row of one: the rows are not halved, as one must be left.
    assert opened(png(np.array([[0, 200, 50, 50]], "u1"), scale=0.5)).tolist() == colored([[255, 128]])


@pytest.mark.parametrize(
    ("scale", "size"),
    [(1, (7, 5)), (2, (7, 5)), (100, (7, 5)), (0.5, (3, 2)), (0.3, (2, 1)), (0.01, (1, 1)), (1e-300, (1, 1))],
)
def test_scales_are_clamped(scale: float, size: tuple[int, int]) -> None:
    assert Pictures.open(io.BytesIO(png(np.ones((5, 7), "u2"), scale=scale))).size == size


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_all_types_look_alike(kind: str) -> None:
    image = np.array([[0, 25, 50], [75, 100, 125]], kind)
    assert opened(png(image)).tolist() == colored([[0, 51, 102], [153, 204, 255]])


@pytest.mark.parametrize(
    ("image", "shades"),
    [
        (np.zeros((2, 2), "u2"), [[0, 0], [0, 0]]),
        (np.full((1, 2), 65535, "u2"), [[255, 255]]),
        (np.full((1, 1), 7, "u1"), [[255]]),
        (np.array([[-5, 0, 5]], "i2"), [[0, 0, 255]]),
        (np.array([[-5, -3]], "i4"), [[0, 0]]),
        (np.array([[-5.0, -3.0]], "f4"), [[0, 0]]),
        (np.array([[np.nan, 1.0, np.inf, -np.inf, 2.0]], "f4"), [[0, 128, 255, 0, 255]]),
        (np.array([[np.nan, np.nan]], "f8"), [[0, 0]]),
        (np.array([[np.inf, -np.inf]], "f8"), [[0, 0]]),
        (np.array([[1e308, 5e307]], "f8"), [[255, 128]]),
        (np.array([[-1e308, 1e-320, 0.0]], "f8"), [[0, 255, 0]]),
        (np.array([[2**32 - 1, 0]], "u4"), [[255, 0]]),
        (np.array([[-(2**31), 2**31 - 1]], "i4"), [[0, 255]]),
    ],
)
def test_images_that_nobody_expects(image: Any, shades: Any) -> None:
    assert opened(png(image)).tolist() == colored(shades)


@pytest.mark.parametrize("kind", [">u2", ">i2", ">f4", ">u4"])
def test_other_orders_of_bytes(kind: str) -> None:
    image = np.array([[0, 100, 200]], kind)
    assert opened(png(image)).tolist() == colored([[0, 128, 255]])
    assert mono8(image, 0, 255).tolist() == [[0, 100, 200]]


def test_means_of_what_has_none() -> None:
    image = np.array([[np.inf, -np.inf, 1.0, 3.0]] * 2, "f4")
    assert opened(png(image, scale=0.5)).tolist() == colored([[0, 255]])
    jpeg(image, scale=0.5)


def test_min_value_of_signed_images() -> None:
    found = opened(png(np.array([[-100, -50, 0]], "i2"), min_value=-100))
    assert found.tolist() == colored([[0, 128, 255]])


@pytest.mark.parametrize("limits", [(100, None), (0, 0), (0, -5), (1e30, 1e-30)])
def test_a_range_with_nothing_in_it(limits: tuple[float, float | None]) -> None:
    found = opened(png(np.array([[1, 2]], "u2"), min_value=limits[0], max_value=limits[1]))
    assert found.tolist() == colored([[0, 0]])


def test_colormaps() -> None:
    image = np.arange(256, dtype="u1").reshape(16, 16)
    assert opened(png(image, colormap="gray")).reshape(256, 4).tolist() == GREY
    assert (opened(png(image)) != opened(png(image, colormap="viridis"))).any()
    assert (
        opened(png(image, colormap="viridis_r"))[0, 0] == opened(png(image, colormap="viridis"))[-1, -1]
    ).all()
    # One of ten colours only.
    assert len(np.unique(opened(png(image, colormap="tab10")).reshape(-1, 4), axis=0)) == 10


@pytest.mark.parametrize("name", ["nope", "../x", "#12", "x" * 50, "\n", " "])
def test_unknown_colormaps(name: str) -> None:
    with pytest.raises(ImagingError) as caught:
        png(np.ones((2, 2), "u2"), colormap=name)
    assert caught.value.message == (
        f"Unable to apply colormap '{name}'. "
        "See http://matplotlib.org/examples/color/colormaps_reference.html for available colormaps."
    )
    with pytest.raises(ImagingError):
        jpeg(np.ones((2, 2), "u2"), colormap=name)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 3), (0, 2)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    for picture in (png, jpeg):
        with pytest.raises(ImagingError, match="no image"):
            picture(np.zeros(shape, "u2"))


@given(
    arrays.arrays(
        st.sampled_from([kind.name for kind in KINDS]), st.tuples(st.integers(1, 6), st.integers(1, 6))
    ),
    st.none() | st.floats(1e-9, 1e9),
    st.none() | st.floats(-1e9, 1e9),
    st.none() | st.floats(-1e9, 1e9),
)
def test_every_image_can_be_shown(
    image: Any, scale: float | None, low: float | None, high: float | None
) -> None:
    before = image.copy()
    found = opened(png(image, scale=scale, min_value=low, max_value=high))
    assert found.shape[2] == 4
    assert (found[:, :, 3] == 255).all()
    jpeg(image, scale=scale, min_value=low, max_value=high)
    np.testing.assert_array_equal(image, before)


def test_jpeg_has_the_same_colors() -> None:
    image = np.repeat(np.repeat(np.array([[0, 100], [200, 50]], "u2"), 32, 0), 32, 1)
    found = opened(jpeg(image)).astype(int)
    wanted = opened(png(image)).astype(int)[:, :, :3]
    middles = (slice(16, None, 32), slice(16, None, 32))
    assert np.abs(found[middles] - wanted[middles]).max() < 30


def test_large_images_are_thinned_out() -> None:
    image = np.zeros((100, 3000), "u2")
    assert Pictures.open(io.BytesIO(jpeg(image))).size == (1000, 34)
    assert Pictures.open(io.BytesIO(jpeg(image, longest_side=10))).size == (10, 1)
    assert Pictures.open(io.BytesIO(jpeg(np.zeros((2, 2), "u1"), colormap="gray"))).mode == "L"


def test_quality_costs_bytes() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64)).astype("u1")
    assert len(jpeg(image, quality=20)) < len(jpeg(image)) < len(jpeg(image, quality=95))


def test_eight_bits_for_a_recording() -> None:
    image = np.array([[0, 100, 200, 300]], "u2")
    assert mono8(image, 100, 200).tolist() == [[0, 0, 255, 255]]
    assert mono8(image, 0, 510).tolist() == [[0, 50, 100, 150]]
    assert mono8(np.array([[0, 257, 65535]], "u2")).tolist() == [[0, 1, 255]]
    assert mono8(np.array([[-1, 0, 32767]], "i2")).tolist() == [[0, 0, 255]]
    assert mono8(np.array([[-1.0, 0.5, 2.0, np.nan]], "f4")).tolist() == [[0, 128, 255, 0]]
    eight = np.array([[1, 2]], "u1")
    assert mono8(eight) is eight
    assert mono8(eight, 0, 2).tolist() == [[128, 255]]


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ImagingError, match="max_value: found 5, expected more than min_value, which is 5"):
        mono8(np.ones((1, 1), "u2"), 5, 5)


def test_parameters_of_a_request() -> None:
    query = {"scale": "0.5", "min_value": "10", "max_value": "1e3", "colormap": "gray", "raw": ""}
    assert View.parse(query) == View(0.5, 10.0, 1000.0, "gray")
    assert View.parse({}) == View.parse({"scale": "", "colormap": ""}) == View(None, None, None, "rainbow")
    none = {"scale": "None", "min_value": "null", "max_value": "none", "colormap": "None"}
    assert View.parse(none) == View.parse({})


@pytest.mark.parametrize("name", ["scale", "min_value", "max_value"])
@pytest.mark.parametrize("value", ["x", "nan", "inf", "1,5", "1" * 1000 + "x", "1e999"])
def test_wrong_parameters_are_named(name: str, value: str) -> None:
    with pytest.raises(ImagingError) as caught:
        View.parse({name: value})
    assert caught.value.message.startswith(f"{name}: found ")
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_wrong_scales(value: float) -> None:
    with pytest.raises(ImagingError, match="scale: found"):
        View.parse({"scale": str(value)})
    with pytest.raises(ImagingError, match="scale: found"):
        png(np.ones((2, 2), "u2"), scale=value)


@pytest.mark.parametrize("name", ["min_value", "max_value"])
def test_wrong_limits(name: str) -> None:
    for picture in (png, jpeg, mono8):
        with pytest.raises(ImagingError, match=f"{name}: found nan"):
            picture(np.ones((2, 2), "u2"), **{name: float("nan")})  # type: ignore[operator]
