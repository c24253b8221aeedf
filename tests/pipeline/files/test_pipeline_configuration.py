"""A pipeline's configuration: defaults, every mistake at once, nothing silently without effect."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyca.core.errors import ConfigError
from pyca.pipeline.files.configuration import KEYS, GoodRegion, Slices, parse
from pyca.pipeline.files.keys import TYPES
from pyca.pipeline.files.parts import PARTS

CAMERA = {"camera_name": "simulation"}
DEFAULTS: dict[str, Any] = {
    "name": "pipe", "pipeline_type": "processing", "camera_name": "simulation", "group": [],
    "function": None, "reload": False, "include": None, "exclude": None,
    "mode": "PUB", "protocol": "tcp", "port": None, "queue_size": 10, "block": False,
    "no_client_timeout": 10, "buffer_size": None, "create_header": "on_change",
    "data_compression": None, "data_header_compression": None,
    "file": None, "layout": "DEFAULT", "localtime": True, "change": False,
    "camera_timeout": 10, "stream_timeout": 10, "abort_on_timeout": False, "abort_on_error": True,
    "read_only": False, "pid_range": None, "records": None, "paused": False,
    "input_pipeline": None, "input_stream": None, "input_mode": "SUB",
    "output_pipeline": None, "output_stream": None,
    "downsampling": None, "max_frame_rate": None, "processing_threads": None,
    "enforce_pid": False, "enforce_timestamp": False, "pid_buffer": 0,
    "bsread_address": None, "bsread_channels": None, "bsread_mode": None,
    "bsread_image_buf": 1000, "bsread_data_buf": 1000,
    "averaging": None, "binning_x": 1, "binning_y": 1, "binning_mean": False,
    "image_background": None, "image_background_enable": False, "mirror_x": False, "mirror_y": False,
    "image_region_of_interest": None, "image_threshold": None,
    "image_averaging": None, "image_scale": None, "image_offset": None, "fw_threshold": None,
    "copy": False, "rotation": None, "image_good_region": None, "image_slices": None,
}  # fmt: skip
EXAMPLE = {
    "camera_name": "simulation",
    "image_background": None,
    "image_background_enable": False,
    "image_threshold": 0.5,
    "image_region_of_interest": [0, 100, 0, 100],
    "image_good_region": {"threshold": 0.9, "gfscale": 3},
    "image_slices": {"number_of_slices": 1, "scale": 1.0, "orientation": "vertical"},
}


def problems(raw: object, name: str = "pipe") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(name, raw)
    return caught.value.problems


def test_a_camera_is_enough() -> None:
    found = parse("pipe", CAMERA)
    shown = found.as_json()
    assert shown == DEFAULTS and list(shown) == list(DEFAULTS)
    assert found.warnings == () and found.alias == ()
    assert set(DEFAULTS) == {"name", *KEYS, *PARTS}


def test_the_example_of_the_readme_comes_back_as_it_went_in() -> None:
    found = parse("pipe", EXAMPLE)
    shown = found.as_json()
    assert {key: shown[key] for key in EXAMPLE} == EXAMPLE
    assert found.image_good_region == GoodRegion(0.9, 3.0)
    assert found.image_slices == Slices(1, 1.0, "vertical")
    assert found.image_region_of_interest == (0, 100, 0, 100)
    # As the protocol has it, a threshold of less than 1 does nothing.
    assert found.warnings == ("image_threshold: has no effect at 0.5: it is cut to a whole number",)


def test_null_is_the_default_everywhere_but_for_the_camera_that_is_waited_for() -> None:
    raw = dict.fromkeys(DEFAULTS) | CAMERA
    assert parse("pipe", raw).as_json() == DEFAULTS | {"camera_timeout": 0}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, {"mode": "PUB", "block": False}),
        ({"mode": "PUSH"}, {"mode": "PUSH", "block": True}),
        ({"mode": "push", "block": False}, {"mode": "PUSH", "block": False}),
        ({"pipeline_type": "fanout"}, {"mode": "PUSH", "block": True}),
        ({"pipeline_type": "store"}, {"mode": "PUSH", "block": True}),
        ({"pipeline_type": "fanout", "mode": "PUB"}, {"mode": "PUB", "block": False}),
        ({"pipeline_type": "fanin"}, {"mode": "PUB", "input_mode": "PULL"}),
        ({"pipeline_type": "fanin", "input_mode": "SUB"}, {"input_mode": "SUB"}),
        ({"mode": "FILE", "file": "a.h5"}, {"block": False, "data_compression": "bitshuffle_lz4"}),
        ({"mode": "FILE", "file": "a.h5", "data_compression": "none"}, {"data_compression": "none"}),
        ({"data_compression": "none"}, {"data_compression": None}),
        ({"bsread_address": "tcp://h:1"}, {"bsread_mode": "PULL"}),
        ({"bsread_address": "tcp://h:1", "bsread_mode": "sub"}, {"bsread_mode": "SUB"}),
        ({"bsread_channels": ["a"]}, {"bsread_mode": "SUB"}),
        ({"bsread_channels": ["a"], "bsread_address": "tcp://h:1"}, {"bsread_mode": "PULL"}),
        ({"pause": True}, {"paused": True}),
        ({"pause": True, "paused": False}, {"paused": False}),
        ({"background_id": "dark"}, {"image_background": "dark", "image_background_enable": True}),
        ({"background_id": "dark", "image_background_enable": "signed"},
         {"image_background": "dark", "image_background_enable": "signed"}),
        ({"background_id": "dark", "image_background": "night"},
         {"image_background": "night", "image_background_enable": False}),
        ({"image_region_of_interest": []}, {"image_region_of_interest": None}),
        ({"include": "x_axis", "exclude": []}, {"include": ["x_axis"], "exclude": None}),
        ({"records": 0, "downsampling": 0, "port": 0, "max_frame_rate": 0, "buffer_size": 0},
         {"records": None, "downsampling": None, "port": None, "max_frame_rate": None, "buffer_size": None}),
        ({"queue_size": 20.0, "records": 5.0}, {"queue_size": 20, "records": 5}),
        ({"rotation": {"angle": 90, "mode": "ortho"}},
         {"rotation": {"angle": 90, "order": 1, "mode": "ortho"}}),
        ({"rotation": {"mode": 3}}, {"rotation": {"angle": 0, "order": 1, "mode": "3"}}),
        ({"image_good_region": {"threshold": None}},
         {"image_good_region": {"threshold": 0.3, "gfscale": 1.8}}),
        ({"image_slices": {"number_of_slices": 4.0}},
         {"image_slices": {"number_of_slices": 4, "scale": 2.0, "orientation": "vertical"}}),
    ],
)  # fmt: skip
def test_what_follows_from_what(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    found = parse("pipe", CAMERA | raw)
    shown = found.as_json()
    assert {key: shown[key] for key in expected} == expected
    assert parse("pipe", shown) == found


def test_all_mistakes_at_once() -> None:
    raw = {
        "pipeline_type": "procesing",
        "mode": "PULL",
        "records": -1,
        "image_treshold": 3,
        "image_good_region": {"treshold": 2, "gfscale": 0},
        "image_slices": {"number_of_slices": "many", "orientation": "up"},
    }
    assert problems(raw) == [
        f"pipeline_type 'procesing' not present in mapping. Available: {list(TYPES)}.",
        "mode: found 'PULL', expected one of PUB, PUSH, FILE",
        "records: found -1, expected a whole number from 0 to 9223372036854775807",
        "'image_good_region.treshold': no such key; did you mean “threshold”?",
        "image_good_region.gfscale: found 0, expected a number above 0, of at most 1000",
        "number_of_slices must be an integer.",
        "Invalid slice orientation 'up'. Slices orientation can be 'vertical' or 'horizontal'.",
        "'image_treshold': no such key; did you mean “image_threshold”?",
    ]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"pipeline_type": "mill"}, "pipeline_type 'mill' not present in mapping. Available: ["),
        ({"pipeline_type": ["mill"]}, "pipeline_type '['mill']' not present in mapping. Available: ["),
        ({}, "Camera name not specified in configuration."),
        ({"camera_name": ""}, "Camera name not specified in configuration."),
        ({"pipeline_type": "store"}, "Camera name not specified in configuration."),
        ({"pipeline_type": "fanout"}, "Camera name not specified in configuration."),
        ({"pipeline_type": "stream"}, "bsread_address: not specified"),
        ({"pipeline_type": "script"}, "function: not specified; a pipeline of type script"),
        ({"pipeline_type": "custom"}, "function: not specified; a pipeline of type custom"),
        (CAMERA | {"mode": "FILE"}, "File name not defined"),
        (CAMERA | {"mode": "FILE", "file": "a", "data_compression": "lz4"}, "data_compression: found 'lz4'"),
        (CAMERA | {"mode": "FILE", "file": "a", "output_stream": "tcp://h:1"}, "output_stream: a pipeline"),
        (CAMERA | {"input_stream": "tcp://*:5"}, "input_stream: found 'tcp://*:5', expected the address of"),
        (CAMERA | {"function": "fast.c"}, "function: found 'fast.c', expected a script of Python; functions"),
        (CAMERA | {"input_stream2": "tcp://h:1"}, "input_stream2: two streams of images cannot be merged"),
        (CAMERA | {"input_pipeline": "pipe"}, "input_pipeline: is this pipeline itself"),
        (CAMERA | {"output_pipeline": "pipe"}, "output_pipeline: is this pipeline itself"),
        (CAMERA | {"rotation": {"angle": 45, "mode": "ortho"}}, "rotation.angle: found 45.0, expected a mul"),
        (CAMERA | {"image_slices": {"number_of_slices": 0}}, "image_slices.number_of_slices: found 0"),
        (CAMERA | {"image_slices": {"number_of_slices": True}}, "number_of_slices must be an integer."),
        (CAMERA | {"cutoff": 3}, "'cutoff': no such key"),
    ],
)  # fmt: skip
def test_what_is_missing_or_does_not_go_together(raw: dict[str, Any], problem: str) -> None:
    found = problems(raw)
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    "raw",
    [
        {"input_stream": "tcp://host:5000"},
        {"input_pipeline": "other"},
        {"pipeline_type": "stream", "bsread_address": "tcp://host:5000"},
        {"pipeline_type": "stream", "camera_name": "one"},
        {"pipeline_type": "fanin"},
        {"pipeline_type": "fanin", "input_stream": "tcp://*:5000"},
        {"pipeline_type": "custom", "function": "made"},
        {"pipeline_type": "script", "function": "made.py"},
    ],
)
def test_there_are_other_sources_than_cameras(raw: dict[str, Any]) -> None:
    assert parse("pipe", raw).camera_name in (None, "one")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("camera_name", "../a"), ("camera_name", 3), ("group", [1]), ("function", "a/b"),
        ("function", ["f"]), ("reload", 1), ("include", [1]), ("include", {"a": 1}), ("exclude", [""]),
        ("mode", 1), ("protocol", "udp"), ("port", 65536), ("queue_size", 0), ("queue_size", "10"),
        ("queue_size", True), ("block", "yes"), ("no_client_timeout", "10"),
        ("no_client_timeout", float("nan")), ("buffer_size", -1), ("create_header", "never"),
        ("create_header", True), ("data_compression", "zip"), ("data_header_compression", ["lz4"]),
        ("file", "/etc/passwd"), ("file", "../a.h5"), ("file", "a/../../b.h5"), ("file", ""), ("file", 3),
        ("layout", "TREE"), ("localtime", 0), ("change", "no"), ("camera_timeout", [1]),
        ("stream_timeout", float("inf")), ("abort_on_timeout", "x"), ("abort_on_error", 1),
        ("read_only", 0), ("pid_range", [1]), ("pid_range", [10, 5]), ("pid_range", [-1, 5]),
        ("pid_range", 7), ("pid_range", ["1", "2"]), ("records", 2.5), ("records", 10**30), ("paused", "x"),
        ("input_pipeline", 1), ("input_stream", "host:5000"), ("input_stream", "tcp://host"),
        ("input_stream", "tcp://host:99999"), ("input_stream", "http://host:1"), ("input_mode", "PUB"),
        ("output_pipeline", "a/b"), ("output_stream", "tcp://a b:1"), ("downsampling", -1),
        ("downsampling", 1.5), ("max_frame_rate", -1), ("max_frame_rate", "fast"),
        ("processing_threads", 65), ("processing_threads", -1), ("enforce_pid", 1),
        ("enforce_timestamp", "x"), ("pid_buffer", -1), ("bsread_address", 5), ("bsread_mode", "PUB"),
        ("bsread_image_buf", 0), ("bsread_data_buf", "x"), ("averaging", 1.5), ("averaging", 10**9),
        ("binning_x", 0), ("binning_y", 1.5), ("binning_mean", 1), ("image_background", "../a"),
        ("image_background_enable", "active"), ("image_background_enable", 1), ("mirror_x", 1),
        ("mirror_y", "x"), ("image_region_of_interest", [0, 10]), ("image_region_of_interest", [0, 0, 0, 5]),
        ("image_region_of_interest", "all"), ("image_threshold", "5"), ("image_threshold", float("nan")),
        ("image_averaging", "x"), ("image_scale", "x"), ("image_offset", [1]), ("fw_threshold", 1),
        ("fw_threshold", 0), ("copy", 1), ("rotation", 90), ("rotation", {"order": 6}),
        ("rotation", {"order": 0}), ("rotation", {"mode": "fold"}), ("rotation", {"mode": [1]}),
        ("rotation", {"angle": "x"}), ("rotation", {"mode": "nan"}), ("image_good_region", [1]),
        ("image_good_region", {"threshold": 2}), ("image_good_region", {"gfscale": "x"}),
        ("image_slices", 3), ("image_slices", {"scale": 0}),
        ("image_slices", {"number_of_slices": 100_000}),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(key: str, value: Any) -> None:
    found = problems(CAMERA | {key: value})
    assert len(found) == 1
    assert found[0].startswith(key)
    assert "found" in found[0] and "expected" in found[0]


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        ({"allow_type_changes": False}, "allow_type_changes: has no effect; "),
        ({"image_compression": "lz4"}, "image_compression: has no effect; data_compression"),
        ({"image_background_enable": True}, "image_background_enable: has no effect without image_backgr"),
        ({"file": "a.h5"}, "file: has no effect without the mode FILE"),
        ({"image_slices": {}}, "image_slices: has no effect without image_good_region"),
        ({"pid_buffer": 3}, "pid_buffer: has no effect in a pipeline of type processing"),
        ({"pipeline_type": "store", "image_threshold": 9}, "image_threshold: has no effect in a pipeline of"),
        ({"pipeline_type": "store", "rotation": {}}, "rotation: has no effect in a pipeline of type store"),
        ({"function": "f", "image_treshold": 9}, "image_treshold: is left to the function; did you mean “im"),
        ({"bsread_image_buf": 6000, "bsread_address": "tcp://h:1"}, "bsread_image_buf: 6000 is more than 5"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_said(raw: dict[str, Any], warning: str) -> None:
    found = parse("pipe", CAMERA | raw)
    assert [one.startswith(warning) for one in found.warnings] == [True], found.warnings
    assert json.loads(json.dumps(found.as_json())) == found.as_json()


def test_a_file_with_arrays_of_changing_size_is_warned_of() -> None:
    region = CAMERA | {"mode": "FILE", "file": "a.h5", "image_good_region": {}}
    (told,) = parse("pipe", region).warnings
    assert told.startswith("image_good_region: gr_x_axis, gr_x_profile, gr_x_fit_gauss_function, gr_y_axis, ")
    (told,) = parse("pipe", region | {"exclude": ["gr_x_axis", "gr_x_profile"]}).warnings
    assert told.startswith("image_good_region: gr_x_fit_gauss_function, gr_y_axis, ")
    for more in ({"change": True}, {"include": ["image", "gr_intensity"]}, {"function": "transparent"}):
        assert parse("pipe", region | more).warnings == ()


def test_buffers_end_where_the_protocol_ends_them() -> None:
    raw = CAMERA | {"bsread_address": "tcp://h:1", "bsread_image_buf": 9999, "bsread_data_buf": 99999}
    found = parse("pipe", raw)
    assert (found.bsread_image_buf, found.bsread_data_buf) == (5000, 10000)


def test_a_function_may_have_keys_of_its_own() -> None:
    found = parse("pipe", CAMERA | {"function": "psen", "roi_signal": [1, 2], "gain": "x", "gone": None})
    assert found.options == {"roi_signal": [1, 2], "gain": "x"}
    assert list(found.as_json())[-2:] == ["roi_signal", "gain"]
    assert found.warnings == ()
    assert problems(CAMERA | {"function": "transparent", "gain": "x"}) == ["'gain': no such key"]


def test_the_name_is_that_of_the_pipeline_or_instance() -> None:
    assert parse("pipe", CAMERA | {"name": "other"}).name == "pipe"
    assert parse("", CAMERA | {"name": "other"}).name == "other"
    assert problems(CAMERA, "")[0].startswith("the name is empty")
    assert parse("pipe", CAMERA).renamed("other") == parse("other", CAMERA)


def test_equal_is_what_does_the_same() -> None:
    written = CAMERA | {"block": False, "records": None, "mode": "pub", "allow_type_changes": True}
    assert parse("pipe", written) == parse("pipe", CAMERA)
    assert parse("pipe", CAMERA | {"records": 1}) != parse("pipe", CAMERA)


@pytest.mark.parametrize("raw", [[], None, "text", 3, True])
def test_something_else_than_an_object(raw: object) -> None:
    assert "is an object of keys and values, not" in problems(raw)[0]


def test_messages_stay_short() -> None:
    for value in ("x" * 100_000, ["y"] * 100_000, {"z": 1}, 10**4000, [[[]]]):
        keys = ("pipeline_type", "mode", "input_stream", "rotation", "image_slices")
        for text in problems(CAMERA | dict.fromkeys(keys, value)):
            assert len(text) < 300
    assert len(problems(CAMERA | {"q" * 100_000: 1})[0]) < 300
    orientation = {"image_slices": {"orientation": "x" * 100_000, "number_of_slices": 10**4000}}
    assert all(len(text) < 300 for text in problems(CAMERA | orientation))


REGIONS = st.tuples(st.integers(-9, 99), st.integers(1, 99), st.integers(-9, 99), st.integers(1, 99))
VALID = st.fixed_dictionaries(
    {"camera_name": st.text("abc", min_size=1)},
    optional={
        "pipeline_type": st.sampled_from(["processing", "store", "fanin", "fanout", "stream"]),
        "mode": st.sampled_from(["PUB", "push", "FILE", None]),
        "file": st.just("some/file.h5"),
        "block": st.booleans() | st.none(),
        "data_compression": st.sampled_from([None, "none", "bitshuffle_lz4"]),
        "input_mode": st.sampled_from(["SUB", "PULL"]),
        "pid_range": st.none() | st.just([5, 9]) | st.just([0, 0]),
        "max_frame_rate": st.floats(0, 1000),
        "camera_timeout": st.none() | st.integers(-5, 50),
        "image_region_of_interest": st.none() | REGIONS.map(list),
        "image_good_region": st.none()
        | st.fixed_dictionaries({}, optional={"threshold": st.floats(0, 1), "gfscale": st.integers(1, 9)}),
        "image_slices": st.none() | st.fixed_dictionaries({}, optional={"scale": st.floats(0.5, 9)}),
        "rotation": st.none()
        | st.fixed_dictionaries({}, optional={"angle": st.floats(-360, 360), "mode": st.just(0)}),
        "bsread_address": st.none() | st.just("tcp://h:1"),
        "function": st.none() | st.sampled_from(["transparent", "mine"]),
    },
)  # fmt: skip


@given(VALID)
def test_what_is_shown_can_be_taken_back(raw: dict[str, Any]) -> None:
    try:
        found = parse("pipe", raw)
    except ConfigError as error:
        assert error.problems == ["File name not defined"]
        return
    shown = found.as_json()
    assert parse("pipe", json.loads(json.dumps(shown))) == found
    assert list(shown) == list(DEFAULTS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*DEFAULTS, "pause", "background_id", "nonsense"]), JSON, max_size=8))
@settings(max_examples=200)
def test_no_value_does_anything_but_fit_or_be_refused(raw: dict[str, Any]) -> None:
    try:
        parse("pipe", raw).as_json()
    except ConfigError as error:
        assert error.problems
