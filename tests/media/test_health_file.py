import os
from pathlib import Path

import pytest

from pyca.media.healthfile import HealthFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camera-1.health"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_returns_what_was_appended(path: Path) -> None:
    file = HealthFile(path)
    assert file.read() == ""
    append(path, b"frame:1\nsee")
    assert file.read() == "frame:1\nsee"
    assert file.read() == ""
    append(path, b"n=1\n")
    assert file.read() == "n=1\n"


def test_file_that_vanishes_and_comes_again(path: Path) -> None:
    file = HealthFile(path)
    append(path, b"one\n")
    assert file.read() == "one\n"
    kept = path.rename(path.with_suffix(".old"))
    assert file.read() == ""
    append(path, b"another\n")
    assert file.read() == "another\n"
    assert kept.exists()


def test_truncated_file_is_read_from_its_beginning(path: Path) -> None:
    file = HealthFile(path)
    append(path, b"one two three\n")
    file.read()
    path.write_bytes(b"four\n")
    assert file.read() == "four\n"


def test_replaced_file_of_the_same_length(path: Path) -> None:
    file = HealthFile(path)
    append(path, b"one\n")
    file.read()
    new = path.with_suffix(".new")
    new.write_bytes(b"two\n")
    new.replace(path)
    assert file.read() == "two\n"


def test_of_very_much_the_end(path: Path) -> None:
    append(path, b"old\n" + b"x" * 3_000_000 + b"\nnew\n")
    file = HealthFile(path)
    text = file.read()
    assert len(text) == 512 * 1024
    assert text.endswith("x\nnew\n")
    append(path, b"y" * 3_000_000)
    assert len(file.read()) == 512 * 1024
    assert file.read() == ""


def test_binary_junk_is_text(path: Path) -> None:
    append(path, bytes(range(256)))
    assert len(HealthFile(path).read()) == 256


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert HealthFile(pipe).read() == ""
    assert HealthFile(tmp_path).read() == ""
