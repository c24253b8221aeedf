"""Small helpers for tests."""

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine, event

from pyca.core.clock import SystemClock

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


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port on loopback that nobody uses, of TCP unless it is said otherwise.

    It is none of those that the system gives to whoever asks for any: nobody gets it before it is used.
    """
    while True:
        port = secrets.randbelow(20_000) + 12_000
        with socket.socket(socket.AF_INET, kind) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], T], what: str, seconds: float = 30.0) -> T:
    """Wait until a condition is true and return its value; fail the test where it never is."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)
