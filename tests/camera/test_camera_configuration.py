"""A camera's configuration: defaults, every mistake at once, nothing silently without effect."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyca.camera.files.configuration import Calibration, Configuration, parse
from pyca.core.errors import ConfigError

pytestmark = pytest.mark.usefixtures("kinds")

ORDER = [
    "name",
    "source",
    "source_type",
    "mirror_x",
    "mirror_y",
    "rotate",
    "roi",
    "image_background",
    "camera_calibration",
    "protocol",
    "alias",
    "group",
    "no_client_timeout",
    "queue_size",
    "frame_rate",
    "simulate_pulse_id",
    "forwarder_port",
    "image_compression",
    "scalar_compression",
    "data_header_compression",
    "binning_x",
    "binning_y",
    "binning_mean",
    "port",
]
EXAMPLE = {
    "name": "example_4",
    "source": "EPICS_example_4",
    "source_type": "epics",
    "mirror_x": True,
    "mirror_y": False,
    "rotate": 4,
    "camera_calibration": {
        "reference_marker": [0, 0, 100, 100],
        "reference_marker_width": 100.0,
        "reference_marker_height": 100.0,
        "angle_horizontal": 0.0,
        "angle_vertical": 0.0,
    },
}


def problems(raw: object, name: str = "cam") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(name, raw)
    return caught.value.problems


def test_defaults_are_filled_in() -> None:
    found = parse("cam", {"source": "SCREEN1"})
    assert found == Configuration("cam", "SCREEN1")
    shown = found.as_json()
    assert list(shown) == ORDER
    assert shown["source_type"] == "epics"
    assert shown["no_client_timeout"] == 10
    assert shown["queue_size"] == 100
    assert shown["protocol"] == "tcp"
    assert shown["alias"] == shown["group"] == []
    assert shown["roi"] is shown["camera_calibration"] is shown["image_background"] is None


def test_the_example_of_the_readme_comes_back_as_it_went_in() -> None:
    shown = parse("example_4", EXAMPLE).as_json()
    assert {key: shown[key] for key in EXAMPLE} == EXAMPLE


def test_null_is_the_default_everywhere() -> None:
    raw = dict.fromkeys((*ORDER, "width", "dtype", "noise"), None) | {
        "source": "x",
        "source_type": "simulation",
    }
    assert parse("cam", raw) == parse("cam", {"source": "x", "source_type": "simulation"})


def test_the_name_is_that_under_which_it_is_saved() -> None:
    assert parse("cam", {"source": "x", "name": "other"}).name == "cam"
    assert parse("", {"source": "x", "name": "other"}).name == "other"


def test_no_name_at_all() -> None:
    assert problems({"source": "x"}, "") == ["Camera name not specified in configuration."]


def test_no_source() -> None:
    assert problems({}) == ["'source' not specified in configuration."]
    assert problems({"source": None, "source_type": "simulation"}) == [
        "'source' not specified in configuration."
    ]


def test_unknown_kind() -> None:
    expected = "Invalid source_type 'webcam'. Available: ['epics', 'simulation', 'bsread']."
    assert problems({"source": "x", "source_type": "webcam"}) == [expected]
    assert problems({"source": "x", "source_type": 3})[0].startswith("Invalid source_type '3'. Available: [")


def test_all_mistakes_at_once() -> None:
    raw = {
        "source": "",
        "source_type": "simulation",
        "mirror_x": "yes",
        "rotate": 1.5,
        "roi": [0, 0, 0, 0],
        "camera_calibration": {"reference_marker": [1, 2, 3], "angle_horizontl": 2},
        "protocol": "udp",
        "queue_size": 0,
        "alias": ["a/b"],
        "width": -1,
        "mirorx": True,
    }
    found = problems(raw)
    assert len(found) == 11
    text = "\n".join(found)
    for key in ("source", "mirror_x", "rotate", "roi", "protocol", "queue_size", "alias", "width"):
        assert any(problem.startswith(f"{key}: found ") for problem in found), text
    assert "rotate: found 1.5, expected a whole number" in found
    assert "mirror_x: found 'yes', expected true or false" in found
    assert "queue_size: found 0, expected a whole number from 1 to 100000" in found
    assert any("camera_calibration.reference_marker: found [1, 2, 3]" in problem for problem in found)
    assert "did you mean “angle_horizontal”?" in text
    assert "did you mean “mirror_x”?" in text


def test_unknown_key_of_a_kind() -> None:
    assert problems({"source": "x", "source_type": "simulation", "widht": 3}) == [
        "'widht': no such key; did you mean “width”?"
    ]


@pytest.mark.parametrize("raw", [[], None, "text", 3, True])
def test_something_else_than_an_object(raw: object) -> None:
    assert "is an object of keys and values, not" in problems(raw)[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mirror_y", 1),
        ("rotate", True),
        ("rotate", "1"),
        ("roi", [0, 10]),
        ("roi", [0, 10, 0, "10"]),
        ("roi", [0, -5, 0, 10]),
        ("roi", {"x": 0}),
        ("image_background", "../etc/passwd"),
        ("camera_calibration", [0, 0, 100, 100]),
        ("camera_calibration", {"reference_marker_width": "100"}),
        ("camera_calibration", {"angle_vertical": float("nan")}),
        ("camera_calibration", {"reference_marker": [0, 0, float("inf"), 1]}),
        ("protocol", ["tcp"]),
        ("alias", 3),
        ("alias", ["one", "one"]),
        ("alias", ["\n"]),
        ("group", [1]),
        ("no_client_timeout", "10"),
        ("no_client_timeout", float("nan")),
        ("queue_size", 10**30),
        ("frame_rate", -1),
        ("simulate_pulse_id", "no"),
        ("image_compression", "zip"),
        ("image_compression", ["lz4"]),
        ("binning_x", 0),
        ("binning_y", 2.5),
        ("binning_mean", 0),
        ("port", 65536),
        ("port", -1),
        ("source", "a\nb"),
        ("source", ["x"]),
        ("source", {"x": 1}),
        ("source", True),
    ],
)
def test_a_wrong_value_is_named(key: str, value: Any) -> None:
    found = problems({"source": "x", key: value})
    assert len(found) == 1
    assert found[0].startswith(key)
    assert "found" in found[0]
    assert "expected" in found[0]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    found = parse("cam", {"source": "x", "rotate": 1.0, "roi": [0.0, 10.0, 0, 5], "queue_size": 20.0})
    assert (found.rotate, found.roi, found.queue_size) == (1, (0, 10, 0, 5), 20)
    assert isinstance(found.rotate, int)
    assert parse("cam", {"source": "x", "camera_calibration": {"reference_marker_width": 100}}) == parse(
        "cam", {"source": "x", "camera_calibration": {"reference_marker_width": 100.0}}
    )


@pytest.mark.parametrize("turns", [-1, 0, 4, 5, 1001])
def test_any_number_of_turns_is_kept(turns: int) -> None:
    assert parse("cam", {"source": "x", "rotate": turns}).as_json()["rotate"] == turns


def test_a_number_may_be_a_source() -> None:
    assert parse("cam", {"source": 0, "source_type": "simulation"}).source == "0"


def test_calibration_is_completed_key_by_key() -> None:
    found = parse(
        "cam", {"source": "x", "camera_calibration": {"angle_vertical": 30, "angle_horizontal": None}}
    )
    assert found.camera_calibration == Calibration(angle_vertical=30)
    shown = parse("cam", {"source": "x", "camera_calibration": {}}).as_json()["camera_calibration"]
    assert shown == EXAMPLE["camera_calibration"]


def test_one_name_is_a_list_of_one() -> None:
    assert parse("cam", {"source": "x", "alias": "SCREEN"}).alias == ("SCREEN",)


def test_the_kind_says_what_its_keys_are() -> None:
    found = parse("cam", {"source": "tcp://h:1", "source_type": "bsread", "connections": 4})
    assert found.options == {"connections": 4, "buffer_size": None, "threaded": True, "channel": "image"}
    assert list(found.as_json())[-4:] == ["connections", "buffer_size", "threaded", "channel"]


def test_a_key_of_all_cameras_may_have_another_default() -> None:
    found = parse("cam", {"source": "x", "source_type": "simulation"})
    assert found.frame_rate == found.options["frame_rate"] == 10.0
    assert list(found.as_json()).count("frame_rate") == 1
    unlimited = parse("cam", {"source": "x", "source_type": "simulation", "frame_rate": 0})
    assert (unlimited.frame_rate, unlimited.options["frame_rate"]) == (None, 0)
    assert problems({"source": "x", "source_type": "simulation", "frame_rate": 20_000}) == [
        "frame_rate: found 20000, expected a number from 0 to 10000"
    ]


def test_the_kind_may_refuse_a_source() -> None:
    assert problems({"source": "nowhere"}) == ["source: nowhere is no place. (Use another one.)"]


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"script": "a.py"}, "script"),
        ({"forwarder_port": 9000}, "forwarder_port"),
        ({"connections": 2}, "connections"),
        ({"abort_on_error": True}, "abort_on_error"),
    ],
)
def test_what_has_no_effect_is_said_and_kept(raw: dict[str, Any], key: str) -> None:
    found = parse("cam", {"source": "x", **raw})
    assert [warning.split(":")[0] for warning in found.warnings] == [key]
    assert found.as_json()[key] == raw[key]


def test_nothing_to_say_about_defaults() -> None:
    assert parse("cam", {"source": "x", "forwarder_port": None}).warnings == ()


def test_messages_stay_short() -> None:
    for value in ("x" * 100_000, ["y"] * 100_000, {"z": 1}, 10**4000, [[[]]]):
        text = "\n".join(problems({"source": "x", "protocol": value, "source_type": "simulation"}))
        assert len(text) < 300
    assert len(problems({"source": "x", "q" * 100_000: 1})[0]) < 300


MARKERS = st.lists(st.integers(0, 4000) | st.floats(0, 4000), min_size=4, max_size=4)
NAMES = st.lists(st.text("abcäö_", min_size=1, max_size=8), unique=True, max_size=3)
SIZES = st.integers(1, 5000)
VALID = st.fixed_dictionaries(
    {"source": st.text("ABC:", min_size=1)},
    optional={
        "source_type": st.sampled_from(["epics", "simulation", "bsread", None]),
        "mirror_x": st.booleans(),
        "mirror_y": st.none() | st.booleans(),
        "rotate": st.integers(-9, 9),
        "roi": st.none() | st.tuples(st.integers(-9, 99), SIZES, st.integers(-9, 99), SIZES).map(list),
        "image_background": st.none() | st.just("cam_20260101_000000_000000"),
        "camera_calibration": st.none()
        | st.fixed_dictionaries(
            {}, optional={"reference_marker": MARKERS, "angle_vertical": st.floats(-90, 90) | st.none()}
        ),
        "protocol": st.sampled_from(["tcp", "ipc"]),
        "alias": NAMES,
        "group": NAMES,
        "no_client_timeout": st.floats(-1, 1000) | st.integers(-1, 1000),
        "queue_size": SIZES,
        "frame_rate": st.floats(0, 1000),
        "forwarder_port": st.integers(0, 65535),
        "image_compression": st.sampled_from([None, "none", "lz4", "bitshuffle_lz4"]),
        "binning_x": st.integers(1, 16),
        "binning_mean": st.booleans(),
        "port": st.integers(0, 65535),
        "connections": st.integers(1, 9),
        "script": st.text(max_size=9),
    },
)


@given(VALID)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_shown_can_be_taken_back(raw: dict[str, Any]) -> None:
    found = parse("cam", raw)
    shown = found.as_json()
    assert parse("cam", json.loads(json.dumps(shown))) == found
    assert [key for key in shown if key in ORDER] == ORDER


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ORDER, "connections", "dtype", "width", "nonsense"]), JSON))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_value_does_anything_but_fit_or_be_refused(raw: dict[str, Any]) -> None:
    try:
        parse("cam", raw).as_json()
    except ConfigError as error:
        assert error.problems


def test_an_impossible_name_is_told_with_all_else() -> None:
    found = problems({"source": "x", "rotate": "y", "name": "a/b"}, "")
    assert found[0] == "name: 'a/b' has a “/” or “\\” in it; expected a name that a file can have"
    assert len(found) == 2
