"""What happens to images, against the protocol's formulas written out with plain loops."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.camera.files.configuration import Configuration
from pyca.camera.image.transform import Transform
from pyca.core.errors import SourceError
from pyca.images.blocks import block_sums
from pyca.images.image import KINDS
from pyca.images.regions import clamped

Pixels = list[list[int]]


def camera(**keys: Any) -> Configuration:
    return Configuration("cam", "x", **keys)


def written_out(pixels: Pixels, configuration: Configuration, background: Pixels | None) -> Pixels:
    """The protocol's steps, one pixel at a time."""
    by_x = min(configuration.binning_x, len(pixels[0]))
    by_y = min(configuration.binning_y, len(pixels))
    if (configuration.binning_x, configuration.binning_y) != (1, 1):
        binned = []
        for y in range(len(pixels) // by_y):
            row = []
            for x in range(len(pixels[0]) // by_x):
                total = sum(
                    pixels[y * by_y + down][x * by_x + right] for down in range(by_y) for right in range(by_x)
                )
                row.append(
                    max(min(total // (by_x * by_y) if configuration.binning_mean else total, 65535), 0)
                )
            binned.append(row)
        pixels = binned
    if configuration.mirror_x:
        pixels = [list(reversed(row)) for row in pixels]
    if configuration.mirror_y:
        pixels = list(reversed(pixels))
    for _ in range(configuration.rotate % 4):
        # Counter-clockwise: the last column becomes the first row.
        pixels = [[row[x] for row in pixels] for x in reversed(range(len(pixels[0])))]
    if configuration.roi:
        left, width, top, height = configuration.roi
        width, height = min(width, len(pixels[0])), min(height, len(pixels))
        left, top = max(min(left, len(pixels[0]) - width), 0), max(min(top, len(pixels) - height), 0)
        pixels = [row[left : left + width] for row in pixels[top : top + height]]
    if background:
        pixels = [
            [max(pixel - less, 0) for pixel, less in zip(row, other, strict=True)]
            for row, other in zip(pixels, background, strict=True)
        ]
    return pixels


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Configuration]:
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    dtype = draw(st.sampled_from(["u1", "u2", "u4", "i2", "i4"]))
    limits = np.iinfo(dtype)
    numbers = draw(
        st.lists(
            st.integers(int(limits.min), int(limits.max)), min_size=height * width, max_size=height * width
        )
    )
    offset, size = st.integers(-3, 9), st.integers(1, 9)
    configuration = camera(
        mirror_x=draw(st.booleans()),
        mirror_y=draw(st.booleans()),
        rotate=draw(st.integers(-5, 5)),
        roi=draw(st.none() | st.tuples(offset, size, offset, size)),
        binning_x=draw(st.integers(1, 9)),
        binning_y=draw(st.integers(1, 3)),
        binning_mean=draw(st.booleans()),
    )
    return np.array(numbers, dtype).reshape(height, width), configuration


@given(cases())
def test_as_the_formulas_say(case: tuple[np.ndarray[Any, Any], Configuration]) -> None:
    image, configuration = case
    before = image.copy()
    transform = Transform(configuration)
    found = transform.apply(image)
    assert found.tolist() == written_out(image.tolist(), configuration, None)
    assert found.flags.c_contiguous
    assert (found.shape[1], found.shape[0]) == transform.size_after((image.shape[1], image.shape[0]))
    unbinned = configuration.binning_x == configuration.binning_y == 1
    assert found.dtype == (image.dtype if unbinned else np.uint16)
    assert (image == before).all()


@given(cases(), st.integers(0, 70_000))
def test_backgrounds_saturate(case: tuple[np.ndarray[Any, Any], Configuration], level: int) -> None:
    image, configuration = case
    delivered = Transform(configuration).apply(image)
    if delivered.dtype.kind != "u":
        delivered, image = delivered.view(f"u{delivered.itemsize}"), image.view(f"u{image.itemsize}")
    background = np.full(delivered.shape, level, "u4")
    background[0, 0] = 3
    transform = Transform(configuration, background)
    found = transform.apply(image)
    assert transform.trouble == ""
    assert found.dtype == delivered.dtype
    assert found.tolist() == written_out(image.tolist(), configuration, background.tolist())


def test_nothing_to_do_is_no_copy() -> None:
    image = np.arange(12, dtype="u2").reshape(3, 4)
    image.setflags(write=False)
    assert Transform(camera()).apply(image) is image
    assert Transform(camera(rotate=4)).apply(image) is image
    assert np.shares_memory(Transform(camera(roi=(0, 4, 1, 2))).apply(image), image)


def test_directions() -> None:
    image = np.array([[1, 2], [3, 4]], "u2")
    assert Transform(camera(mirror_x=True)).apply(image).tolist() == [[2, 1], [4, 3]]
    assert Transform(camera(mirror_y=True)).apply(image).tolist() == [[3, 4], [1, 2]]
    assert Transform(camera(rotate=1)).apply(image).tolist() == [[2, 4], [1, 3]]
    assert Transform(camera(rotate=-1)).apply(image).tolist() == [[3, 1], [4, 2]]
    # Mirrors come before turns.
    assert Transform(camera(mirror_x=True, rotate=1)).apply(image).tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_large_images_turn_as_small_ones(turns: int) -> None:
    image = np.random.default_rng(1).integers(0, 65536, (700, 513)).astype("u2")
    found = Transform(camera(rotate=turns)).apply(image)
    assert found.flags.c_contiguous
    assert (found == np.rot90(image, turns)).all()


def test_sums_are_clipped_and_means_are_not() -> None:
    image = np.full((4, 4), 60_000, "u2")
    assert Transform(camera(binning_x=2)).apply(image).tolist() == [[65535, 65535]] * 4
    assert Transform(camera(binning_x=2, binning_mean=True)).apply(image).tolist() == [[60_000, 60_000]] * 4


def test_fractions_become_whole_numbers() -> None:
    image = np.array([[0.9, np.nan, -7.0], [np.inf, 5.0, 2.0]], "f4")
    assert Transform(camera(binning_y=2)).apply(image).tolist() == [[65535, 5, 0]]
    assert Transform(camera(binning_x=2, binning_y=2, binning_mean=True)).apply(
        np.array([[1.5, 2.5], [3.0, 4.9]], "f8")
    ).tolist() == [[2]]


def test_blocks_larger_than_the_image() -> None:
    transform = Transform(camera(binning_x=99, binning_y=99))
    assert transform.apply(np.ones((3, 5), "u1")).tolist() == [[15]]
    assert transform.size_after((5, 3)) == (1, 1)


def test_sums_do_not_overflow() -> None:
    assert block_sums(np.full((300, 300), 65535, "u2"), 300, 300).tolist() == [[300 * 300 * 65535]]
    assert block_sums(np.full((4, 4), -(2**31), "i4"), 4, 4).tolist() == [[-(2**35)]]
    assert block_sums(np.full((2, 2), 2**32 - 1, "u4"), 2, 2).tolist() == [[2**34 - 4]]


def test_region_is_limited_then_moved() -> None:
    assert clamped((5, 100, -3, 2), (10, 8)) == (0, 10, 0, 2)
    assert clamped((8, 4, 7, 4), (10, 8)) == (6, 4, 4, 4)


def test_region_belongs_to_the_turned_image() -> None:
    image = np.arange(8, dtype="u2").reshape(2, 4)
    found = Transform(camera(rotate=1, roi=(0, 1, 0, 4))).apply(image)
    assert found.tolist() == [[3], [2], [1], [0]]


def test_a_background_of_another_size_is_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    image = np.full((2, 3), 9, "u2")
    transform = Transform(camera(), np.ones((3, 2), "u2"))
    for _ in range(3):
        assert transform.apply(image) is image
    assert [record.getMessage() for record in caplog.records] == [transform.trouble]
    assert transform.trouble.startswith("Bad background image size")
    assert "2 x 3" in transform.trouble
    assert "3 x 2" in transform.trouble
    assert transform.apply(np.full((3, 2), 9, "u2")).tolist() == [[8, 8]] * 3
    assert transform.trouble == ""


def test_the_background_is_that_of_the_delivered_image() -> None:
    transform = Transform(camera(roi=(1, 2, 0, 1)), np.array([[1, 20]], "u2"))
    assert transform.apply(np.array([[9, 9, 9]], "u2")).tolist() == [[8, 0]]


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
@pytest.mark.parametrize("other", [kind.name for kind in KINDS])
def test_backgrounds_of_all_types(kind: str, other: str) -> None:
    image = np.array([[0, 100]], kind)
    found = Transform(camera(), np.array([[10, 30]], other)).apply(image)
    assert found.dtype == image.dtype
    assert found.tolist() == [[0 if image.dtype.kind == "u" else -10, 70]]


def test_endless_numbers_warn_of_nothing() -> None:
    image = np.array([[np.inf, -np.inf, np.nan, 1e308, 1e308]], "f8")
    found = Transform(camera(), np.array([[np.inf, np.inf, 1.0, -1e308, 0.0]])).apply(image)
    assert np.isnan(found[0, 0])
    assert found[0, 1] == -np.inf
    assert Transform(camera(binning_x=5)).apply(image).tolist() == [[65535]]
    single = np.array([[3e38, 3e38]], "f4")
    assert Transform(camera(binning_x=2)).apply(single).tolist() == [[65535]]


def test_backgrounds_out_of_range() -> None:
    image = np.array([[5, 200, 7]], "u1")
    assert Transform(camera(), np.array([[70_000, 2, 9]], "u4")).apply(image).tolist() == [[0, 198, 0]]
    assert Transform(camera(), np.array([[-5, 1.6, np.nan]], "f4")).apply(image).tolist() == [[5, 198, 7]]
    low = np.array([[-32768, 32767]], "i2")
    assert Transform(camera(), np.array([[1, -1]], "i4")).apply(low).tolist() == [[-32768, 32767]]
    large = np.array([[2**32 - 1]], "u4")
    assert Transform(camera(), np.array([[np.inf]], "f4")).apply(large).tolist() == [[0]]


@pytest.mark.parametrize("shape", [(), (4,), (2, 2, 3), (0, 4), (4, 0)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="instead of an image"):
        Transform(camera()).apply(np.zeros(shape, "u2"))


def test_a_size_may_change_between_images() -> None:
    transform = Transform(camera(rotate=1, roi=(0, 100, 0, 100)))
    for shape in ((3, 5), (5, 3), (1, 1)):
        found = transform.apply(np.zeros(shape, "u2"))
        assert found.shape == shape[::-1]
