"""Small helpers for tests."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, event

from pyca.core.clock import SystemClock
from tests.ports import free_port

__all__ = [
    "FakeClock",
    "SettableClock",
    "UnhurriedClock",
    "counting_last",
    "free_port",
    "wait_for",
]

T = TypeVar("T")


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_774_600_000.0) -> None:
        self.time = now
        self.was_set_by = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - self.was_set_by

    def set_by(self, seconds: float) -> None:
        """Set the clock, as a time server does: no time passes."""
        self.time += seconds
        self.was_set_by += seconds

    def move(self, seconds: float) -> None:
        self.time += seconds


class SettableClock(SystemClock):
    """The machine's clock as it would be if somebody set it."""

    def __init__(self) -> None:
        self.was_set_by = 0.0

    def now(self) -> float:
        return super().now() + self.was_set_by

    def set_by(self, seconds: float) -> None:
        self.was_set_by += seconds


class UnhurriedClock(SettableClock):
    """A clock for which a machine that stands still, for whatever reason, has stood still for a moment only.

    It goes as long as somebody looks at it again and again: what is between two looks counts up to ``most``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most = 0.25
        self.left_out = 0.0
        """seconds that were not counted"""
        self._lock = threading.Lock()
        self._looked = self._shown = time.monotonic()
        self._ahead = time.time() - self._shown

    def now(self) -> float:
        return self.monotonic() + self._ahead + self.was_set_by

    def monotonic(self) -> float:
        with self._lock:
            looked = time.monotonic()
            passed, self._looked = looked - self._looked, looked
            counted = min(passed, self.most)
            self.left_out += passed - counted
            self._shown += counted
            return self._shown

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """Stand still for what a test waits for, without that being told as left out."""
        self.monotonic()
        before = self.left_out
        yield
        with self._lock:
            self._looked = time.monotonic()
            self.left_out = before


@contextmanager
def counting_last(engine: Engine) -> Iterator[None]:
    """Fail where a transaction changes anything else after it has counted and has the figure locked."""
    counted: set[Connection] = set()
    figures: list[str] = []
    late: list[str] = []

    def note(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO figure"):
            counted.add(connection)
            figures.append(statement)
        elif connection in counted and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            late.append(statement)

    heard = {"before_cursor_execute": note, "commit": counted.discard, "rollback": counted.discard}
    for name, listener in heard.items():
        event.listen(engine, name, listener)
    try:
        yield
    finally:
        for name, listener in heard.items():
            event.remove(engine, name, listener)
    assert figures and not late


def wait_for(condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """Wait until a condition is true and return its value; fail the test where it never is."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)
