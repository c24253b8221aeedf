import errno
import logging
import os
import threading
from pathlib import Path

import pytest

from pyca.media import durable
from pyca.media.durable import Syncer, replace_durably, sync_file, sync_folder, write_durably


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all files that were brought to the disk, in order."""
    names: list[str] = []
    real_data, real_all = os.fdatasync, os.fsync

    def name(descriptor: int) -> str:
        return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name

    def fdatasync(descriptor: int) -> None:
        names.append(name(descriptor))
        real_data(descriptor)

    def fsync(descriptor: int) -> None:
        names.append(f"{name(descriptor)}/")
        real_all(descriptor)

    monkeypatch.setattr(durable.os, "fdatasync", fdatasync)
    monkeypatch.setattr(durable.os, "fsync", fsync)
    return names


def test_file_and_folder(tmp_path: Path, synced: list[str]) -> None:
    file = tmp_path / "a.mkv"
    file.write_bytes(b"x")
    sync_file(file)
    sync_folder(tmp_path)
    assert synced == ["a.mkv", f"{tmp_path.name}/"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EIO])
def test_a_folder_on_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(durable.os, "fsync", fsync)
    if code == errno.EINVAL:
        sync_folder(tmp_path)
    else:
        with pytest.raises(OSError, match=os.strerror(code)):
            sync_folder(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_file(tmp_path / "missing")


def test_replace(tmp_path: Path, synced: list[str]) -> None:
    temporary, target = tmp_path / "new", tmp_path / "old"
    temporary.write_text("new")
    target.write_text("old")
    replace_durably(temporary, target)
    assert target.read_text() == "new"
    assert not temporary.exists()
    assert synced == ["new", f"{tmp_path.name}/"]


def test_only_changed_files_are_synced_again(tmp_path: Path, synced: list[str]) -> None:
    growing, still = tmp_path / "growing", tmp_path / "still"
    growing.write_bytes(b"1")
    still.write_bytes(b"1")
    syncer = Syncer()
    syncer.add(growing)
    syncer.add(still)
    assert syncer.round() == 2
    synced.clear()
    with growing.open("ab") as file:
        file.write(b"2")
    assert syncer.round() == 1
    assert synced == ["growing"]
    assert syncer.round() == 0


def test_folder_stands_for_its_files(tmp_path: Path, synced: list[str]) -> None:
    syncer = Syncer()
    syncer.add(tmp_path)
    assert syncer.round() == 0
    (tmp_path / "part-1.ts").write_bytes(b"1")
    assert syncer.round() == 1
    (tmp_path / "part-2.ts").write_bytes(b"1")
    assert syncer.round() == 1
    assert [name for name in synced if name.endswith("ts")] == ["part-1.ts", "part-2.ts"]


def test_missing_and_removed_paths_are_no_mistake(tmp_path: Path) -> None:
    syncer = Syncer()
    file = tmp_path / "later.mkv"
    syncer.add(file)
    assert syncer.round() == 0
    file.write_bytes(b"1")
    assert syncer.round() == 1
    file.unlink()
    assert syncer.round() == 0
    syncer.remove(file)
    syncer.remove(file)


def test_removed_path_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    syncer = Syncer()
    syncer.add(file)
    syncer.remove(file)
    assert syncer.round() == 0


def test_failing_disk_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(durable.os, "fdatasync", fail)
    file = tmp_path / "a.mkv"
    file.write_bytes(b"1")
    syncer = Syncer()
    syncer.add(file)
    with caplog.at_level(logging.WARNING):
        assert [syncer.round(), syncer.round()] == [0, 0]
    assert len(caplog.records) == 1
    assert "a.mkv" in caplog.text


def test_thread_works_until_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(durable, "sync_file", lambda path: done.set())
    (tmp_path / "a.mkv").write_bytes(b"1")
    syncer = Syncer(interval=0.01)
    syncer.add(tmp_path / "a.mkv")
    syncer.start()
    assert done.wait(10)
    syncer.close()
    assert not syncer._thread.is_alive()


def test_close_does_a_last_round(tmp_path: Path, synced: list[str]) -> None:
    (tmp_path / "a.mkv").write_bytes(b"1")
    syncer = Syncer(interval=3600)
    syncer.add(tmp_path / "a.mkv")
    syncer.start()
    syncer.close()
    assert "a.mkv" in synced


def test_close_without_start() -> None:
    Syncer().close()


def test_a_small_file_is_replaced_whole(tmp_path: Path, synced: list[str]) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")
    write_durably(file, b"new")
    assert file.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    # The data first, under another name, and then the name.
    assert synced[0].startswith(".a.json.")
    assert synced[1] == f"{tmp_path.name}/"


def test_what_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")

    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(durable, "sync_file", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_durably(file, b"new")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
