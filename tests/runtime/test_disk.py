"""What a disk has left, also for a folder that is still to be made."""

import os
import shutil
from pathlib import Path

import pytest

from pyca.runtime.disk import existing, free_bytes


def test_a_folder_that_is_still_to_be_made(tmp_path: Path) -> None:
    assert existing(tmp_path / "not" / "made") == tmp_path
    there = free_bytes(tmp_path)
    assert there
    found = free_bytes(tmp_path / "not" / "made")
    assert found == pytest.approx(there, rel=0.1)


def test_a_relative_folder_is_looked_for_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert existing(Path("not/made")) == tmp_path


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert existing(tmp_path / "file" / "sub") == tmp_path


def test_a_disk_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(os.strerror(5))

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert free_bytes(tmp_path) is None
