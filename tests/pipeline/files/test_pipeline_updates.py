"""Changes of a pipeline's configuration: what is named, and nothing that a running instance cannot take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import ConfigError
from pyca.pipeline.files.configuration import KEYS, Configuration, GoodRegion, merged, parse
from pyca.pipeline.files.parts import PARTS

CAMERA = {"camera_name": "simulation"}


def made(**keys: Any) -> Configuration:
    return parse("pipe", CAMERA | keys)


def refusal(configuration: Configuration, update: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        merged(configuration, update)
    return caught.value.problems


def test_only_what_is_named_changes() -> None:
    before = made(image_threshold=5, include=["image"])
    after = merged(before, {"image_threshold": 9, "paused": True})
    assert (after.image_threshold, after.paused, after.include) == (9, True, ("image",))
    assert before.image_threshold == 5
    assert after.name == "pipe"


def test_null_brings_the_default_back() -> None:
    before = made(records=5, image_threshold=7, image_slices={"scale": 3}, max_frame_rate=2)
    keys = ("records", "image_threshold", "image_slices", "max_frame_rate")
    assert merged(before, dict.fromkeys(keys)) == made()
    assert merged(before, {"camera_timeout": None}).camera_timeout == 0


def test_good_region_and_slices_change_key_by_key() -> None:
    before = made(image_good_region={"threshold": 0.5, "gfscale": 3}, image_slices={"number_of_slices": 3})
    after = merged(before, {"image_good_region": {"gfscale": 2}, "image_slices": {"scale": 1}})
    assert after.image_good_region == GoodRegion(0.5, 2)
    assert after.image_slices is not None and after.image_slices.number_of_slices == 3
    again = merged(after, {"image_good_region": {"threshold": None}, "image_slices": None})
    assert again.image_good_region == GoodRegion(0.3, 2)
    assert again.image_slices is None
    assert merged(made(), {"image_good_region": {"threshold": 0.4}}).image_good_region == GoodRegion(0.4, 1.8)


def test_everything_else_is_replaced_as_a_whole() -> None:
    before = made(rotation={"angle": 20, "order": 3})
    after = merged(before, {"rotation": {"angle": 5}})
    assert after.rotation is not None and (after.rotation.angle, after.rotation.order) == (5, 1)


def test_what_follows_from_a_key_follows_its_change() -> None:
    # Also where it was written out before, as a saved pipeline has it.
    for before in (made(), parse("pipe", made().as_json())):
        after = merged(before, {"mode": "PUSH"}, running=False)
        assert (after.mode, after.block) == ("PUSH", True)
    assert merged(made(mode="PUSH", block=False), {"records": 3}).block is False


def test_the_other_words_of_keys_are_understood() -> None:
    assert merged(made(), {"pause": True}).paused
    assert not merged(made(paused=True), {"pause": None}).paused
    after = merged(made(), {"background_id": "dark"})
    assert (after.image_background, after.image_background_enable) == ("dark", True)


def test_another_background_is_used_as_the_one_before() -> None:
    before = made(image_background="night", image_background_enable="signed")
    after = merged(before, {"background_id": "dark"})
    assert (after.image_background, after.image_background_enable) == ("dark", "signed")
    after = merged(before, {"background_id": "dark", "image_background_enable": True})
    assert after.image_background_enable is True


def test_reload_holds_for_one_change() -> None:
    again = merged(made(function="mine"), {"reload": True})
    assert again.reload
    assert not merged(again, {"image_threshold": 3}).reload


def test_the_keys_of_a_function_change_as_well() -> None:
    before = made(function="mine", gain=2, offset=1)
    assert merged(before, {"gain": 3, "offset": None}).options == {"gain": 3}


def test_the_whole_configuration_may_be_sent_back() -> None:
    before = made(mode="PUSH", port=4000, records=8)
    assert merged(before, before.as_json() | {"name": "other"}) == before


@pytest.mark.parametrize("update", [None, {}])
def test_nothing_is_no_change(update: Any) -> None:
    assert refusal(made(), update) == ["Config updates cannot be empty."]


def test_something_else_than_an_object() -> None:
    assert refusal(made(), ["paused"]) == ["Config updates are an object of keys and values, not ['paused']."]


def test_a_wrong_update_is_refused_with_all_that_is_wrong() -> None:
    assert refusal(made(), {"records": -1, "paued": True}) == [
        "records: found -1, expected a whole number from 0 to 9223372036854775807",
        "'paued': no such key; did you mean “paused”?",
    ]


def test_the_camera_stays() -> None:
    expected = ["Cannot change the camera name on a running instance. Stop the instance first."]
    assert refusal(made(), {"camera_name": "other"}) == expected
    assert merged(made(), {"camera_name": "other"}, running=False).camera_name == "other"
    assert merged(made(), {"camera_name": "simulation", "paused": True}).paused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pipeline_type", "store"), ("mode", "PUSH"), ("protocol", "ipc"), ("port", 4000),
        ("queue_size", 3), ("block", True), ("buffer_size", 5), ("data_compression", "lz4"),
        ("data_header_compression", "lz4"), ("file", "a.h5"), ("layout", "FLAT"), ("localtime", False),
        ("change", True), ("read_only", True), ("input_pipeline", "a"), ("input_stream", "tcp://h:1"),
        ("input_mode", "PULL"), ("output_pipeline", "a"), ("output_stream", "tcp://h:1"),
        ("processing_threads", 2), ("pid_buffer", 3), ("bsread_address", "tcp://h:1"),
        ("bsread_image_buf", 10), ("bsread_data_buf", 10),
    ],
)  # fmt: skip
def test_what_a_running_instance_cannot_take_is_named(key: str, value: Any) -> None:
    text = f"Cannot change {key} on a running instance. Stop the instance first."
    assert refusal(made(), {key: value}) == [text]
    assert merged(made(), {key: value}, running=False) != made()
    assert not KEYS[key].live


def test_several_of_them_are_all_named() -> None:
    assert refusal(made(), {"camera_name": "b", "port": 4000, "records": 3}) == [
        "Cannot change the camera name on a running instance. Stop the instance first.",
        "Cannot change port on a running instance. Stop the instance first.",
    ]


def test_the_size_of_a_file_is_settled_at_the_start() -> None:
    before = made(mode="FILE", file="a.h5", records=5)
    text = "Cannot change records on a running instance. Stop the instance first."
    assert refusal(before, {"records": 6}) == [text]
    assert merged(made(records=5), {"records": 6}).records == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ANY = st.sampled_from([*KEYS, *PARTS, "name", "pause", "background_id", "nonsense"])


@given(st.dictionaries(ANY, JSON, max_size=5), st.booleans())
def test_no_update_does_anything_but_fit_or_be_refused(update: dict[str, Any], running: bool) -> None:
    before = made(image_good_region={"threshold": 0.5}, image_slices={}, function="mine")
    try:
        after = merged(before, update, running=running)
    except ConfigError as error:
        assert error.problems
        return
    assert parse("pipe", after.as_json()).renamed("") == after.renamed("")
    assert not running or after.camera_name == before.camera_name
