"""What an engine is told to do, and what it works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyca.config.settings import Camera
from pyca.core.clock import Clock
from pyca.core.live import FEED, Destination, Profile, Source
from pyca.media.ffmpeg import Tools


@dataclass(frozen=True)
class Plan:
    """What is wanted from now on. A plan replaces the one before; only what differs is changed."""

    profile: Profile
    source: Source
    destinations: tuple[Destination, ...]
    """those that are not wanted are listed, so that they are reported, and not connected"""
    blind: bool = False
    """show the slate and send silence, whatever the camera sees"""
    camera: bool = True
    """False while the input is left alone: the recorder has it or is about to"""
    haste: bool = False
    """True where an input that is left alone from now on is wanted at once: whatever has it is killed"""
    feed: bool = False
    """show what the recorder passes on, whenever it does"""
    record: Path | None = None
    """a file that is written beside all destinations"""
    hls: Path | None = None
    """the folder for the player page's files"""
    preview: Path | None = None
    """a picture of what is sent, written again and again"""


@dataclass(frozen=True)
class Surroundings:
    """What stays the same as long as an engine lives."""

    tools: Tools
    folder: Path
    """for sockets and other short-lived files; exists"""
    clock: Clock
    environ: Mapping[str, str]
    slate: Path | None = None
    """a picture for the slate"""
    slate_text: str = ""
    ca_file: Path | None = None
    """certificates that are trusted besides those of the system"""
    insecure: bool = False
    """accept any certificate"""
    cameras: str = Camera().address
    """address of the camera server"""

    @property
    def feed_socket(self) -> Path:
        """Where the recorder connects to."""
        return self.folder / FEED
