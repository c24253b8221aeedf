"""What is done to images before anything is computed from them, against the steps one by one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import ImagingError, SourceError
from pyca.kernel.choice import load
from pyca.kernel.kernel import Kernel
from pyca.pipeline.files.configuration import Configuration, parse
from pyca.pipeline.processing.prepare import Preparation, Prepared
from tests.pipeline import reference
from tests.pipeline.beams import Array, axes_of

COUNTED = np.arange(48, dtype=np.uint16).reshape(6, 8)
COUNTED.flags.writeable = False


@pytest.fixture(scope="module", params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param == "native":
        pytest.importorskip("pyca.kernel.native", reason="the kernel in C was not built")
    return load(request.param)


def configured(**keys: Any) -> Configuration:
    if "image_background_enable" in keys:
        keys["image_background"] = "taken"
    return parse("p", {"camera_name": "cam", **keys})


def preparation(background: Array | None = None, *, kernel: Kernel | None = None, **keys: Any) -> Preparation:
    return Preparation(configured(**keys), background, kernel or load("numpy"))


def prepared(image: Array, background: Array | None = None, **keys: Any) -> Prepared:
    found = preparation(background, **keys).apply(image, *axes_of(image))
    assert found is not None
    return found


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """Configurations of all that needs one image only."""
    some: dict[str, st.SearchStrategy[Any]] = {
        "binning_x": st.integers(1, 3),
        "binning_y": st.integers(1, 3),
        "binning_mean": st.booleans(),
        "image_background_enable": st.sampled_from([True, True, "signed"]),
        "mirror_x": st.booleans(),
        "mirror_y": st.booleans(),
        "rotation": st.fixed_dictionaries(
            {
                "angle": st.sampled_from([-270, -90, 0, 90, 180, 270, 450]),
                "order": st.sampled_from([1, 3]),
                "mode": st.sampled_from(["ortho", "ortho", "ortho", "nearest", "7.0"]),
            }
        ),
        "image_region_of_interest": st.tuples(
            st.integers(0, 15), st.integers(1, 15), st.integers(0, 15), st.integers(1, 15)
        ),
        "image_threshold": st.sampled_from([-5, 0, 0.5, 1, 20.9, 40000]),
        "image_scale": st.sampled_from([2.0, 0.25]),
        "image_offset": st.sampled_from([-10.0, 0.5]),
    }
    return {name: draw(values) for name, values in some.items() if draw(st.booleans())}


@given(
    steps(),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.sampled_from(["u1", "u2", "u4", "i4"]),
    st.integers(0, 1000),
)
def test_steps_are_done_as_the_protocol_has_them(
    kernel: Kernel, keys: dict[str, Any], shape: tuple[int, int], dtype: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    brightest = 255 if dtype == "u1" else 65535
    image = random.integers(0, brightest, shape).astype(dtype)
    image.flags.writeable = False
    by = min(keys.get("binning_x", 1), shape[1]), min(keys.get("binning_y", 1), shape[0])
    background = random.integers(0, brightest // 4, (shape[0] // by[1], shape[1] // by[0]))
    background = background.astype(np.uint16)
    axes = axes_of(image, x_step=-0.5, y_step=2.0, origin=0.5)
    found = preparation(background, kernel=kernel, **keys).apply(image, *axes)
    assert found is not None
    known = keys | {"binning_x": by[0], "binning_y": by[1]}
    expected = reference.prepared(image, *axes, known, background)
    for one, other in zip((found.image, found.x_axis, found.y_axis), expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    if found.measured:
        again = kernel.measure(found.image)
        assert (found.measured.minimum, found.measured.maximum) == (again.minimum, again.maximum)
        assert (found.measured.x_profile == again.x_profile).all()
        assert (found.measured.y_profile == again.y_profile).all()


def test_nothing_to_do_is_nothing_done() -> None:
    found = prepared(COUNTED)
    assert found.image is COUNTED
    assert found.measured is found.background_data is None


def test_a_region_is_no_copy_and_moved_into_the_image() -> None:
    found = prepared(COUNTED, image_region_of_interest=[100, 3, 100, 2])
    assert found.image.tolist() == COUNTED[4:, 5:].tolist()
    assert np.shares_memory(found.image, COUNTED)
    assert (found.x_axis.tolist(), found.y_axis.tolist()) == ([5, 6, 7], [4, 5])


def test_a_copy_where_one_is_wanted_and_no_second_one() -> None:
    plain, copied = prepared(COUNTED), prepared(COUNTED, copy=True)
    assert not plain.image.flags.writeable
    assert copied.image.flags.writeable
    assert copied.image.tolist() == COUNTED.tolist()
    assert prepared(COUNTED, copy=True, image_threshold=2).image.flags.writeable


def test_a_threshold_is_cut_to_a_whole_number() -> None:
    image = np.array([[0, 1, 2, 3]], np.uint16)
    for threshold, left in ((0.5, [0, 1, 2, 3]), (2, [0, 0, 2, 3]), (2.9, [0, 0, 2, 3]), (-3, [0, 1, 2, 3])):
        assert prepared(image, image_threshold=threshold).image.tolist() == [left]


def test_a_threshold_that_leaves_nothing() -> None:
    assert not prepared(COUNTED, image_threshold=1000).image.any()
    assert not prepared(COUNTED, image_threshold=1e9).image.any()


def test_backgrounds() -> None:
    background = np.full(COUNTED.shape, 10, np.uint16)
    cut = prepared(COUNTED, background, image_background_enable=True)
    assert cut.image.dtype == np.uint16
    assert cut.image.ravel()[:13].tolist() == [0] * 11 + [1, 2]
    assert cut.background_data is None
    signed = prepared(COUNTED, background, image_background_enable="signed")
    assert signed.image.dtype == np.int32
    assert signed.image.ravel()[:3].tolist() == [-10, -9, -8]
    passive = prepared(COUNTED, background, image_background_enable="passive")
    assert passive.image is COUNTED
    assert passive.background_data is background
    unused = prepared(COUNTED, background, image_background_enable=False)
    assert unused.image is COUNTED
    assert unused.background_data is None
    assert prepared(COUNTED, None, image_background_enable=True).image is COUNTED


def test_a_background_may_be_as_large_as_images_before_they_are_binned() -> None:
    background = np.full(COUNTED.shape, 10, np.uint16)
    found = prepared(COUNTED, background, image_background_enable=True, binning_x=2, binning_y=2)
    assert found.image.tolist() == (np.maximum(blocks(COUNTED) - blocks(background), 0)).tolist()


def blocks(image: Array) -> Array:
    return image.astype(np.int64).reshape(3, 2, 4, 2).sum((1, 3))


def test_a_background_of_fractions_is_rounded() -> None:
    background = np.full(COUNTED.shape, 1.6)
    assert prepared(COUNTED, background, image_background_enable=True).image.ravel()[2:4].tolist() == [0, 1]


@pytest.mark.parametrize("rotation", [None, {"angle": 30.0}, {"angle": 90.0, "mode": "ortho"}])
def test_a_background_of_another_size_is_told_until_the_images_fit(rotation: Any) -> None:
    background = np.ones((6, 9), np.uint16)
    steps = preparation(background, image_background_enable=True, rotation=rotation)
    told = r"Bad background image size: it is 9 x 6, the images are 8 x 6 pixels\."
    for _ in range(2):
        with pytest.raises(ImagingError, match=told):
            steps.apply(COUNTED, *axes_of(COUNTED))
    fitting = np.full((6, 9), 5, np.uint16)
    found = steps.apply(fitting, *axes_of(fitting))
    assert found is not None
    assert found.image.max() == 4


def test_images_that_change_their_size_and_type() -> None:
    steps = preparation(binning_x=2, mirror_x=True, image_region_of_interest=[1, 2, 1, 2])
    for shape in ((6, 8), (3, 4), (1, 1), (9, 2)):
        for dtype in ("u1", "f4"):
            image = np.ones(shape, dtype)
            found = steps.apply(image, *axes_of(image))
            assert found is not None
            assert found.image.shape == (len(found.y_axis), len(found.x_axis))


def test_binning_by_more_than_there_is() -> None:
    found = prepared(COUNTED, binning_x=100, binning_y=100, binning_mean=True)
    assert found.image.tolist() == [[COUNTED.sum() // 48]]
    assert (found.x_axis.tolist(), found.y_axis.tolist()) == ([3.5], [2.5])


def test_sums_of_blocks_end_at_the_brightest() -> None:
    assert prepared(np.full((2, 2), 40000, np.uint16), binning_x=2).image.tolist() == [[65535], [65535]]


def test_quarter_turns_take_the_axes_along() -> None:
    found = prepared(COUNTED, rotation={"angle": 90, "mode": "ortho"})
    assert found.image.tolist() == np.rot90(COUNTED).tolist()
    assert found.image.flags.c_contiguous
    assert found.x_axis.tolist() == list(range(6))
    assert found.y_axis.tolist() == list(range(7, -1, -1))


def test_other_angles_keep_shape_type_and_axes() -> None:
    image = np.zeros((41, 41), np.uint16)
    image[10, 20] = 1000
    for angle, place in ((90.0, (20, 10)), (180.0, (30, 20)), (-90.0, (20, 30))):
        found = prepared(image, rotation={"angle": angle, "order": 3})
        assert (found.image.shape, found.image.dtype) == (image.shape, image.dtype)
        assert np.unravel_index(found.image.argmax(), image.shape) == place
        assert found.x_axis.tolist() == list(range(41))


def test_corners_get_what_the_mode_says() -> None:
    image = np.full((9, 9), 50, np.uint16)
    for mode, corner in (
        ("0.0", 0),
        ("12", 12),
        ("nearest", 50),
        ("reflect", 50),
        ("wrap", 50),
        ("mirror", 50),
    ):
        assert prepared(image, rotation={"angle": 45.0, "mode": mode}).image[0, 0] == corner


def test_a_full_turn_is_none() -> None:
    assert prepared(COUNTED, rotation={"angle": 360.0}).image is COUNTED


def test_backgrounds_are_subtracted_before_images_are_turned() -> None:
    """A background does not turn with the image, so a constant fill stays what it is."""
    image, background = np.full((9, 9), 50, np.uint16), np.full((9, 9), 20, np.uint16)
    found = prepared(image, background, image_background_enable=True, rotation={"angle": 45.0, "mode": "7"})
    assert (found.image[0, 0], found.image[4, 4]) == (7, 30)


def test_a_threshold_comes_after_a_rotation(kernel: Kernel) -> None:
    image = np.random.default_rng(1).integers(0, 200, (30, 30)).astype(np.uint16)
    steps = {"image_background_enable": True, "rotation": {"angle": 30.0}}
    nothing = np.zeros_like(image)
    turned = preparation(nothing, kernel=kernel, **steps).apply(image, None, None)
    found = preparation(nothing, kernel=kernel, **steps, image_threshold=100).apply(image, None, None)
    assert turned is not None
    assert found is not None
    assert found.image.tolist() == np.where(turned.image < 100, 0, turned.image).tolist()


def test_means_of_several_images_come_first() -> None:
    steps = preparation(averaging=2, image_threshold=2)
    one, two = np.array([[1, 5]], np.uint16), np.array([[2, 8]], np.uint16)
    assert steps.apply(one, None, None) is None
    found = steps.apply(two, None, None)
    assert found is not None
    # 1.5 is below the threshold only after the mean.
    assert found.image.tolist() == [[0.0, 6.5]]
    assert found.image.dtype == np.float64
    assert steps.apply(one, None, None) is None


def test_means_of_prepared_images_come_late() -> None:
    steps = preparation(image_averaging=2, image_threshold=2, image_scale=10.0, image_offset=-1.0)
    one, two = np.array([[1, 5]], np.uint16), np.array([[2, 8]], np.uint16)
    assert steps.apply(one, None, None) is None
    found = steps.apply(two, None, None)
    assert found is not None
    assert found.image.tolist() == [[9.0, 64.0]]
    assert found.measured is None


def test_means_that_go_along() -> None:
    steps = preparation(averaging=-2)
    means = [steps.apply(np.array([[value]], np.uint16), None, None) for value in (2, 4, 8, 16)]
    assert [found and found.image.item() for found in means] == [2.0, 3.0, 6.0, 12.0]


def test_what_is_no_image_is_told() -> None:
    for image in (np.zeros((0, 4), np.uint16), np.zeros(4), None):
        with pytest.raises(SourceError):
            preparation(averaging=2, mirror_x=True).apply(image, None, None)
    with pytest.raises(SourceError, match="y_axis has 3 values, the image 6 pixels"):
        preparation().apply(COUNTED, None, np.zeros(3, np.float32))


def test_an_angle_between_is_no_quarter_turn() -> None:
    configuration = configured(rotation={"angle": 90.0, "mode": "ortho"})
    object.__setattr__(configuration.rotation, "angle", 45.0)
    with pytest.raises(ImagingError, match="multiple of 90 degrees"):
        Preparation(configuration, None, load("numpy"))
