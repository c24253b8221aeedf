"""The standby slate: a still picture or a colour with some words, and silence."""

from functools import cache
from pathlib import Path

from pyca.core.live import Profile, Size
from pyca.live.plan import Surroundings
from pyca.live.source.binary import binary_at
from pyca.live.source.encoders import software
from pyca.live.source.encoding import BEGIN, WRITE_FLV
from pyca.live.source.sound import SILENT
from pyca.media.h264 import picture_filters, picture_options, sound_options
from pyca.media.run import run, url

_COLOUR = "0x1b2733"
_LONGEST = 200
"""characters; more could not be read"""
_LIMIT = 10.0
"""seconds for a trial that takes a tenth of one"""


def slate_command(profile: Profile, size: Size | None, surroundings: Surroundings) -> list[str]:
    """Return the command that writes the slate as FLV to its standard output, at the profile's pace.

    :param size: that of a copied camera, where it is not the profile's
    :raises MediaError: where FFmpeg cannot encode it
    """
    size = size or profile.size
    ffmpeg = surroundings.tools.ffmpeg
    words = _words(surroundings.slate_text, size)
    written = [words] if words and _can_write(ffmpeg, words) else []
    picture = _usable(surroundings.slate)
    if picture:
        source = ["-loop", "1", "-framerate", str(profile.fps), "-i", url(picture)]
    else:
        colour = f"color=c={_COLOUR}:s={size.width}x{size.height}:r={profile.fps}"
        source = ["-f", "lavfi", "-i", colour]
    return [
        *(str(ffmpeg), *BEGIN),
        *("-re", *source, *SILENT, "-map", "0:v:0", "-map", "1:a:0"),
        *("-vf", picture_filters(size, profile.fps, *written, background=_COLOUR)),
        *picture_options(profile, software(binary_at(ffmpeg))),
        *sound_options(),
        *WRITE_FLV,
    ]


def _usable(picture: Path | None) -> Path | None:
    """Return the picture where there is one: without it the slate still has its colour."""
    return picture if picture and picture.is_file() else None


def _words(text: str, size: Size) -> str:
    """Return the filter that writes a text into the middle, nothing where there is no text."""
    line = " ".join(text.split())[:_LONGEST]
    if not line:
        return ""
    # As large as is easily read, and no wider than the picture: a letter is about half as wide as high.
    height = max(8, min(size.height // 8, int(size.width * 1.6 / len(line))))
    place = "x=(w-text_w)/2:y=(h-text_h)/2"
    look = f"fontsize={height}:fontcolor=white:box=1:boxcolor={_COLOUR}@0.6:boxborderw={height // 2}"
    return f"drawtext=text={escape(line)}:expansion=none:{place}:{look}"


def escape(text: str) -> str:
    """Return a text so that it passes unharmed as the value of an option within FFmpeg's filters."""
    option = _escaped(text, "\\':")
    return _escaped(option, "\\'[],;")


def _escaped(text: str, special: str) -> str:
    return "".join(f"\\{letter}" if letter in special else letter for letter in text)


@cache
def _can_write(ffmpeg: Path, words: str) -> bool:
    """Tell whether this FFmpeg can draw a text: it may be built without, or find no font."""
    trial = ["-f", "lavfi", "-i", "color=s=64x64", "-vf", words, "-frames:v", "1", "-f", "null", "-"]
    return run([str(ffmpeg), *BEGIN, *trial], _LIMIT).code == 0
