"""The small log that services keep by themselves."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.config.settings import Logging
from pyca.runtime import keptlog, logs
from pyca.runtime.forked import fork
from pyca.runtime.keptlog import KeptLog, before, folder_beside, kept_files
from tests.tools import wait_for


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
    keptlog.rest()
    [file] = kept_files(folder)
    assert file.name == "capture.log"
    assert "[INFO] with ********: Hörsaal" in file.read_text("utf-8")
    assert "too much" not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o007 == 0


def test_nothing_is_kept_where_there_is_a_file(folder: Path, tmp_path: Path) -> None:
    logs.setup(Logging(stderr=False, file=tmp_path / "own.log"), service="capture", keep=folder)
    logging.getLogger("x").info("once")
    keptlog.rest()
    assert not folder.exists()


def test_nothing_is_kept_where_messages_go_to_the_journal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "stderr_is_journal", lambda: True)
    logs.setup(Logging(stderr=False), service="capture", keep=folder)
    logging.getLogger("x").info("once")
    keptlog.rest()
    assert not folder.exists()


def test_it_stays_small(folder: Path) -> None:
    kept = KeptLog(folder, "capture")
    for number in range(2000):
        kept.emit(record(f"{number} " + "x" * 200))
        if number % 500 == 0:
            kept.rest()  # nobody writes that much at once
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
    kept.rest()
    folder.unlink()
    kept.emit(record("found again"))
    kept.close()
    assert "found again" in (folder / "capture.log").read_text("utf-8")
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_no_error_and_is_written_to_again_later(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptLog(folder, "capture")
    kept.emit(record("before"))
    kept.rest()
    with monkeypatch.context() as full:
        full.setattr(keptlog, "_FLAGS", os.O_WRONLY)
        full.setattr(kept._file, "_path", Path("/dev/full"))
        kept.emit(record("lost"))
        kept.rest()
    kept.emit(record("after"))
    kept.close()
    text = (folder / "capture.log").read_text("utf-8")
    assert "before" in text
    assert "after" in text
    assert "lost" not in text
    assert capsys.readouterr().err == ""


@pytest.fixture
def hanging(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that does not answer until it is told to."""
    answer = threading.Event()
    write = keptlog._File.write

    def hang(file: keptlog._File, text: str) -> None:
        answer.wait(60)
        write(file, text)

    monkeypatch.setattr(keptlog._File, "write", hang)
    monkeypatch.setattr(keptlog, "PATIENCE", 0.05)
    yield answer
    answer.set()


def test_a_disk_that_hangs_keeps_nobody_waiting(folder: Path, hanging: threading.Event) -> None:
    logs.setup(Logging(stderr=False), service="capture", secrets=["s3cr3t"], keep=folder)
    logger = logging.getLogger("x")
    logger.info("first s3cr3t")
    [kept] = [each for each in logging.getLogger().handlers if isinstance(each, KeptLog)]
    wait_for(lambda: kept._work.empty(), "the write that hangs")
    for number in range(keptlog.MOST + 7):
        logger.info("number %d with s3cr3t", number)
    kept.rest()
    assert not hanging.is_set(), "all of this was done while the disk hung"
    assert not folder.exists()
    hanging.set()
    file = folder / "capture.log"
    before_last = f"number {keptlog.MOST - 1} with ********"
    wait_for(lambda: file.exists() and before_last in file.read_text("utf-8"), "the messages")
    wait_for(lambda: kept._thread is None, "the end of the thread")
    logger.info("well again")
    kept.rest()
    wait_for(lambda: "well again" in file.read_text("utf-8"), "the message after it")
    text = file.read_text("utf-8")
    assert "first ********" in text and "s3cr3t" not in text
    assert text.count("7 messages are not kept here") == text.count("are not kept here") == 1
    assert f"number {keptlog.MOST} " not in text


def test_the_end_does_not_wait_for_a_disk_that_hangs(folder: Path, hanging: threading.Event) -> None:
    kept = KeptLog(folder, "capture")
    kept.emit(record("late"))
    kept.close()
    assert not hanging.is_set() and not folder.exists()


def test_a_thread_that_cannot_begin_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptLog(folder, "capture")

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refuse)
        kept.emit(record("early"))
    kept.emit(record("late"))
    kept.close()
    text = (folder / "capture.log").read_text("utf-8")
    assert text.index("early") < text.index("late")


def test_a_process_that_forks_has_no_thread_and_its_child_keeps_all(folder: Path) -> None:
    logs.setup(Logging(stderr=False), service="pyca", keep=folder)
    logging.getLogger("x").info("parent")
    alone = threading.active_count() - 1

    def child() -> int:
        logs.setup(Logging(stderr=False), service="capture", keep=folder)
        logging.getLogger("x").info("child")
        return 0

    pid = fork(child)
    assert threading.active_count() == alone
    assert os.waitpid(pid, 0)[1] == 0
    logging.getLogger("x").info("parent again")
    keptlog.rest()
    assert "child" in (folder / "capture.log").read_text("utf-8")
    assert (folder / "pyca.log").read_text("utf-8").count("] parent") == 2


def test_the_end_of_logging_does_not_wait(folder: Path) -> None:
    kept = KeptLog(folder, "capture")
    kept.emit(record("last"))
    kept.acquire()
    try:
        kept.close()
    finally:
        kept.release()
    assert kept._thread is None and not kept._late
    assert "last" in (folder / "capture.log").read_text("utf-8")


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
