"""How a browser can play a track: as it is, copied into another container, or not at all."""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from pyca.config.settings import Settings
from pyca.core.recording import Recording, Track
from pyca.ingest.cleanup import own_tracks

_HEAD = 64
"""Bytes that tell what a file is."""

_TYPES = {
    "mp4": ("video/mp4", "audio/mp4"),
    "webm": ("video/webm", "audio/webm"),
    "mov": ("video/quicktime", "audio/mp4"),
    "matroska": ("video/x-matroska", "audio/x-matroska"),
    "ogg": ("video/ogg", "audio/ogg"),
    "wav": ("audio/wav", "audio/wav"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "flac": ("audio/flac", "audio/flac"),
    "": ("application/octet-stream", "application/octet-stream"),
}
"""Container → media type with a picture and without."""
_IN_MP4 = frozenset({"h264", "av1", "vp9", "aac", "mp3", "opus", "flac"})
_IN_WEBM = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})
_DIRECT = {
    "mp4": _IN_MP4,
    "webm": _IN_WEBM,
    "ogg": frozenset({"opus", "vorbis", "flac"}),
    "wav": frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"}),
    "mp3": frozenset({"mp3"}),
    "flac": frozenset({"flac"}),
}
"""Container → codecs that browsers play in it."""


@dataclass(frozen=True)
class Playback:
    """What can be done with a track's file.

    :param present: False where the file is not there, or is not the recording's own
    :param mimetype: of the file as it is
    :param direct: browsers play it as it is, and can jump within it
    :param container: into what it is copied while it plays, empty where it is not
    :param picture: False where it holds sound only
    :param why: why it cannot be played here, empty where it can
    """

    present: bool
    mimetype: str = _TYPES[""][0]
    direct: bool = False
    container: str = ""
    picture: bool = True
    why: str = ""

    @property
    def playable(self) -> bool:
        """True where the page shows a player."""
        return self.direct or bool(self.container)

    @property
    def played_type(self) -> str:
        """The media type that the browser gets."""
        return self.mimetype if self.direct else _TYPES[self.container][0 if self.picture else 1]


def own_file(recording: Recording, settings: Settings, number: int) -> Track | None:
    """Return a track whose file is the recording's own and lies in a folder of recordings.

    :param number: the track's id
    :return: None where there is none: whatever the database names is not shown for that alone
    """
    found = next((track for track in own_files(recording, settings) if track.id == number), None)
    return found


def own_files(recording: Recording, settings: Settings) -> tuple[Track, ...]:
    """Return the tracks whose files are there and are the recording's own."""
    fallback = settings.capture.fallback_directory
    homes = [settings.capture.directory, *([fallback] if fallback else [])]
    try:
        inside = [home.resolve() for home in homes]
        own = own_tracks(recording, homes).tracks
        return tuple(track for track in own if any(home in track.path.resolve().parents for home in inside))
    except (OSError, RuntimeError, ValueError):  # a loop of links; a NUL in a path
        return ()


def open_file(path: Path) -> BufferedReader:
    """Open a regular file; nothing else, and nothing that a link has been put in place of.

    :raises OSError: where that is impossible
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"“{path}” is no regular file")
    return os.fdopen(descriptor, "rb")


def playback_of(track: Track | None) -> Playback:
    """Return how a track's file can be played.

    :param track: None where its file is gone
    """
    if track is None:
        return Playback(False)
    try:
        with open_file(track.path) as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return Playback(False)
    codecs, picture = _codecs(track.streams)
    container = _container(head)
    mimetype = _TYPES[container][0 if picture else 1]
    if not head:
        return Playback(True, mimetype, picture=picture, why="The file is empty.")
    if codecs and codecs <= _DIRECT.get(container, frozenset()):
        return Playback(True, mimetype, direct=True, picture=picture)
    if codecs and codecs <= _IN_MP4:
        return Playback(True, mimetype, container="mp4", picture=picture)
    if codecs and codecs <= _IN_WEBM:
        return Playback(True, mimetype, container="webm", picture=picture)
    return Playback(True, mimetype, picture=picture, why=_why(codecs))


def _codecs(streams: Iterable[str]) -> tuple[set[str], bool]:
    """Return the codecs of picture and sound, and whether there is a picture."""
    words = [stream.split() for stream in streams]
    known = [(each[0], each[1]) for each in words if len(each) > 1 and each[0] in ("video", "audio")]
    return {codec for _, codec in known}, any(kind == "video" for kind, _ in known) or not known


def _container(head: bytes) -> str:
    """Return the container that the first bytes tell; the content decides, never the name."""
    if head[4:8] == b"ftyp":
        return "mov" if head[8:12] == b"qt  " else "mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm" if b"webm" in head else "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xf3", b"\xf2")):
        return "mp3"
    return {b"OggS": "ogg", b"fLaC": "flac"}.get(head[:4], "")


def _why(codecs: Sequence[str] | set[str]) -> str:
    if not codecs:
        return "It is not known what this file holds."
    strange = sorted(set(codecs) - _IN_MP4 - _IN_WEBM)
    if not strange:
        return "Browsers do not play this mixture of picture and sound."
    return f"Browsers do not play {' and '.join(strange)}."
