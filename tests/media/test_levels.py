"""The file with the sound levels: written whole, read with suspicion."""

import json
import os
from pathlib import Path

import pytest

from pyca.media import levels
from pyca.media.levels import NAME, Sounding

ONE = {"Kamera ü": Sounding(-23.04, None, 1000.257), "b": Sounding(-120.0, -3.0, 1001.0)}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    levels.write(tmp_path, ONE)
    assert levels.read(tmp_path) == {
        "Kamera ü": Sounding(-23.0, None, 1000.26),
        "b": Sounding(-120.0, -3.0, 1001.0),
    }
    assert os.listdir(tmp_path) == [NAME]
    levels.write(tmp_path, {})
    assert os.listdir(tmp_path) == []
    levels.write(tmp_path, {})
    assert levels.read(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[" * 60_000,
        b'"text"',
        b"[1]",
        b"{}" + b" " * 70_000,
        json.dumps({str(number): {"rms": -1, "peak": None, "at": 1} for number in range(101)}).encode(),
        b'{"a": 1, "b": {"rms": true, "at": 1}, "c": {"rms": -20}, "d": {"rms": NaN, "at": 1}}',
        b'{"a": {"rms": -20, "peak": "x", "at": 1}, "b": {"rms": -900, "at": 1}}',
        b'{"a": {"rms": -9, "at": 1e999}}',
        b'{"a": {"rms": -20, "at": 1' + b"0" * 400 + b"}}",
        b'{"' + b"n" * 300 + b'": {"rms": -20, "at": 1}}',
    ],
)
def test_garbage_is_no_level(tmp_path: Path, text: bytes) -> None:
    (tmp_path / NAME).write_bytes(text)
    assert levels.read(tmp_path) == {}


def test_one_bad_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"a": null, "b": {"rms": -20, "peak": -3.5, "at": 7}}')
    assert levels.read(tmp_path) == {"b": Sounding(-20.0, -3.5, 7.0)}


def test_a_pipe_or_folder_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert levels.read(tmp_path) == {}
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    assert levels.read(tmp_path) == {}
    with pytest.raises(OSError):
        levels.write(tmp_path, ONE)
    assert os.listdir(tmp_path) == [NAME], "no draft is left"


def test_a_link_in_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / f".{NAME}.new").symlink_to(precious)
    levels.write(tmp_path, ONE)
    assert precious.read_text() == "kept"
    assert set(levels.read(tmp_path)) == set(ONE)
