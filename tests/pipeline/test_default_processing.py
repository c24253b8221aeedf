"""The channels that are sent for each image, against a reference made of the protocol's formulas."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pyca.kernel.choice import load
from pyca.kernel.kernel import Kernel
from pyca.pipeline.processing.default import parameters_text, process_image, store, transparent
from tests.pipeline import reference
from tests.pipeline.beams import Array, Case, Values, axes_of, beam, cases, differences
from tests.pipeline.contract import ORDER, REGION, SLICES

GOOD = {"threshold": 0.3, "gfscale": 1.8}


@pytest.fixture(scope="module", params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param == "native":
        pytest.importorskip("pyca.kernel.native", reason="the kernel in C was not built")
    return load(request.param)


def channels(kernel: Kernel, case: Case, **parameters: Any) -> Values:
    return process_image(case[0], 7, 12.5, case[1], case[2], parameters, kernel=kernel)


def case_of(image: Array) -> Case:
    return image, *axes_of(image)


@given(cases())
def test_all_channels_are_those_of_the_formulas(kernel: Kernel, case: Case) -> None:
    found = channels(kernel, case, fw_threshold=0.2)
    assert not differences(found, reference.default_values(*case, fw_threshold=0.2))


@given(cases(noise=2.0), st.sampled_from([0.1, 0.3, 0.6]), st.sampled_from([0.7, 1.8, 3.0]))
def test_the_good_region_is_that_of_the_formulas(
    kernel: Kernel, case: Case, threshold: float, scale: float
) -> None:
    expected = reference.default_values(*case, region=(threshold, scale))
    # Four parameters need more points than that.
    assume(len(expected["gr_x_axis"]) > 6 and len(expected["gr_y_axis"]) > 6)
    found = channels(kernel, case, image_good_region={"threshold": threshold, "gfscale": scale})
    assert not differences(found, expected)


@given(
    cases(noise=1.0),
    st.integers(1, 6),
    st.sampled_from([1.0, 2.0, 3.0]),
    st.sampled_from(["vertical", "horizontal"]),
)
def test_slices_are_those_of_the_formulas(
    kernel: Kernel, case: Case, number: int, scale: float, orientation: str
) -> None:
    expected = reference.default_values(*case, region=(0.1, 1.8), sliced=(number, scale, orientation))
    odd = expected["slice_amount"]
    for side in "xy":
        fit = {name: expected[f"gr_{side}_fit_{name}"] for name in ("mean", "standard_deviation")}
        beyond = fit["mean"] + scale * fit["standard_deviation"] / odd / 2
        # Of a place between two pixels nobody can tell in which it is.
        assume(all(is_clear(expected[f"gr_{side}_axis"], at) for at in (fit["mean"], beyond)))
    slices = {"number_of_slices": number, "scale": scale, "orientation": orientation}
    wanted = {"threshold": 0.1, "gfscale": 1.8}
    found = channels(kernel, case, image_good_region=wanted, image_slices=slices)
    assert not differences(found, expected)


def is_clear(axis: Array, at: float) -> bool:
    pixel = abs(float(axis[1] - axis[0]))
    return float(np.abs(axis - at).min()) > 0.01 * pixel


def test_names_and_types_are_those_of_the_contract(kernel: Kernel) -> None:
    found = channels(kernel, case_of(beam()), image_good_region=GOOD, image_slices={"number_of_slices": 3})
    assert list(found) == ORDER + REGION + SLICES
    assert len(found) == 62
    for name, value in found.items():
        assert kind_of(value) == expected_kind(name), name


def kind_of(value: Any) -> Any:
    return value.dtype.name if isinstance(value, np.ndarray | np.generic) else type(value)


def expected_kind(name: str) -> Any:
    if name in ("image", "min_value", "max_value"):
        return "uint16"
    if name in ("processing_parameters", "slice_orientation"):
        return str
    if name.endswith(("_axis", "gauss_function")):
        return "float32"
    if name.endswith("_profile") or name == "good_region":
        return "int64"
    return int if name in ("width", "height", "intensity", "gr_intensity", "slice_amount") else float


def test_widths_at_another_height_follow_the_full_width_at_half_maximum(kernel: Kernel) -> None:
    plain, more = channels(kernel, case_of(beam())), channels(kernel, case_of(beam()), fw_threshold=0.5)
    at = ORDER.index("y_fwhm") + 1
    assert list(plain) == ORDER
    assert list(more) == [*ORDER[:at], "x_fw", "y_fw", *ORDER[at:]]
    assert (more["x_fw"], more["y_fw"]) == (plain["x_fwhm"], plain["y_fwhm"])


def test_an_image_is_sent_as_it_is_and_not_copied(kernel: Kernel) -> None:
    image = beam()
    assert channels(kernel, case_of(image))["image"] is image


def test_parameters_are_sent_but_for_the_background_itself(kernel: Kernel) -> None:
    found = channels(kernel, case_of(beam()), camera_name="cam", background_data=np.zeros((2, 2)))
    assert json.loads(found["processing_parameters"]) == {"camera_name": "cam"}


def test_parameters_that_are_known_as_a_text_are_not_made_into_one_again(kernel: Kernel) -> None:
    image, x_axis, y_axis = case_of(beam())
    found = process_image(image, 1, 2.0, x_axis, y_axis, {}, kernel=kernel, text="known")
    assert found["processing_parameters"] == "known"


def test_what_was_measured_already_is_not_measured_again(kernel: Kernel) -> None:
    image, x_axis, y_axis = case_of(beam())
    measured = kernel.measure(image * 2)
    found = process_image(image, 1, 2.0, x_axis, y_axis, {}, kernel=kernel, measured=measured)
    assert found["max_value"] == image.max() * 2


def test_channels_that_came_with_an_image_follow_and_replace_none(kernel: Kernel) -> None:
    image, x_axis, y_axis = case_of(beam())
    beside = {"width": 1, "charge": 2.5}
    for found, names in (
        (process_image(image, 1, 2.0, x_axis, y_axis, {}, beside, kernel=kernel), ORDER),
        (transparent(image, 1, 2.0, x_axis, y_axis, {}, beside), []),
    ):
        assert list(found)[: len(names)] == names
        assert list(found)[-1] == "charge"
        assert found["width"] == image.shape[1]


def test_no_calculation_at_all() -> None:
    image, x_axis, y_axis = case_of(beam())
    found = transparent(image, 1, 2.0, x_axis, y_axis, {"function": "transparent"})
    names = ["x_axis", "y_axis", "width", "height", "image", "processing_parameters", "timestamp"]
    assert list(found) == names
    assert found["image"] is image
    assert found["processing_parameters"] == parameters_text({"function": "transparent"})


def test_a_store_has_one_channel() -> None:
    image = beam()
    assert store(image, "CAM1") == {"CAM1:FPICTURE": image}


def test_axes_are_the_numbers_of_pixels_where_none_came(kernel: Kernel) -> None:
    found = process_image(beam(8, 6), 1, 2.0, None, None, {}, kernel=kernel)
    assert found["x_axis"].tolist() == list(range(8))
    assert found["y_axis"].tolist() == list(range(6))


def test_even_numbers_of_slices_become_odd(kernel: Kernel) -> None:
    slices = {"number_of_slices": 4, "scale": None, "orientation": None}
    found = channels(kernel, case_of(beam()), image_good_region={}, image_slices=slices)
    assert found["slice_amount"] == 5
    assert "slice_4_intensity" in found
    assert found["slice_orientation"] == "vertical"


def test_there_are_no_slices_without_a_good_region(kernel: Kernel) -> None:
    assert list(channels(kernel, case_of(beam()), image_slices={})) == ORDER


def test_slices_that_reach_out_of_the_good_region_have_no_values(kernel: Kernel) -> None:
    slices = {"number_of_slices": 3, "scale": 100.0}
    at_the_corner = case_of(beam(middle=(0.1, 0.1)))
    found = channels(kernel, at_the_corner, image_good_region=GOOD, image_slices=slices)
    assert list(found) == ORDER + REGION + SLICES
    assert found["good_region"] is not None
    assert [found[name] for name in SLICES[2:]] == [None] * (len(SLICES) - 2)


def test_only_the_middle_slice_may_fit(kernel: Kernel) -> None:
    slices = {"number_of_slices": 3, "scale": 9.0}
    found = channels(kernel, case_of(beam()), image_good_region=GOOD, image_slices=slices)
    assert found["slice_0_intensity"] is found["slice_2_center_x"] is None
    assert found["slice_1_intensity"] > 0
    assert found["slice_length"] > 0
    assert found["coupling"] is found["coupling_slope"] is found["coupling_offset"] is None


def test_a_tilted_beam_is_coupled(kernel: Kernel) -> None:
    slices = {"number_of_slices": 5, "scale": 2.0}
    for tilt in (-0.25, 0.25):
        image = beam(90, 90, sigma=(9, 5), tilt=tilt, noise=0)
        found = channels(kernel, case_of(image), image_good_region=GOOD, image_slices=slices)
        assert math.isclose(found["coupling_slope"], tilt, rel_tol=0.1)
        assert math.isclose(
            found["coupling"], found["coupling_slope"] * found["gr_x_fit_standard_deviation"] ** 2
        )


def test_the_example_of_three_pixels() -> None:
    """By hand: level 5.5, met at 0.5 to the left and 1.5 to the right."""
    image = np.array([[1, 10, 1]], np.uint8)
    found = process_image(image, 1, 2.0, None, None, {}, kernel=load("numpy"))
    assert found["x_fwhm"] == 1.0
    assert found["intensity"] == 12
