"""The store of libraries."""

from pathlib import Path

import pytest

from pyca.core.errors import ImagingError, MachineError
from pyca.folders import libraries
from pyca.folders.libraries import Libraries


def test_libraries_are_kept_as_they_are(tmp_path: Path) -> None:
    kept = Libraries(tmp_path, "pipeline")
    assert kept.names() == []
    assert kept.save_bytes("one.zip", b"PK\x00") == "one.zip"
    kept.save_bytes("two.so", b"\x7fELF")
    (tmp_path / "lib" / "other.txt").write_text("no library")
    assert kept.names() == ["one.zip", "two.so"]
    assert kept.read_bytes("one.zip") == b"PK\x00"
    kept.delete("one.zip")
    assert kept.names() == ["two.so"]
    with pytest.raises(ImagingError, match=r"Requested library 'one\.zip' does not exist\."):
        kept.delete("one.zip")
    with pytest.raises(ImagingError, match=r"Requested library 'one\.zip' does not exist\."):
        kept.read_bytes("one.zip")


@pytest.mark.parametrize("name", ["", "../one.zip", "one", "one.exe", "a/b.zip", ".zip\n"])
def test_impossible_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImagingError):
        Libraries(tmp_path, "pipeline").save_bytes(name, b"")
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_there_are_none() -> None:
    kept = Libraries(None, "pipeline")
    for ask in (kept.names, lambda: kept.read_bytes("a.zip"), lambda: kept.save_bytes("a.zip", b"")):
        with pytest.raises(ImagingError, match="No libraries are kept here") as caught:
            ask()
        assert "[pipeline] scripts" in caught.value.remedy


def test_what_is_too_large_or_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LARGEST", 3)
    with pytest.raises(ImagingError, match="too large"):
        Libraries(tmp_path, "pipeline").save_bytes("a.zip", b"1234")
    (tmp_path / "lib").write_text("a file")
    kept = Libraries(tmp_path, "pipeline")
    with pytest.raises(MachineError, match="cannot be written"):
        kept.save_bytes("a.zip", b"1")
    with pytest.raises(MachineError, match="cannot be read"):
        kept.names()
