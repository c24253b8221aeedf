"""The store of scripts, which runs none of them."""

import os
from pathlib import Path

import pytest

from pyca.core.errors import ImagingError
from pyca.folders.scripts import Scripts


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "deep" / "scripts", "camera")


def test_saved_read_listed_deleted(scripts: Scripts) -> None:
    assert scripts.names() == []
    assert scripts.save("b.py", "print('ü')\n") == "b.py"
    assert scripts.save("a", "") == "a.py"
    assert scripts.names() == ["a.py", "b.py"]
    assert scripts.read("b") == scripts.read("b.py") == "print('ü')\n"
    scripts.save("b", "new")
    assert scripts.read("b.py") == "new"
    scripts.delete("b")
    assert scripts.names() == ["a.py"]


def test_unknown_ones(scripts: Scripts) -> None:
    for refused in (scripts.read, scripts.delete):
        with pytest.raises(ImagingError) as caught:
            refused("nope")
        assert caught.value.message == "Requested script 'nope' does not exist."


@pytest.mark.parametrize(
    "name", ["../a.py", "a/b.py", ".py", ".a.py", "", "a\n.py", "a.so", "a.py.c", "a" * 201]
)
def test_impossible_names(scripts: Scripts, tmp_path: Path, name: str) -> None:
    for refused in (
        lambda: scripts.save(name, "x"),
        lambda: scripts.read(name),
        lambda: scripts.delete(name),
    ):
        with pytest.raises(ImagingError, match=r"[sS]cript"):
            refused()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_where_nobody_wants_it() -> None:
    scripts = Scripts(None, "camera")
    for refused in (
        scripts.names,
        lambda: scripts.read("a"),
        lambda: scripts.save("a", "x"),
        lambda: scripts.delete("a"),
    ):
        with pytest.raises(ImagingError, match=r"No scripts are kept here.*\[camera\] scripts"):
            refused()


def test_limits(scripts: Scripts) -> None:
    with pytest.raises(ImagingError, match="too large, 1000000 are allowed"):
        scripts.save("a", "ü" * 500_001)
    with pytest.raises(ImagingError, match="is no text"):
        scripts.save("a", "\ud800")
    assert scripts.names() == []


def test_files_that_are_none(scripts: Scripts, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "scripts"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / "bytes.py").write_bytes(b"\xff")
    for name in ("pipe", "folder", "bytes"):
        with pytest.raises(ImagingError, match=name):
            scripts.read(name)
    with pytest.raises(ImagingError, match="cannot be written"):
        scripts.save("folder", "x")
    with pytest.raises(ImagingError, match="cannot be deleted"):
        scripts.delete("folder")


def test_a_full_disk_loses_nothing(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts.save("a", "old")

    def write_bytes(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(ImagingError, match="No space left"):
        scripts.save("a", "new")
    assert scripts.read("a") == "old"
    assert scripts.names() == ["a.py"]
