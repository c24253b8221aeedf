"""The files of the player: those that the streamer writes into one folder, while it does so."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LIST = "index.m3u8"
FRESH = 30.0
"""Seconds after which a list that nobody writes any more is over: a stream that ended is not shown again."""

_NAME = re.compile(r"(?:part|init)-\d{1,15}\.(m4s|mp4)", re.ASCII)
_TYPES = {"m4s": "video/iso.segment", "mp4": "video/mp4", "m3u8": "application/vnd.apple.mpegurl"}
_LARGEST_LIST = 100_000


@dataclass(frozen=True)
class Piece:
    """An open file of the player.

    :param size: bytes
    """

    file: BinaryIO
    size: int
    mimetype: str


def mimetype(name: str) -> str:
    """Return the media type of a file of the player, empty where the name is none of one."""
    if name == LIST:
        return _TYPES["m3u8"]
    found = _NAME.fullmatch(name)
    return _TYPES[found[1]] if found else ""


def read_list(folder: Path, now: float) -> bytes | None:
    """Return the list of what can be played, None while nothing is on air.

    :param now: seconds since 1970 UTC
    """
    opened = _open(folder, LIST)
    if opened is None:
        return None
    with opened as file:
        if now - os.fstat(file.fileno()).st_mtime > FRESH:
            return None
        return file.read(_LARGEST_LIST)


def open_piece(folder: Path, name: str, now: float) -> Piece | None:
    """Return a part of what is on air, None where it is gone or there is none of that name.

    :param now: seconds since 1970 UTC
    """
    # What was kept of an earlier stream is nobody's business any more.
    if name == LIST or not mimetype(name) or read_list(folder, now) is None:
        return None
    file = _open(folder, name)
    return Piece(file, os.fstat(file.fileno()).st_size, mimetype(name)) if file else None


def _open(folder: Path, name: str) -> BinaryIO | None:
    """Open a regular file of the folder itself: no link leads out of it, and no pipe holds us up."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")
