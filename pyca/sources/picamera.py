"""The camera of a Raspberry Pi: the luminance of its images, by rpicam-vid, libcamera-vid or picamera2."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from pyca.core.errors import MediaError, OfflineError, SourceError
from pyca.media.picamera import ALIGNED, Shot, require_picamera
from pyca.sources.drain import Layout
from pyca.sources.options import Check, Option, integer, number
from pyca.sources.program import ProgramSource, Recipe


def _multiple(of: int, most: int) -> Check:
    def check(value: Any) -> str:
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole and 0 < value <= most and value % of == 0
        return "" if fits else f"a multiple of {of} up to {most}"

    return check


OPTIONS = (
    Option("width", 1280, _multiple(ALIGNED, 4608)),
    Option("height", 720, _multiple(2, 4608)),
    Option("frame_rate", 30.0, number(0.1, 1000)),
    Option("exposure", None, integer(1, 1_000_000_000, optional=True)),
    Option("gain", None, number(1, 1000, optional=True)),
    Option("stall", 5.0, number(0.5, 3600)),
)


def make(source: str, options: Mapping[str, Any]) -> ProgramSource:
    """Return a camera, not yet open.

    :param source: the number of the camera, “0” or “auto” for the only one
    :raises SourceError: where it is no number
    """
    number = "0" if source.strip().lower() in ("", "auto", "picamera") else source.strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 2):
        raise SourceError(
            f"“{source[:100]}” is no camera of a Raspberry Pi", "use its number, 0 for the only one"
        )
    width, height, rate = options["width"], options["height"], options["frame_rate"]
    shot = Shot(int(number), width, height, rate, options["exposure"], options["gain"])
    # The two planes of colour are half as wide and half as high.
    layout = Layout((width, height), np.dtype(np.uint8), rest=width * height // 2)
    return ProgramSource(
        Recipe(
            name=f"the Raspberry Pi camera {number}",
            command=partial(_command, shot),
            check=_check,
            layout=layout,
            size=layout.size,
            stall=max(options["stall"], 3 / rate),
        )
    )


def _command(shot: Shot, environ: Mapping[str, str]) -> list[str]:
    try:
        return require_picamera(environ).raw_command(shot)
    except MediaError as error:
        raise SourceError(error.message, error.remedy) from error


def _check() -> None:
    """Look for the camera.

    :raises SourceError: where no program for it is installed
    :raises OfflineError: where none is plugged in
    """
    try:
        program = require_picamera(os.environ)
    except MediaError as error:
        raise SourceError(error.message, error.remedy) from error
    if not program.has_camera():
        raise OfflineError("no camera is plugged into this Raspberry Pi", "see “rpicam-vid --list-cameras”")
