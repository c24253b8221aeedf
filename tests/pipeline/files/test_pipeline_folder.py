"""The folder of pipelines: what a first start shows, what may be saved, what is said of its files."""

import json
from pathlib import Path

import numpy as np
import pytest

from pyca.core.errors import ConfigError, ImagingError, UnknownNameError
from pyca.images.backgrounds import Backgrounds
from pyca.pipeline.files.folder import RESERVED, open_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "configuration" / "pipeline_config"


def test_a_first_start_has_something_to_show(path: Path) -> None:
    folder = open_folder(path)
    assert folder.names() == ["simulation"]
    assert folder.read("simulation").camera_name == "simulation"


def test_what_is_saved_is_complete_and_has_its_name(path: Path) -> None:
    folder = open_folder(path)
    folder.save("beam", {"camera_name": "simulation", "name": "other", "group": "one"})
    saved = json.loads((path / "beam.json").read_text("utf-8"))
    assert (saved["name"], saved["queue_size"]) == ("beam", 10)
    assert folder.groups() == {"one": ["beam"]}
    assert folder.read("beam").as_json() == saved


def test_the_texts_that_clients_know(path: Path) -> None:
    folder = open_folder(path)
    with pytest.raises(UnknownNameError, match=r"^Pipeline 'x' does not exist\.$"):
        folder.read("x")
    with pytest.raises(UnknownNameError, match=r"^Config 'x' does not exist\.$"):
        folder.delete("x")


@pytest.mark.parametrize("name", [*RESERVED, "../x", "", "servers", "permanent_instances"])
def test_words_of_the_interface_are_no_names(path: Path, name: str) -> None:
    with pytest.raises(ImagingError):
        open_folder(path).save(name, {"camera_name": "simulation"})


@pytest.mark.parametrize("key", ["image_background", "background_id"])
def test_a_background_must_be_there_when_it_is_named(path: Path, tmp_path: Path, key: str) -> None:
    folder = open_folder(path, tmp_path / "dark")
    raw = {"camera_name": "simulation", key: "night"}
    with pytest.raises(ConfigError, match=r"Requested background 'night' does not exist\."):
        folder.save("beam", raw)
    Backgrounds(tmp_path / "dark").save("night", np.zeros((2, 2), np.uint16))
    assert folder.save("beam", raw).image_background == "night"


def test_each_file_is_told_of(path: Path) -> None:
    folder = open_folder(path)
    (path / "bad.json").write_text('{"camera_nam": "x", "mode": "TO"}', "utf-8")
    (path / "info.json").write_text('{"camera_name": "x", "pid_buffer": 2}', "utf-8")
    found = {one.file.stem: one for one in folder.check()}
    assert len(found["bad"].problems) == 3
    assert found["info"].problems == ("the name 'info' is a word of the interface",)
    assert len(found["info"].warnings) == 1
    assert found["simulation"].problems == ()
