"""Preview pictures: the files that capture commands write, read whole or not at all."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.config.settings import Settings

LARGEST = 8_000_000
"""Bytes; whatever is larger is no preview."""

STALE_SECONDS = 20.0
"""A picture that is older than this is not live."""


_LATEST = 32_503_680_000.0
"""seconds since 1970: the year 3000"""


@dataclass(frozen=True)
class PreviewFile:
    """One configured preview."""

    number: int
    label: str
    path: Path


@dataclass(frozen=True)
class Picture:
    """A complete picture as it was read."""

    data: bytes
    mimetype: str
    modified: float
    """seconds since 1970 UTC"""
    tag: str


def preview_files(settings: Settings) -> tuple[PreviewFile, ...]:
    """Return the configured preview files in order, those of named inputs after those of ``[capture]``."""
    labelled = [("", name) for name in settings.capture.preview]
    labelled += [(label, name) for label, one in settings.inputs.items() for name in one.preview]
    return tuple(
        PreviewFile(number, label or f"Input {number + 1}", _path(name, settings))
        for number, (label, name) in enumerate(labelled)
    )


def outgoing_files(settings: Settings) -> tuple[PreviewFile, ...]:
    """Return the picture of what is streamed."""
    return (PreviewFile(0, "What goes out", settings.live.directory / "preview.jpg"),)


def _path(name: str, settings: Settings) -> Path:
    return Path(name.replace("{{previewdir}}", str(settings.capture.preview_dir)))


class Previews:
    """Reads previews and remembers the last complete picture of each.

    A capture command may write its preview in place; while it does so the file is half a picture, and the
    last whole one is better than none.
    """

    def __init__(self, files: Sequence[PreviewFile]) -> None:
        self.files = tuple(files)
        self._pictures: dict[int, Picture] = {}

    def modified(self, number: int) -> float | None:
        """Return when a preview was written, None where there is none."""
        try:
            found = self.files[number].path.stat()
        except (OSError, ValueError):
            return None
        return _moment(found) if stat.S_ISREG(found.st_mode) and found.st_size else None

    def picture(self, number: int) -> Picture | None:
        """Return a preview; while it is being written its last complete version, None where there is none."""
        if not 0 <= number < len(self.files):
            return None
        known = self._pictures.get(number)
        fresh = _read(self.files[number].path, known)
        if fresh is None:
            if self.modified(number) is None:
                self._pictures.pop(number, None)
                return None
            return known
        self._pictures[number] = fresh
        return fresh


def _read(path: Path, known: Picture | None) -> Picture | None:
    """Read a picture; None where it is missing, no picture or incomplete."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                return None
            tag = f"{found.st_mtime_ns:x}-{found.st_size:x}"
            if known and known.tag == tag:
                return known
            data = file.read(LARGEST)
    except (OSError, ValueError):
        return None
    mimetype = picture_type(data)
    return Picture(data, mimetype, _moment(found), tag) if mimetype else None


def _moment(found: os.stat_result) -> float:
    """Return when a file was written; some disks keep moments that no calendar has."""
    return min(max(found.st_mtime, 0.0), _LATEST)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting: a named pipe would hold the thread for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def picture_type(data: bytes) -> str:
    """Return the media type of a complete picture, empty where it is none or its end is missing.

    Each format ends with a mark of its own or starts with its length; what is served is decided by the
    content, never by the name.
    """
    if data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= int.from_bytes(data[4:8], "little") + 8:
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a") and data.endswith(b";"):
        return "image/gif"
    return ""
