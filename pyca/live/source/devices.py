"""Cameras of the Video4Linux kind: which there are, and which forms of pictures they offer."""

import fcntl
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Control = Callable[[int, int, bytearray], object]
"""asks a driver: descriptor, request, and what is asked and answered"""

# Requests and layouts: “Video for Linux API”, QUERYCAP and ENUM_FMT.
_QUERY = 0x80685600
_FORMATS = 0xC0405602
_CAPTURE = 0x00000001
_DEVICE_CAPABILITIES = 0x80000000
_QUERY_SIZE, _FORMAT_SIZE = 104, 64
_MOST_FORMATS = 64
_READABLE = frozenset({"YUYV", "UYVY", "YU12", "NV12", "MJPG", "JPEG", "RGB3", "BGR3", "H264", "GREY"})
"""four-letter names of what FFmpeg reads"""
_INNER = frozenset({"bcm2835-isp", "bcm2835-codec", "pispbe", "rpivid", "unicam", "rp1-cfe"})
"""drivers of a Raspberry Pi whose devices are no cameras, or only together with libcamera"""


@dataclass(frozen=True)
class Camera:
    """A device that delivers pictures."""

    path: str
    name: str = ""
    driver: str = ""
    formats: tuple[str, ...] = ()
    """four-letter names"""

    @property
    def is_usable(self) -> bool:
        """Whether FFmpeg can read it."""
        return self.driver not in _INNER and any(name in _READABLE for name in self.formats)


def cameras(root: Path = Path("/")) -> Iterator[Camera]:
    """Yield the machine's usable cameras, in the order of their numbers."""
    for path in sorted((root / "dev").glob("video[0-9]*"), key=_number):
        camera = ask(path)
        if camera and camera.is_usable:
            yield camera


def ask(path: Path, control: Control = fcntl.ioctl) -> Camera | None:
    """Return what a device tells about itself; None where it is no camera, or says nothing to this user."""
    try:
        # Opening for reading alone starts nothing, even where another program uses the camera.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        answer = bytearray(_QUERY_SIZE)
        control(descriptor, _QUERY, answer)
        driver, name, general, own = struct.unpack_from("16s32s36xII", answer)
        if not (own if general & _DEVICE_CAPABILITIES else general) & _CAPTURE:
            return None
        return Camera(str(path), _text(name), _text(driver), tuple(_formats(descriptor, control)))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _formats(descriptor: int, control: Control) -> Iterator[str]:
    # The end of the list is an error.
    with suppress(OSError):
        for index in range(_MOST_FORMATS):
            answer = bytearray(struct.pack("<II", index, 1).ljust(_FORMAT_SIZE, b"\0"))
            control(descriptor, _FORMATS, answer)
            yield _text(answer[44:48])


def _text(data: bytes | bytearray) -> str:
    return bytes(data).split(b"\0")[0].decode("ascii", "replace")


def _number(path: Path) -> int:
    return int(re.sub(r"\D", "", path.name))
