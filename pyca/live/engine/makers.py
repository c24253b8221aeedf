"""What an engine is put together from: programs that make a stream, and places that take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.core.live import Destination, Profile, Size, Source
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send.link import Link
from pyca.live.send.receiver import Intro, Note, Receiver
from pyca.live.send.sinks import player, preview, recording
from pyca.live.source.encoding import CameraCommand, camera_command
from pyca.live.source.slate import slate_command


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
