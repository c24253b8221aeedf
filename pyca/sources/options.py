"""Keys of a camera's configuration: their names, defaults and limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], str]
"""returns what is expected instead of a value, empty where the value fits"""


@dataclass(frozen=True)
class Option:
    """One key.

    :param default: used where the key is not there or null
    """

    name: str
    default: Any
    check: Check


def integer(minimum: int, maximum: int | None = None, *, optional: bool = False) -> Check:
    """Return a check for whole numbers within limits; ``optional`` ones may be null."""
    limits = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def check(value: Any) -> str:
        if value is None and optional:
            return ""
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole and minimum <= value and (maximum is None or value <= maximum)
        return "" if fits else f"a whole number {limits}{' or null' if optional else ''}"

    return check


def number(minimum: float, maximum: float | None = None, *, optional: bool = False) -> Check:
    """Return a check for finite numbers within limits; ``optional`` ones may be null."""
    limits = f"of at least {minimum:g}" if maximum is None else f"from {minimum:g} to {maximum:g}"

    def check(value: Any) -> str:
        if value is None and optional:
            return ""
        real = isinstance(value, int | float) and not isinstance(value, bool)
        fits = real and minimum <= value < float("inf") and (maximum is None or value <= maximum)
        return "" if fits else f"a number {limits}{' or null' if optional else ''}"

    return check


def boolean(value: Any) -> str:
    """Check a truth value."""
    return "" if isinstance(value, bool) else "true or false"


def text(*, optional: bool = False) -> Check:
    """Return a check for texts that are not empty; ``optional`` ones may be empty or null."""

    def check(value: Any) -> str:
        if optional and (value is None or value == ""):
            return ""
        return "" if isinstance(value, str) and value.strip() else "a text"

    return check


def choice(*words: Any) -> Check:
    """Return a check for one of a few values."""
    expected = "one of " + ", ".join(map(str, words))
    return lambda value: "" if isinstance(value, type(words[0])) and value in words else expected
