"""The small log that services keep by themselves."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.config.settings import Logging
from pyca.runtime import keptlog, logs
from pyca.runtime.keptlog import KeptLog, before, folder_beside, kept_files


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_beside(tmp_path / "hall.db")


def record(message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("pyca.x", level, __file__, 1, message, None, None, "f")


def test_the_folder_is_that_of_one_database(tmp_path: Path) -> None:
    assert folder_beside(tmp_path / "hall.db") == tmp_path / "hall-log"
    assert kept_files(tmp_path / "hall-log") == []


def test_information_and_worse_is_kept_without_secrets(folder: Path) -> None:
    logs.setup(Logging(stderr=False, level="debug"), service="capture", secrets=["s3cr3t"], keep=folder)
    logging.getLogger("x").debug("too much")
    logging.getLogger("x").info("with s3cr3t: Hörsaal")
    [file] = kept_files(folder)
    assert file.name == "capture.log"
    assert "[INFO] with ********: Hörsaal" in file.read_text("utf-8")
    assert "too much" not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o007 == 0


def test_nothing_is_kept_where_there_is_a_file(folder: Path, tmp_path: Path) -> None:
    logs.setup(Logging(stderr=False, file=tmp_path / "own.log"), service="capture", keep=folder)
    logging.getLogger("x").info("once")
    assert not folder.exists()


def test_nothing_is_kept_where_messages_go_to_the_journal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "stderr_is_journal", lambda: True)
    logs.setup(Logging(stderr=False), service="capture", keep=folder)
    logging.getLogger("x").info("once")
    assert not folder.exists()


def test_it_stays_small(folder: Path) -> None:
    kept = KeptLog(folder, "capture")
    for number in range(2000):
        kept.emit(record(f"{number} " + "x" * 200))
    kept.close()
    sizes = [file.stat().st_size for file in folder.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) <= 2 * keptlog.LARGEST
    assert "1999 xxx" in (folder / "capture.log").read_text("utf-8")
    assert before(folder / "capture.log").exists()


def test_what_keeps_it_from_being_written_is_no_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write_text("a file where the folder should be")
    kept = KeptLog(folder, "capture")
    kept.emit(record("lost"))
    folder.unlink()
    kept.emit(record("found again"))
    kept.close()
    assert "found again" in (folder / "capture.log").read_text("utf-8")
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_no_error_and_is_written_to_again_later(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = KeptLog(folder, "capture")
    kept.emit(record("before"))
    assert kept.stream is not None
    kept.stream.close()
    kept.stream = open("/dev/full", "a", encoding="utf-8")  # noqa: SIM115
    kept.emit(record("lost"))
    kept.emit(record("after"))
    kept.close()
    text = (folder / "capture.log").read_text("utf-8")
    assert "before" in text
    assert "after" in text
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("trap", ["pipe", "link"])
def test_neither_a_pipe_nor_a_link_is_written_to(folder: Path, tmp_path: Path, trap: str) -> None:
    folder.mkdir()
    other = tmp_path / "other"
    other.write_text("mine")
    if trap == "pipe":
        os.mkfifo(folder / "capture.log")
    else:
        (folder / "capture.log").symlink_to(other)
    kept = KeptLog(folder, "capture")
    kept.emit(record("lost"))
    kept.close()
    assert other.read_text() == "mine"
