"""What the configurations of cameras and of pipelines have in common: checks of their keys."""

import math
from collections.abc import Iterable
from typing import Any

from pyca.config.report import did_you_mean
from pyca.folders.names import fault_in, fault_of, shown
from pyca.sources.options import choice, integer

FURTHEST = 1e9
"""pixels or units: nothing in a picture is further away"""
COMPRESSIONS = ("bitshuffle_lz4", "lz4", "none")


def finite(value: Any) -> str:
    """Check a number that is neither endless nor beyond all measure."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if real and abs(value) <= FURTHEST else "a number"


def any_integer(value: Any) -> str:
    """Check a whole number of either sign."""
    return integer(-1_000_000, 1_000_000)(value) and "a whole number"


def some_text(value: Any) -> str:
    """Check a text that is not empty and can be shown."""
    return "" if isinstance(value, str) and value.strip() and not fault_in(value) else "a text"


def roi(value: Any) -> str:
    """Check ``[offset_x, size_x, offset_y, size_y]`` in pixels; an empty list is none."""
    if value is None or value == []:
        return ""
    expected = "[offset_x, size_x, offset_y, size_y] in whole pixels with sizes of at least 1, or null"
    if not isinstance(value, list | tuple) or len(value) != 4:
        return expected
    wrong = any(any_integer(whole(part)) for part in value)
    return expected if wrong or value[1] < 1 or value[3] < 1 else ""


def background(value: Any) -> str:
    """Check the id of a background."""
    return "" if value in (None, "") or not fault_of(value) else "the id of a background, or null"


def words(value: Any) -> str:
    """Check a list of names; one name alone is a list of one."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return "a list of names"
    for part in parts:
        if fault := fault_of(part):
            return f"a list of names ({shown(part)} {fault})"
    return "" if len(set(parts)) == len(parts) else "a list of names, each of them once"


def compression(value: Any) -> str:
    """Check how values are compressed on the wire."""
    return (
        "" if value is None else choice(*COMPRESSIONS)(value) and "one of bitshuffle_lz4, lz4, none or null"
    )


def whole(value: Any) -> Any:
    """Return a number such as 100.0 as 100, and everything else as it is."""
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value


def as_roi(value: Any) -> Any:
    """Return a region as four whole numbers, None where there is none."""
    return tuple(int(part) for part in value) if value else None


def as_words(value: Any) -> Any:
    """Return names as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


def or_none(value: Any) -> Any:
    """Return None for what is empty or nought."""
    return value or None


def as_compression(value: Any) -> Any:
    """Return None for none."""
    return None if value == "none" else value


def unknown_key(place: str, name: str, known: Iterable[str]) -> str:
    """Return what is said of a key that nobody knows."""
    return f"{shown(place)}: no such key{did_you_mean(name, known)}"
