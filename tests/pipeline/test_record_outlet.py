"""A file as the outlet of a pipeline: it holds up no stream, and says what it leaves out."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.core.errors import ImagingError, MachineError, WireError
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance import file_outlet as module
from pyca.pipeline.instance.file_outlet import FileOutlet, file_outlet
from pyca.pipeline.instance.outlet import Outlet
from tests.pipeline.record_tools import NOW, contents, image
from tests.tools import wait_for

READING = """
import sys, time, h5py
until = time.monotonic() + 60
while time.monotonic() < until:
    try:
        with h5py.File(sys.argv[1], "r", swmr=True) as file:
            found = file["header1/pulse_id"][:].tolist() if "header1" in file else []
    except OSError:
        found = []  # it was just being opened by its writer
    if len(found) == int(sys.argv[2]):
        sys.exit(str(found))
    time.sleep(0.05)
sys.exit(f"last were {found}")
"""


def read_elsewhere(path: Path, count: int) -> str:
    """Return the pulse ids that another process sees, once there are so many."""
    words = [sys.executable, "-c", READING, str(path), str(count)]
    return subprocess.run(words, capture_output=True, text=True, timeout=90, check=False).stderr.strip()


class Disk:
    """Takes what is written as soon as it may, and fails where it shall."""

    def __init__(self) -> None:
        self.path = Path("/files/run.h5")
        self.parts = 1
        self.may = threading.Event()
        self.written: list[int] = []
        self.flushed = 0
        self.is_closed = False
        self.errors: dict[int, Exception] = {}
        self.begun = threading.Semaphore(0)

    def write(self, record: Any) -> None:
        self.begun.release()
        assert self.may.wait(60)
        if record.pulse_id in self.errors:
            raise self.errors[record.pulse_id]
        self.written.append(record.pulse_id)

    def flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def disk() -> Iterator[Disk]:
    found = Disk()
    yield found
    found.may.set()


def opened(disk: Disk, **how: Any) -> FileOutlet:
    outlet = FileOutlet(lambda: disk, **how)
    assert outlet.open() == "/files/run.h5"
    return outlet


def send(outlet: FileOutlet, *numbers: int) -> None:
    for number in numbers:
        outlet.send(number, NOW, {"n": number, "image": image(number)})


def test_it_is_an_outlet(disk: Disk) -> None:
    outlet: Outlet = FileOutlet(lambda: disk)
    assert (outlet.clients, outlet.sent, outlet.dropped, outlet.sent_bytes) == (1, 0, 0, 0)
    outlet.close()


def test_messages_are_written_in_order_to_the_end(disk: Disk) -> None:
    outlet = opened(disk)
    send(outlet, *range(50))
    assert disk.written == []
    disk.may.set()
    outlet.close()
    assert disk.written == list(range(50))
    assert disk.is_closed
    assert (outlet.sent, outlet.dropped, outlet.trouble) == (50, 0, "")
    assert outlet.sent_bytes == 50 * (8 + image(0).nbytes)
    assert outlet.header_changes == 1


def test_a_slow_disk_holds_up_nothing_and_what_is_left_out_is_told(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outlet = opened(disk, most=5)
    send(outlet, 0)
    # It is being written now, and does not wait any more.
    assert disk.begun.acquire(timeout=60)
    send(outlet, *range(1, 20))
    assert outlet.dropped == 14
    assert outlet.trouble == "The disk is slower than the stream: 14 messages are not in the file."
    disk.may.set()
    wait_for(lambda: outlet.sent == 6, "what waited")
    send(outlet, 20)
    outlet.close()
    assert disk.written == [0, 1, 2, 3, 4, 5, 20]
    slower = [one for one in caplog.messages if "slower than the stream" in one]
    assert len(slower) == 1
    assert caplog.messages[-1] == "14 messages are not in the file, 7 are."


@pytest.mark.parametrize("error", [TypeError("odd"), MemoryError()])
def test_a_mistake_in_writing_is_told_and_not_taken_for_a_slow_disk(disk: Disk, error: Exception) -> None:
    disk.errors = {1: error}
    disk.may.set()
    outlet = FileOutlet(lambda: disk)
    outlet.open()
    outlet.send(1, NOW, {"a": 1})
    wait_for(lambda: outlet.trouble, "the mistake")
    assert type(error).__name__ in outlet.trouble
    with pytest.raises(MachineError, match="cannot be written any further"):
        outlet.send(2, NOW, {"a": 1})
    outlet.close()
    assert disk.is_closed
    assert (outlet.sent, outlet.dropped) == (0, 2)


def test_messages_that_wait_are_limited_in_bytes_too(disk: Disk) -> None:
    size = 8 + image(0).nbytes
    outlet = opened(disk, most_bytes=2 * size)
    send(outlet, 0)
    assert disk.begun.acquire(timeout=60)
    send(outlet, *range(1, 10))
    assert outlet.dropped == 7
    disk.may.set()
    outlet.close()
    assert disk.written == [0, 1, 2]


def test_one_message_is_taken_however_large_it_is(disk: Disk) -> None:
    disk.may.set()
    outlet = opened(disk, most_bytes=1)
    send(outlet, 0)
    outlet.close()
    assert disk.written == [0]


def test_trouble_is_over_some_time_after_the_last_message_was_left_out(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet = opened(disk, most=1)
    send(outlet, 0)
    assert disk.begun.acquire(timeout=60)
    send(outlet, 1, 2)
    assert outlet.trouble
    monkeypatch.setattr(module, "_RECENTLY", 0.0)
    assert outlet.trouble == ""
    disk.may.set()
    outlet.close()


def test_a_message_that_does_not_fit_is_told_with_the_next_one(disk: Disk) -> None:
    disk.errors = {1: ImagingError("Channel 'a' is a text at pulse 1; it was float64 before.", "Change it")}
    disk.may.set()
    outlet = opened(disk)
    send(outlet, 0, 1)
    wait_for(lambda: outlet.dropped, "the message that does not fit")
    with pytest.raises(WireError, match="Channel 'a' is a text at pulse 1") as told:
        send(outlet, 2)
    assert told.value.remedy == "Change it"
    send(outlet, 3)
    outlet.close()
    assert disk.written == [0, 2, 3]
    assert (outlet.sent, outlet.dropped) == (3, 1)


def test_after_a_failure_every_message_is_refused(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    disk.errors = {2: MachineError("The disk is full.", "Make room")}
    outlet = opened(disk)
    send(outlet, *range(6))
    disk.may.set()
    wait_for(lambda: outlet.trouble, "the failure")
    for number in (6, 7):
        with pytest.raises(MachineError, match="The disk is full"):
            send(outlet, number)
    assert outlet.trouble == "The disk is full. (Make room)"
    outlet.close()
    assert disk.written == [0, 1]
    assert (outlet.sent, outlet.dropped) == (2, 6)
    assert disk.is_closed
    assert caplog.messages.count("The disk is full. (Make room)") == 1


def test_a_disk_that_hangs_is_given_up_at_the_end(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    outlet = opened(disk, patience=0.05)
    send(outlet, 0)
    assert disk.begun.acquire(timeout=60)
    send(outlet, 1, 2)
    outlet.close()
    assert "The disk is too slow: the last 2 messages are not in the file." in caplog.messages
    assert "The disk does not answer: the file was not closed." in caplog.messages
    assert outlet.dropped == 2
    disk.may.set()
    wait_for(lambda: disk.is_closed, "the end")
    assert disk.written == [0]


def test_nothing_is_sent_to_a_file_that_is_not_open(disk: Disk) -> None:
    outlet = FileOutlet(lambda: disk)
    with pytest.raises(MachineError, match="The file is not open"):
        send(outlet, 0)
    disk.may.set()
    outlet.open()
    outlet.close()
    outlet.close()
    with pytest.raises(MachineError, match="The file is not open"):
        send(outlet, 1)


def test_a_quiet_stream_is_flushed_too(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    disk.may.set()
    outlet = opened(disk)
    send(outlet, 0)
    wait_for(lambda: disk.flushed, "a flush without a message")
    outlet.close()


def test_a_real_file_is_as_its_configuration_says_and_read_while_it_is_written(tmp_path: Path) -> None:
    keys = {"file": "a/run.h5", "layout": "FLAT", "localtime": False, "change": True}
    configuration = parse("p", {"camera_name": "simulation", "mode": "FILE", **keys})
    outlet = file_outlet(configuration, tmp_path)
    path = tmp_path / "a" / "run.h5"
    assert outlet.open() == str(path)
    send(outlet, 0, 1, 2)

    # Nobody sends any more: the thread by itself hands it over after a second, and another process sees it.
    assert read_elsewhere(path, 3) == "[0, 1, 2]"
    outlet.send(3, NOW, {"n": "text", "image": image(3)})
    outlet.close()
    found = contents(path)
    assert np.array_equal(found["data1/image"], [image(number) for number in range(3)])
    assert found["data2/n"].tolist() == [b"text"]
    assert not [name for name in found if name.endswith("_timestamp") and "header" not in name]
    assert (outlet.sent, outlet.dropped, outlet.header_changes) == (4, 0, 2)
