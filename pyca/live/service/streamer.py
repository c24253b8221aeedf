"""What the service expects of an engine."""

from collections.abc import Callable
from typing import Protocol

from pyca.config.settings import Settings
from pyca.core.live import LiveReport, LogLine
from pyca.live.plan import Plan


class Streamer(Protocol):
    """What :class:`pyca.live.engine.engine.Engine` looks like to the service."""

    def start(self) -> None:
        """Begin; returns at once."""

    def follow(self, plan: Plan) -> None:
        """Do something else from now on; only what differs is changed."""

    def restart(self, destination: str) -> None:
        """Connect to one destination anew."""

    def stop(self) -> None:
        """Ask it to end; returns at once."""

    def join(self, timeout: float) -> bool:
        """Wait for its end; True where it has come."""
        ...

    def close(self) -> None:
        """Release what is held, after the end."""

    def report(self) -> LiveReport:
        """Return how it does; its moment is the one at which the engine last did anything."""
        ...

    def lines(self) -> list[LogLine]:
        """Return what happened since the last call."""
        ...

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is news."""
        ...

    def drain(self) -> None:
        """Have it no longer readable."""


MakeStreamer = Callable[[Settings, Plan], Streamer]
"""Returns one that has not begun; raises an error of ours, or of the system, where it cannot."""
