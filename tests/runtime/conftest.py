"""What several tests of this room need."""

import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyca.core.clock import SystemClock
from tests.tools import FakeClock


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def python() -> Callable[[str], list[str]]:
    """Return the argv that runs a piece of Python."""
    return lambda code: [sys.executable, "-I", "-c", code]


@pytest.fixture
def readable() -> Callable[..., None]:
    """Wait until a descriptor is readable, at most a minute."""

    def wait(file) -> None:
        assert select.select([file], [], [], 60)[0], "nothing happened within 60 s"

    return wait


@pytest.fixture
def until() -> Callable[..., object]:
    """Wait until a condition holds, at most a minute."""

    def wait(condition):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.005)
        raise AssertionError("the condition did not come true within 60 s")

    return wait


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


@pytest.fixture(autouse=True)
def no_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"):
        if name in os.environ:
            monkeypatch.delenv(name)
