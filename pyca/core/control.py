"""What may be set for a stream, as people write it: checked as a whole, changed as a whole."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pyca.core.errors import UsageError
from pyca.core.live import RESOLUTIONS, SILENCE, TONE, Profile

HIDDEN = "********"
"""stands for a key wherever it is shown; sent back it means “as it is”"""
FPS = range(1, 61)
QUALITY = range(10, 41)
BITRATE = range(50_000, 51_000_001)
"""bits per second; the upper end is the most that any big platform takes"""

_BITRATE = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(k|kb|kbps|kpbs|m|mb|mbps)?", re.IGNORECASE | re.ASCII)
_FACTORS = {"": 1, "k": 1000, "m": 1_000_000}
_DEVICE = re.compile(r"(?:alsa|pulse):\S.*")
_LONGEST = 2000


class ParameterError(UsageError):
    """A value that a stream cannot have.

    :param name: the parameter
    """

    def __init__(self, name: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.name = name


@dataclass(frozen=True)
class Control:
    """The control data of the livebox interface.

    ``name`` is the stream key and ``url`` the base address; what is pushed to is ``url/name``.
    """

    name: str = field(default="", repr=False)
    url: str = ""
    resolution: str = Profile.resolution
    bitrate: int = Profile.bitrate
    audio: str = Profile.audio
    fps: int = Profile.fps
    quality: int | None = None

    @property
    def profile(self) -> Profile:
        """How pictures and sound are sent."""
        return Profile(self.resolution, self.bitrate, self.audio, self.fps, self.quality)


def parse_bitrate(value: object) -> int:
    """Return the bits per second of ``800kbps``, ``1M`` or ``100000``.

    ``kpbs`` is taken for ``kbps``: it is the published spelling.

    :raises ParameterError: where it is none, or one that no stream can have
    """
    match = _BITRATE.fullmatch(str(value).strip()) if _is_plain(value) else None
    if match:
        bits = int(float(match[1]) * _FACTORS[(match[2] or "")[:1].lower()])
        if bits in BITRATE:
            return bits
    few, most = BITRATE[0] // 1000, BITRATE[-1] // 1_000_000
    raise ParameterError(
        "bitrate",
        f"the bitrate {_shown(value)} is not possible",
        f"write such as 800kbps, 1M or 100000, from {few}kbps to {most}M",
    )


def parse_optional_bitrate(text: str) -> int | None:
    """Return the same; None, for that of the resolution, where nothing is written."""
    return parse_bitrate(text) if text.strip() else None


def parse_resolution(value: object) -> str:
    """Return the name of a resolution.

    :raises ParameterError: where there is no such
    """
    name = str(value).strip().lower()
    if name not in RESOLUTIONS:
        raise ParameterError(
            "resolution", f"the resolution {_shown(value)} is none of ours", f"use {_listed()}"
        )
    return name


def parse_audio(value: object) -> str:
    """Return what the sound is.

    :raises ParameterError: where it is nothing that we know
    """
    text = str(value).strip()
    for word in (SILENCE, TONE, "input"):
        if text.lower() == word.lower():
            return word
    if _DEVICE.fullmatch(text) and len(text) <= _LONGEST:
        return text
    remedy = "use silence, 1kHz, input, alsa:DEVICE or pulse:SOURCE"
    raise ParameterError("audio", f"the sound {_shown(value)} is nothing that we know", remedy)


def parse_fps(value: object) -> int:
    """Return the frames per second.

    :raises ParameterError: where it is no such number
    """
    return _whole("fps", "frame rate", value, FPS)


def parse_quality(value: object) -> int | None:
    """Return the camera quality; None, as which an empty text counts too, is the default.

    :raises ParameterError: where it is no such number
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "null", "none")):
        return None
    return _whole("quality", "quality", value, QUALITY)


def changed(control: Control, values: Mapping[str, Any]) -> Control:
    """Return control data with some values replaced: all of them, or none.

    A new resolution brings its own bitrate unless one is given beside it, and so does a bitrate of None.
    ``timestamp`` is passed over, and a hidden name stays what it is. Addresses are checked by whoever knows
    what can be reached.

    :raises ParameterError: naming the first value that cannot be
    """
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name == "timestamp" or (name == "name" and value == HIDDEN):
            continue
        if name not in _PARSERS:
            known = ", ".join(_PARSERS)
            raise ParameterError(name, f"there is no parameter {_shown(name)}", f"there are {known}")
        if name != "bitrate" or value is not None:
            parsed[name] = _PARSERS[name](value)
    resolution = parsed.get("resolution", control.resolution)
    if resolution != control.resolution or ("bitrate" in values and values["bitrate"] is None):
        parsed.setdefault("bitrate", RESOLUTIONS[resolution].bitrate)
    return replace(control, **parsed)


def parse_text(name: str, value: object) -> str:
    """Return a text of one line, empty for none.

    :raises ParameterError: where it is none, naming the parameter
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ParameterError(name, f"{name} is no text of one line", f"send up to {_LONGEST} characters")
    return value.strip()


_PARSERS: Mapping[str, Any] = {
    "name": partial(parse_text, "name"),
    "url": partial(parse_text, "url"),
    "resolution": parse_resolution,
    "bitrate": parse_bitrate,
    "audio": parse_audio,
    "fps": parse_fps,
    "quality": parse_quality,
}


def _whole(name: str, words: str, value: object, allowed: range) -> int:
    text = str(value).strip()
    if _is_plain(value) and text.isascii() and text.isdecimal() and len(text) < 10 and int(text) in allowed:
        return int(text)
    remedy = f"use a whole number from {allowed[0]} to {allowed[-1]}"
    raise ParameterError(name, f"the {words} {_shown(value)} is not possible", remedy)


def _is_plain(value: object) -> bool:
    """Tell whether a value is a number or text: True is an int to Python, and no bitrate."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _shown(value: object) -> str:
    # As it was sent: JSON says null and true where Python says None and True.
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def _listed() -> str:
    return ", ".join(RESOLUTIONS)
