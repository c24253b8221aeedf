"""The camera of a Raspberry Pi: read by rpicam-vid, or by the system's picamera2.

Whatever program it is, it writes to its standard output: bare H.264, parameter sets before each key frame, or
images as they are.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from pyca.core.errors import MediaError
from pyca.core.live import Profile
from pyca.media.run import run
from pyca.media.standalone import picamera2_reader

T = TypeVar("T")
PROGRAMS = ("rpicam-vid", "libcamera-vid")
_PYTHON = "/usr/bin/python3"
"""the system's: picamera2 comes with it and with no other"""
ALIGNED = 64
"""pixels: the rows of images of such a width have no padding on any model"""
_LIMIT = 5.0
"""seconds that a question may take"""
_FIND = "import importlib.util as u, sys; sys.exit(not u.find_spec('picamera2'))"
_HIGHER = 30 * 1920 * 1080
"""pixels per second above which level 4.2 is needed"""


@dataclass(frozen=True)
class Shot:
    """How images are taken.

    :param camera: the number of the camera, 0 for the only one
    :param width: in pixels, a multiple of :data:`ALIGNED`, as the rows of other images are padded
    :param height: in pixels, even
    :param rate: frames per second
    :param exposure: in microseconds, None for what the camera finds best; so is the gain
    """

    camera: int
    width: int
    height: int
    rate: float
    exposure: int | None = None
    gain: float | None = None


@dataclass(frozen=True)
class Picamera:
    """One program that reads the camera.

    :param program: its words up to its own options
    """

    program: tuple[str, ...]

    @property
    def is_helper(self) -> bool:
        """True where it is our own script for picamera2."""
        return len(self.program) > 1

    def has_camera(self) -> bool:
        """Tell whether a camera is plugged in: the programs are there on every Raspberry Pi."""
        return _has_camera(self.program)

    def command(self, profile: Profile, *, hflip: bool = False, vflip: bool = False) -> list[str]:
        """Return the program's words for a profile."""
        size, fps = profile.size, profile.fps
        level = "4.2" if size.width * size.height * fps > _HIGHER else "4"
        words = [*self.program, "--width", str(size.width), "--height", str(size.height)]
        words += ["--framerate", str(fps), "--bitrate", str(profile.bitrate)]
        words += ["--intra", str(profile.key_frame_distance), "--profile", "high", "--level", level]
        words += [word for word, wanted in (("--hflip", hflip), ("--vflip", vflip)) if wanted]
        if self.is_helper:
            return words if profile.quality is None else [*words, "--quality", str(profile.quality)]
        return [
            *words,
            "-t",
            "0",
            "--codec",
            "h264",
            "--inline",
            "--flush",
            "-n",
            "--verbose",
            "0",
            "-o",
            "-",
        ]

    def raw_command(self, shot: Shot) -> list[str]:
        """Return the program's words for images of YUV 4:2:0, one plane behind the other, without padding."""
        words = [*self.program, "--camera", str(shot.camera), "--codec", "yuv420"]
        words += ["--width", str(shot.width), "--height", str(shot.height), "--framerate", f"{shot.rate:g}"]
        words += ["--shutter", str(shot.exposure)] if shot.exposure else []
        words += ["--gain", f"{shot.gain:g}"] if shot.gain else []
        return words if self.is_helper else [*words, "-t", "0", "--flush", "-n", "--verbose", "0", "-o", "-"]

    def notes(self, profile: Profile) -> tuple[str, ...]:
        """Return what of a profile the program cannot do, in words."""
        if profile.quality is None:
            return ()
        if self.is_helper:
            return ("picamera2 keeps to the quality, whatever bitrate that takes",)
        name = Path(self.program[0]).name
        return (f"the quality has no meaning for H.264 by {name}: the bitrate alone decides",)


def find_picamera(environ: Mapping[str, str]) -> Picamera | None:
    """Return the program that reads the camera of a Raspberry Pi; None where there is none.

    :param environ: the process environment: it says where programs are
    """
    for name in PROGRAMS:
        if found := shutil.which(name, path=environ.get("PATH")):
            return Picamera((found,))
    if Path(_PYTHON).exists() and _has_picamera2(environ.get("PYTHONPATH", "")):
        return Picamera((_PYTHON, str(Path(picamera2_reader.__file__))))
    return None


def require_picamera(environ: Mapping[str, str]) -> Picamera:
    """Return the same.

    :raises MediaError: where there is none
    """
    if found := find_picamera(environ):
        return found
    raise MediaError(
        "no camera of a Raspberry Pi: neither rpicam-vid nor libcamera-vid nor picamera2 is installed",
        "install the package rpicam-apps or python3-picamera2",
    )


def _has_picamera2(python_path: str) -> bool:
    return _is_so(_find_picamera2, python_path)


def _has_camera(program: tuple[str, ...]) -> bool:
    return _is_so(_see_camera, program)


def _is_so(question: Callable[[T], None], about: T) -> bool:
    try:
        question(about)
    except MediaError:
        return False
    return True


# Asking takes its time. Only a yes is kept: what is away, or does not answer in time, may be there later.
@cache
def _find_picamera2(python_path: str) -> None:
    environment = ["env", f"PYTHONPATH={python_path}"] if python_path else []
    if run([*environment, _PYTHON, "-c", _FIND], _LIMIT).code:
        raise MediaError("picamera2 is not installed")


@cache
def _see_camera(program: tuple[str, ...]) -> None:
    listed = run([*program, "--list-cameras"], _LIMIT)
    if listed.code or not any(line.strip().startswith("0 :") for line in listed.output.splitlines()):
        raise MediaError("no camera is plugged in")
