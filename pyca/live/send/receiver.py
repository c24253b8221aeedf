"""What takes a stream, seen from the engine: a server, a file, or a page."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pyca.core.live import LinkReport
from pyca.live.flow.flv import Tag

Intro = Callable[[], bytes]
"""gives what a new connection begins with"""
Note = Callable[[str, str], None]
"""is told what happens: a level such as “warning”, and a text"""


class Receiver(Protocol):
    """Takes the stream: a server, a file, a page. It stays the same, whatever becomes of connections."""

    @property
    def ended(self) -> bool:
        """True after ``close``, when nothing is left of it."""
        ...

    def offer(self, tags: Sequence[Tag]) -> None:
        """Take the next tags, or leave out as many as it must; never wait."""
        ...

    def forget(self) -> None:
        """Leave out what waits: it must not be seen any more."""
        ...

    def tick(self, now: float) -> float:
        """Do what is due and return when to be called again."""
        ...

    def report(self) -> LinkReport:
        """Return how it does."""
        ...

    def restart(self) -> None:
        """Connect anew, also after it was given up."""
        ...

    def close(self) -> None:
        """Begin to end."""
        ...

    def kill(self) -> None:
        """End it at once, and release all that it holds."""
        ...
