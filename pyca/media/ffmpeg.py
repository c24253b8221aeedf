"""Find FFmpeg: the one named by the operator, the system's, or the bundled one."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.core.errors import MediaError

VARIABLE = "PYCA_FFMPEG"
"""Environment variable that names the FFmpeg binary to use."""


@dataclass(frozen=True)
class Tools:
    """The binaries that do the work. The bundled FFmpeg comes without ffprobe."""

    ffmpeg: Path
    ffprobe: Path | None = None


def find_tools(environ: Mapping[str, str]) -> Tools:
    """Return FFmpeg and, where there is one, ffprobe.

    :raises MediaError: where no FFmpeg is found
    """
    return Tools(find_ffmpeg(environ), find_ffprobe(environ))


def find_ffmpeg(environ: Mapping[str, str]) -> Path:
    """Return the FFmpeg named by PYCA_FFMPEG, else the one on the PATH, else the bundled one.

    :param environ: the process environment
    :raises MediaError: where none is found, or PYCA_FFMPEG names no program
    """
    if named := environ.get(VARIABLE, ""):
        return _named(named, environ)
    if found := _on_path("ffmpeg", environ) or _bundled():
        return found
    raise MediaError(
        "no FFmpeg on this machine",
        f"install the system's package ffmpeg or “pip install pyca[ffmpeg]”, or set {VARIABLE}",
    )


def find_ffprobe(environ: Mapping[str, str]) -> Path | None:
    """Return the ffprobe beside the FFmpeg that PYCA_FFMPEG names, else the one on the PATH, if any."""
    if named := environ.get(VARIABLE, ""):
        beside = _named(named, environ).with_name("ffprobe")
        return beside if os.access(beside, os.X_OK) else None
    return _on_path("ffprobe", environ)


def substitute(argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return a capture command that runs the found FFmpeg where its program is exactly ``ffmpeg``.

    :raises MediaError: where the command wants FFmpeg and none is found
    """
    if not argv or argv[0] != "ffmpeg":
        return list(argv)
    return [str(find_ffmpeg(environ)), *argv[1:]]


def _named(name: str, environ: Mapping[str, str]) -> Path:
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    if not found:
        raise MediaError(f"{VARIABLE} names “{name}”, which is no program", "correct or unset the variable")
    return Path(found)


def _on_path(program: str, environ: Mapping[str, str]) -> Path | None:
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    return Path(found) if found else None


def _bundled() -> Path | None:
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return None
