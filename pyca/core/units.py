"""Sizes, rates and durations: from what people write to numbers, and back."""

import re
from datetime import datetime

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?(?:/s)?\s*$", re.IGNORECASE)
_FACTOR = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_DURATION = re.compile(
    r"^\s*(?:(\d+(?:\.\d+)?)\s*d)?\s*(?:(\d+(?:\.\d+)?)\s*h)?\s*"
    r"(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s?)?\s*$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^\s*(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?\s*$")


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``2500k``, ``3M`` or ``10 GB`` (decimal prefixes).

    :raises ValueError: where it is none
    """
    match = _SIZE.match(text)
    if not match:
        raise ValueError(f"“{text}” is no size; write a number with k, M or G, such as 2500k")
    return int(float(match[1]) * _FACTOR[match[2].lower()])


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``90``, ``90s``, ``1h30m``, ``45min`` or ``1:30:00``.

    :raises ValueError: where it is none
    """
    if clock := _CLOCK.match(text):
        first, second, third = clock.groups()
        if third is None:
            return int(first) * 60.0 + int(second)
        return int(first) * 3600.0 + int(second) * 60.0 + float(third)
    match = _DURATION.match(text)
    if not match or not any(match.groups()):
        raise ValueError(f"“{text}” is no duration; write such as 90s, 45min, 1h30m or 1:30:00")
    days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def show_duration(seconds: float) -> str:
    """Return a duration as people read it: ``1:30:05`` or ``0:09``."""
    whole = max(round(seconds), 0)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_size(size: float) -> str:
    """Return bytes as people read them: ``1.4 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def show_time(moment: float) -> str:
    """Return the time of day in the machine's zone: ``14:00:05``."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%H:%M:%S")
