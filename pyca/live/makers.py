"""What an engine is put together from: programs that make a stream, and places that take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pyca.core.live import Destination, LinkReport, Profile, Size, Source
from pyca.live.encoding import CameraCommand, camera_command
from pyca.live.flv import Tag
from pyca.live.link import Link
from pyca.live.plan import Surroundings
from pyca.live.sinks import player, preview, recording
from pyca.live.slate import slate_command
from pyca.live.watch import Watch

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


@dataclass(frozen=True)
class Makers:
    """Where an engine gets its parts from."""

    camera: Callable[[Profile, Source, Surroundings, int], CameraCommand]
    """returns how the input is read; the number is the descriptor for progress"""
    slate: Callable[[Profile, Size | None, Surroundings], Sequence[str]]
    """returns how the standby picture is made; the size is the camera's where it is not the profile's"""
    link: Callable[[Destination, Surroundings, Watch, Intro, Note], Receiver]
    recording: Callable[[Path, Surroundings, Watch, Intro, Note], Receiver]
    hls: Callable[[Path, Surroundings, Watch, Intro, Note], Receiver]
    preview: Callable[[Path, Surroundings, Watch, Intro, Note], Receiver]


STANDARD = Makers(camera_command, slate_command, Link, recording, player, preview)
"""the real ones"""
