"""Files are readable while another process writes them, where it was killed, and where the disk was full."""

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from pyca.core.errors import MachineError
from pyca.pipeline.record import room
from pyca.pipeline.record import writer as writing
from pyca.pipeline.record.writer import Writer
from pyca.sources.hdf5 import Play, Replay
from tests.pipeline.record_tools import Record, contents, image

ROOT = Path(__file__).parents[2]
SECONDS = 60


class Child:
    """A process that writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.record_child", str(path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def tell(self, words: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(SECONDS)


@pytest.fixture
def start() -> Iterator[Callable[[Path], Child]]:
    with ExitStack() as ends:

        def begin(path: Path) -> Child:
            child = Child(path)
            ends.enter_context(child.process)
            ends.callback(child.process.kill)
            return child

        yield begin


def check(found: dict[str, Any], part: int, first: int, count: int) -> None:
    """Everything that ``pulse_id`` counts is there."""
    numbers = found[f"header{part}/pulse_id"]
    assert numbers.tolist()[:count] == list(range(first, first + count))
    for row, number in enumerate(numbers.tolist()):
        assert found[f"data{part}/n/value"][row] == number
        assert found[f"data{part}/text/value"][row] == f"number {number}".encode()
        picture = found[f"data{part}/image/value"][row]
        assert np.array_equal(picture, image(number, picture.shape[1], picture.shape[0]))


def test_a_file_is_read_while_it_is_written_and_after_a_kill(
    tmp_path: Path, start: Callable[[Path], Child]
) -> None:
    import bitshuffle.h5  # noqa: F401

    path = tmp_path / "file.h5"
    child = start(path)
    assert child.tell("write 3") == "ok 3"
    child.tell("flush")
    with h5py.File(path, "r", swmr=True) as file:
        pulses, images = file["header1/pulse_id"], file["data1/image/value"]
        assert pulses[:].tolist() == [0, 1, 2]
        assert np.array_equal(images[2], image(2, 200, 150))
        child.tell("write 1100")
        child.tell("flush")
        for one in (pulses, images):
            one.refresh()
        assert pulses[:].tolist() == list(range(1103))
        assert np.array_equal(images[1102], image(1102, 200, 150))
        # A new part needs the file to be opened again, by both sides; what is open goes on.
        child.tell("resize 2")
        child.tell("flush")
        for one in (pulses, images):
            one.refresh()
        assert len(pulses) == 1103
        assert images[1101, 0, 0] == 1101
    check(contents(path, swmr=True), 2, 1103, 2)
    child.tell("write 5")
    child.tell("flush")
    child.tell("write 7")
    child.process.send_signal(signal.SIGKILL)
    assert child.end() == -signal.SIGKILL
    check(contents(path, swmr=True), 2, 1103, 7)
    replay = Replay(Play(str(path), dataset="data2/image/value", rate=0))
    replay.open()
    frame = replay.receive(1)
    replay.close()
    assert frame is not None
    assert np.array_equal(frame.image, image(1103, 100, 80))


def test_what_was_written_before_a_disk_is_full_is_whole(
    tmp_path: Path, start: Callable[[Path], Child]
) -> None:
    path = tmp_path / "file.h5"
    child = start(path)
    assert child.tell("write 20") == "ok 20"
    child.tell(f"limit {5 << 20}")
    said = child.tell("write 10000")
    assert said.startswith("MachineError")
    assert (
        f"{path} cannot be written any further: File too large. (What was written until now can be read)"
        in said
    )
    rows = int(said.split()[1])
    assert 20 <= rows < 10_000
    assert child.tell("write 1").startswith(f"MachineError {rows} ")
    assert child.tell("flush").startswith(f"MachineError {rows} ")
    assert child.tell("close") == f"ok {rows}"
    assert child.end() == 0
    found = contents(path)
    check(found, 1, 0, rows)
    assert len(found["header1/pulse_id"]) == rows


@pytest.mark.parametrize("words", ["write 10000", "flush", "resize 1", "close"])
def test_where_the_disk_fills_up_unseen_what_was_flushed_can_be_read_all_the_same(
    tmp_path: Path, start: Callable[[Path], Child], words: str
) -> None:
    path = tmp_path / "file.h5"
    child = start(path)
    child.tell("write 20")
    child.tell("flush")
    child.tell("write 1")
    child.tell("full")
    said = child.tell(words)
    assert re.match(r"MachineError \d+ .*cannot be written any further: the disk is full", said)
    assert child.tell("write 1").startswith("MachineError")
    assert child.tell("close").startswith("ok")
    # HDF5 itself would crash now.
    assert child.end() == 0
    check(contents(path, swmr=True), 1, 0, 20)


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.h5"
    writer = Writer(path)
    for number in range(3):
        writer.write(Record(number, {"image": image(number)}))
    monkeypatch.setattr(room.os, "statvfs", lambda _: SimpleNamespace(f_bavail=10, f_frsize=4096))
    with pytest.raises(MachineError, match="cannot be written any further: the disk is full") as told:
        writer.write(Record(3, {"image": image(3)}))
    assert told.value.is_full
    assert told.value.remedy == "What was written until now can be read"
    assert contents(path)["data1/image/value"][:, 0, 0].tolist() == [0, 1, 2]
    writer.close()
    fresh = Writer(tmp_path / "other.h5")
    with pytest.raises(MachineError, match="the disk is full"):
        fresh.write(Record(0, {"image": image(0)}))
    fresh.close()
    assert "general/pid" in contents(tmp_path / "other.h5")


def test_a_file_that_vanishes_with_its_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path / "file.h5")

    def gone(_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(room.os, "statvfs", gone)
    with pytest.raises(MachineError, match="cannot be written any further: Input/output error"):
        writer.write(Record(0, {"n": 0}))
    writer.close()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot be made: No such file or directory"):
        Writer(tmp_path / "nowhere" / "file.h5")


def test_once_in_a_second_a_message_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.9, 1.1, 1.1, 1.2])
    monkeypatch.setattr(writing, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    writer = Writer(tmp_path / "file.h5")
    flushed: list[int] = []
    monkeypatch.setattr(Writer, "flush", lambda one: flushed.append(one.rows))
    for number in range(2):
        writer.write(Record(number, {"n": number}))
    assert flushed == [2]
    monkeypatch.undo()
    writer.close()
