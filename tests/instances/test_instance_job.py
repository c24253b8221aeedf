"""What the processes of all instances have in common."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from pyca.core.errors import BusyError, WireError
from pyca.instances import job
from pyca.instances.statistics import Statistics, memory
from pyca.runtime.channel import Channel, ChannelClosedError

LOG = logging.getLogger("pyca.test")


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = memory()
    yield made
    os.close(made)


@pytest.fixture
def statistics(descriptor: int) -> Iterator[Statistics]:
    made = Statistics(descriptor)
    yield made
    made.close()


def test_it_ends_where_nobody_has_listened_for_long(
    statistics: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job.time, "monotonic", lambda: 100.0)
    attendance = job.Attendance(statistics)
    touched = 0.0
    monkeypatch.setattr(statistics, "touched", lambda: touched)
    assert not attendance.is_over(0, 10, 110.0)
    assert not attendance.is_over(0, 0, 1000.0)
    assert not attendance.is_over(2, 10, 111.0)
    assert statistics.figures.clients == 2
    # Whoever has asked for it counts as well.
    touched = 120.0
    assert not attendance.is_over(0, 10, 130.0)
    assert statistics.figures.closing == 0
    assert attendance.is_over(0, 10, 130.1)
    assert statistics.read().closing == 1


def test_who_asks_at_the_last_moment_keeps_it(
    statistics: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job.time, "monotonic", lambda: 100.0)
    attendance = job.Attendance(statistics)
    looks = iter((0.0, 111.0))
    monkeypatch.setattr(statistics, "touched", lambda: next(looks))
    assert not attendance.is_over(0, 10, 111.0)
    assert statistics.figures.closing == 0


def test_each_kind_of_fault_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    complaints = job.Complaints(LOG)
    for text in ("5 bytes", "70 bytes", "other"):
        complaints.note(WireError(text))
    assert [record.message for record in caplog.records] == ["5 bytes", "other"]
    for number in range(300):
        complaints.note(WireError("x" * number))
    assert len(caplog.records) == 100


class Instance:
    """Begins, works and ends as it is told to."""

    def __init__(self, log: list[str], fault: Exception | None = None, place: str = "") -> None:
        self._log = log
        self._fault = fault
        self._place = place

    def _at(self, place: str) -> None:
        self._log.append(place)
        if self._place == place and self._fault is not None:
            raise self._fault

    def open(self) -> None:
        self._at("open")

    def work(self) -> int:
        self._at("work")
        return 3

    def close(self) -> None:
        self._at("close")


def run(monkeypatch: pytest.MonkeyPatch, **more: Any) -> tuple[int, list[str], dict[str, Any]]:
    """The exit code of an instance, what it has done, and what it has said."""
    monkeypatch.setattr(job, "to_server", lambda _: None)
    ours, theirs = Channel.pair()
    log: list[str] = []
    code = job.run(lambda statistics: Instance(log, **more), theirs, [memory()])
    found = ours.receive()
    ours.close()
    theirs.close()
    return code, log, found[0] if found else {}


def test_an_instance_tells_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch) == (3, ["open", "work", "close"], {})


def test_one_that_cannot_begin_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    code, log, said = run(monkeypatch, fault=BusyError("taken"), place="open")
    assert (code, log) == (0, ["open"])
    assert said["failed"]["message"] == "taken"


@pytest.mark.parametrize("place", ["open", "work"])
def test_it_ends_with_its_server(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    code, log, said = run(monkeypatch, fault=ChannelClosedError(), place=place)
    assert (code, said) == (0, {})
    assert ("close" in log) == (place == "work")
