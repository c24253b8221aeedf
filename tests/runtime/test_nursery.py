import errno
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pyca.core.errors import BusyError, ImagingError
from pyca.runtime import nurse as nurse_module
from pyca.runtime.channel import Channel, ChannelClosedError, ChannelFullError, close_files
from pyca.runtime.nurse import Nurse
from pyca.runtime.nursery import Nursery, Ward
from tests.camera_doubles import is_alive
from tests.tools import wait_for

JOBS = {"echo": "tests.nursery_jobs:echo", "deaf": "tests.nursery_jobs:deaf"}


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery(JOBS)
    made.start()
    yield made
    made.close()


def heard(ward: Ward) -> dict[str, Any]:
    found = ward.channel.receive(60)
    assert found is not None
    return found[0]


def test_a_job_gets_its_argument_and_files_and_nothing_else(nursery: Nursery) -> None:
    first = nursery.spawn("echo", {})
    heard(first)
    reading, writing = os.pipe()
    os.write(writing, b"hello")
    os.close(writing)
    ward = nursery.spawn("echo", {"a": [1]}, [reading], "camera:of a long name")
    os.close(reading)
    told = heard(ward)
    assert (told["argument"], told["said"]) == ({"a": [1]}, ["hello"])
    assert len([file for file in told["files"] if file.startswith("socket:")]) == 1
    assert ward.born.wait(60) and ward.pid == told["pid"]
    process = psutil.Process(ward.pid)
    assert process.cmdline()[0] == "camera:of a long name"
    assert Path(f"/proc/{ward.pid}/comm").read_text().strip() == "camera:of a lon"
    for one, code in ((ward, 7), (first, 0)):
        one.channel.send({"code": code})
        assert one.gone.wait(60) and one.code == code
        one.channel.close()


def test_it_runs_in_a_group_of_its_own(nursery: Nursery) -> None:
    ward = nursery.spawn("echo", {})
    told = heard(ward)
    assert len({os.getpgid(0), os.getpgid(nursery.pid), os.getpgid(told["pid"])}) == 3
    # Signals of a service manager, to all at once, are for the server alone to act on.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(nursery.pid, number)
    ward.channel.send({"code": 0})
    assert ward.gone.wait(60)
    ward.channel.close()


def test_killing_one_ends_what_it_left_behind(nursery: Nursery) -> None:
    ward, other = nursery.spawn("deaf", {}), nursery.spawn("echo", {})
    child = heard(ward)["child"]
    pid = heard(other)["pid"]
    nursery.kill(ward)
    assert ward.gone.wait(60) and ward.code == -signal.SIGKILL
    wait_for(lambda: not is_alive(child), "the end of the child")
    assert is_alive(pid)
    for one in (ward, other):
        one.channel.close()


def test_closing_ends_everything() -> None:
    nursery = Nursery(JOBS)
    wards = [nursery.spawn("deaf", {}), nursery.spawn("echo", {})]
    pids = [heard(wards[0])["child"], heard(wards[1])["pid"], wards[0].pid, nursery.pid]
    nursery.close()
    assert not any(map(is_alive, pids))
    assert all(ward.gone.is_set() for ward in wards)
    with pytest.raises(BusyError, match="the server ends"):
        nursery.spawn("echo", {})
    nursery.close()
    for ward in wards:
        ward.channel.close()


def test_a_killed_one_is_followed_by_another(nursery: Nursery) -> None:
    ward = nursery.spawn("echo", {})
    pid = heard(ward)["pid"]
    before = nursery.pid
    os.kill(before, signal.SIGKILL)
    assert ward.gone.wait(60) and ward.code is None
    wait_for(lambda: not is_alive(pid), "the end of the job")
    ward.channel.close()
    other = wait_for(lambda: nursery.spawn("echo", {}), "another process")
    assert heard(other)["argument"] == {}
    assert nursery.pid not in (0, before)
    other.channel.close()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_no_room_for_a_process(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fork(_target: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(nurse_module, "fork", fork)
    ours, theirs = Channel.pair()
    one, other = Channel.pair()
    nurse = Nurse(theirs, {"echo": lambda *_: 0})
    ours.send({"spawn": 4, "job": "echo", "title": "x", "argument": {}}, (one.fileno(),))
    found = theirs.receive(60)
    assert found is not None
    nurse._answer(*found)
    answer = ours.receive(60)
    assert answer is not None and answer[0] == {"refused": 4, "why": os.strerror(number)}
    one.close()
    # The copy that was sent is closed as well.
    with pytest.raises(ChannelClosedError):
        other.receive(60)
    nurse.close()
    for channel in (ours, theirs, other):
        channel.close()


def test_a_refusal_is_an_error_in_words(nursery: Nursery) -> None:
    ward = nursery.spawn("echo", {})
    heard(ward)
    other = Ward(ward.channel, 99)
    nursery._wards[99] = other
    nursery._note({"refused": 99, "why": "Cannot allocate memory"})
    assert other.gone.is_set()
    assert "No further process can be started: Cannot allocate memory" in str(other.refused)
    ward.channel.close()


def test_messages_and_files_go_both_ways() -> None:
    one, other = Channel.pair()
    assert one.receive() is None and one.receive(0.01) is None
    reading, writing = os.pipe()
    one.send({"word": "ä"}, [reading])
    other.send({"n": 1})
    found = other.receive(60)
    assert found is not None and found[0] == {"word": "ä"}
    assert not os.get_inheritable(found[1][0])
    answer = one.receive(60)
    assert answer is not None and answer[0] == {"n": 1}
    close_files([*found[1], reading, writing])
    with pytest.raises(ImagingError, match="of at most"):
        one.send({"long": "x" * 200_000})
    other.close()
    with pytest.raises(ChannelClosedError):
        one.send({})
    with pytest.raises(ChannelClosedError):
        one.receive(60)
    one.close()


def test_files_arrive_all_or_none() -> None:
    one, other = Channel.pair()
    pipes = [os.pipe(), os.pipe()]
    one.send({"n": 1}, [reading for reading, _ in pipes])
    for reading, _ in pipes:
        os.close(reading)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Room for one of the two files.
    spare = os.dup(0)
    os.close(spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, limits[1]))
    try:
        found = other.receive()
        still_free = os.dup(0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert found == ({"n": 1}, [])
    assert still_free == spare
    close_files([still_free, *(writing for _, writing in pipes)])
    one.close()
    other.close()


def test_a_request_whose_files_are_lost_is_refused() -> None:
    ours, theirs = Channel.pair()
    nurse = Nurse(theirs, {"echo": lambda *_: 0})
    nurse._answer({"spawn": 4, "job": "echo", "title": "x", "argument": {}}, [])
    answer = ours.receive(60)
    assert answer is not None and answer[0] == {"refused": 4, "why": "Too many open files"}
    nurse.close()
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChannelFullError(), r"their parent does not answer \(try again\)"),
        (ChannelClosedError(), r"their parent has just ended \(try again\)"),
        (ImagingError("It is too large."), "It is too large"),
    ],
)
def test_a_request_that_cannot_be_sent_leaves_nothing(
    nursery: Nursery, error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(*_arguments: Any, **_words: Any) -> None:
        raise error

    before = nursery.spawn("echo", {})
    heard(before)
    with monkeypatch.context() as patch:
        patch.setattr(Channel, "send", send)
        with pytest.raises(ImagingError, match=words):
            nursery.spawn("echo", {})
    assert list(nursery._wards) == [before.number]
    before.channel.close()


def test_modules_of_the_folder_that_it_is_started_in_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psutil.py").write_text("raise SystemExit('executed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    monkeypatch.setenv("PYTHONPATH", ".")
    nursery = Nursery(JOBS)
    ward = nursery.spawn("echo", {})
    assert heard(ward)["argument"] == {}
    ward.channel.close()
    nursery.close()


def test_memory_is_kept_as_somebody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    nursery = Nursery(JOBS)
    ward = nursery.spawn("echo", {})
    heard(ward)
    environment = Path(f"/proc/{nursery.pid}/environ").read_bytes().split(b"\0")
    assert b"MALLOC_TRIM_THRESHOLD_=1000000" in environment
    assert b"MALLOC_MMAP_THRESHOLD_=33554432" in environment
    ward.channel.close()
    nursery.close()


def test_nobody_reads() -> None:
    one, other = Channel.pair()
    with pytest.raises(ChannelFullError):
        while True:
            one.send({"long": "x" * 10_000}, timeout=0.01)
    one.close()
    other.close()
