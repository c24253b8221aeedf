"""What the engine asks of everything that a stream is sent to: servers, files, pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pyca.core.live import Destination, LinkReport, Profile, Source
from pyca.live.flv import Tag
from pyca.live.plan import Surroundings
from pyca.live.run import CameraCommand
from pyca.live.watch import Watch

Intro = Callable[[], bytes]
"""gives what a new connection begins with"""
Note = Callable[[str, str], None]
"""is told what happens: a level such as “warning”, and a text"""


class Outlet(Protocol):
    """Takes the stream. It is there from its making to its end, whatever becomes of connections."""

    @property
    def ended(self) -> bool:
        """True after ``close``, when nothing is left of it."""
        ...

    def offer(self, tags: Sequence[Tag]) -> None:
        """Take the next tags, or leave out as many as it must; never wait."""
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


@dataclass(frozen=True)
class Makers:
    """Where an engine gets its parts from."""

    camera: Callable[[Profile, Source, Surroundings, int], CameraCommand]
    """returns how the input is read; the number is the descriptor for progress"""
    slate: Callable[[Profile, Surroundings, int], CameraCommand]
    """returns how the standby picture is made"""
    link: Callable[[Destination, Surroundings, Watch, Intro, Note], Outlet]
    recording: Callable[[Path, Surroundings, Watch, Intro, Note], Outlet]
    hls: Callable[[Path, Surroundings, Watch, Intro, Note], Outlet]
    preview: Callable[[Path, Surroundings, Watch, Intro, Note], Outlet]
