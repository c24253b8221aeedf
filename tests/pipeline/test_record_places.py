"""Where files may be written, and that none is ever written over."""

from pathlib import Path

import pytest

from pyca.core.errors import ImagingError, MachineError
from pyca.pipeline.files.configuration import Configuration, parse
from pyca.pipeline.instance.file_outlet import file_outlet
from pyca.pipeline.record.places import names, placed
from pyca.pipeline.record.writer import ExistingError, Writer
from tests.pipeline.record_tools import contents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "files"
    found.mkdir()
    return found


def configuration(**keys: object) -> Configuration:
    return parse("p", {"camera_name": "simulation", "mode": "FILE", "file": "run.h5"} | keys)


@pytest.mark.parametrize("name", ["run.h5", "2026/11/run.h5", "./run.h5", "läuft 1.h5"])
def test_a_file_is_below_the_folder(folder: Path, name: str) -> None:
    assert placed(folder, name) == folder / name
    assert (folder / name).parent.is_dir()


def test_an_absolute_name_may_lead_into_the_folder(folder: Path) -> None:
    assert placed(folder, str(folder / "a" / "run.h5")) == folder / "a" / "run.h5"


def test_the_folder_is_made_with_the_first_file(tmp_path: Path) -> None:
    assert placed(tmp_path / "new", "run.h5") == tmp_path / "new" / "run.h5"
    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "File name not defined"),
        ("  ", "File name not defined"),
        ("a/", "File name not defined"),
        ("../run.h5", "has “..” in it"),
        ("a/../../run.h5", "has “..” in it"),
        ("/tmp/run.h5", "is not below"),
        ("/", "File name not defined"),
        (".", "is not below"),
        ("a\nb", "has a control character"),
        ("a\0b", "has a control character"),
        ("out/run.h5", "is not below"),
        ("inner", "is a folder"),
    ],
)
def test_other_places_are_refused(tmp_path: Path, folder: Path, name: str, said: str) -> None:
    (folder / "out").symlink_to(tmp_path)
    (folder / "inner").mkdir()
    with pytest.raises(ImagingError, match=said):
        placed(folder, name)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["files"]


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    (folder / "a").write_text("a file", "utf-8")
    with pytest.raises(MachineError, match=r"cannot be made: (Not a directory|File exists)"):
        placed(folder, "a/run.h5")


@pytest.mark.parametrize("name", ["a" * 300, "é" * 101, "b/" + "a" * 300 + "/run.h5", "d/" * 2000 + "run.h5"])
def test_names_that_no_file_can_have_are_refused_and_nothing_is_made(folder: Path, name: str) -> None:
    with pytest.raises(ImagingError, match="is too long"):
        placed(folder, name)
    assert not list(folder.iterdir())


def test_a_writer_writes_over_nothing(folder: Path) -> None:
    path = folder / "run.h5"
    path.write_text("precious", "utf-8")
    with pytest.raises(ExistingError, match="is there already"):
        Writer(path)
    assert path.read_text("utf-8") == "precious"


def test_a_file_that_is_there_is_kept_and_the_next_has_a_number(folder: Path) -> None:
    (folder / "run.h5").write_text("precious", "utf-8")
    (folder / "run-2.h5").write_text("precious too", "utf-8")
    outlet = file_outlet(configuration(), folder)
    assert outlet.open() == str(folder / "run-3.h5")
    outlet.close()
    assert (folder / "run.h5").read_text("utf-8") == "precious"
    assert (folder / "run-2.h5").read_text("utf-8") == "precious too"
    assert "general/pid" in contents(folder / "run-3.h5")


def test_names_are_numbered_and_end(folder: Path) -> None:
    every = list(names(folder / "run"))
    assert [one.name for one in every[:3]] == ["run", "run-2", "run-3"]
    assert len(every) == 9998
