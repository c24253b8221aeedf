"""Sound levels of what is recorded now, in one small file: capture writes it, the page reads it."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyca.runtime.files import read_regular

NAME = "levels.json"
"""the file's name, in the folder of the preview pictures"""
_LARGEST = 64 * 1024
_MOST_INPUTS = 100
_LONGEST_NAME = 200
_RANGE = (-200.0, 100.0)
"""dB that a level can be"""


@dataclass(frozen=True)
class Sounding:
    """How loud an input was in its latest second.

    :param rms: its level in dB below full scale
    :param peak: its highest sample in dB below full scale, None where unknown
    :param at: when that was measured, in seconds since 1970 UTC
    """

    rms: float
    peak: float | None
    at: float


def write(folder: Path, levels: Mapping[str, Sounding]) -> None:
    """Replace the file as a whole, or remove it where there is nothing to tell.

    Not synced to the disk: it is out of date in a second.

    :param levels: by input
    :raises OSError: where that is not possible
    """
    file, draft = folder / NAME, folder / f".{NAME}.new"
    draft.unlink(missing_ok=True)
    if not levels:
        file.unlink(missing_ok=True)
        return
    text = json.dumps({name: _plain(level) for name, level in levels.items()})
    # Made anew: whatever somebody puts in its place is neither followed nor waited for.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read(folder: Path) -> dict[str, Sounding]:
    """Return the levels by input; nothing where there is no such file, or something else in its place."""
    try:
        found = json.loads(read_regular(folder / NAME, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or len(found) > _MOST_INPUTS:
        return {}
    levels = {name: _level(value) for name, value in found.items() if len(name) <= _LONGEST_NAME}
    return {name: level for name, level in levels.items() if level}


def _plain(level: Sounding) -> dict[str, float | None]:
    peak = None if level.peak is None else round(level.peak, 1)
    return {"rms": round(level.rms, 1), "peak": peak, "at": round(level.at, 2)}


def _level(value: Any) -> Sounding | None:
    if not isinstance(value, dict):
        return None
    rms, peak, at = (_number(value.get(key)) for key in ("rms", "peak", "at"))
    if rms is None or at is None or (peak is None and value.get("peak") is not None):
        return None
    sound = all(_RANGE[0] <= level <= _RANGE[1] for level in (rms, rms if peak is None else peak))
    return Sounding(rms, peak, at) if sound else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
