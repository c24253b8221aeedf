"""The kinds of values a key can have: how text becomes a value and how a value is shown again.

Each kind reads what the file holds (one text, or a list where the line had commas) and refuses with a
``ValueError`` whose text says what is expected, so that it fits after “expected …”.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from pyca.core.errors import UsageError
from pyca.core.naming import LONGEST_NAME, fits
from pyca.core.secrecy import mask_words
from pyca.core.units import parse_size

MASK = "********"
"""what is shown instead of a secret"""

Raw = str | Sequence[str]
"""what ConfigObj makes of a line: one text, or a list where the line has commas outside of quotes"""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def quote(text: str) -> str:
    """Return ``text`` quoted for ``pyca.conf``, in triple quotes where nothing less holds it."""
    if "\n" not in text:
        for mark in ("'", '"'):
            if mark not in text:
                return f"{mark}{text}{mark}"
    mark = '"""' if "'''" in text else "'''"
    return f"{mark}{text}{mark}"


class KeyType(ABC):
    """A kind of value."""

    @abstractmethod
    def parse(self, raw: Raw) -> Any:
        """Return the value of ``raw``.

        :raises ValueError: saying what is expected, where ``raw`` is no such value
        """

    def split(self, text: str) -> Raw:
        """Return a text from outside of the file, such as a variable, as the file would have held it."""
        return text

    def resolve(self, value: Any) -> Any:
        """Return ``value`` independent of the current directory."""
        return value

    def redact(self, text: str) -> str:
        """Return ``text`` with what nobody may see masked."""
        return text

    def plain(self, value: Any) -> Any:
        """Return ``value`` as plain data for JSON, secrets masked."""
        return self.redact(value) if isinstance(value, str) else value

    def show(self, value: Any) -> str:
        """Return ``value`` as it is written in ``pyca.conf``, secrets masked."""
        return quote(str(self.plain(value)))


def single(raw: Raw, expected: str) -> str:
    """Return the one text of a key that takes no list."""
    if not isinstance(raw, str):
        raise ValueError(f"{expected}; put a value with commas in quotes")  # noqa: TRY004
    if "\0" in raw:
        raise ValueError(f"{expected} without NUL characters")
    return raw


class Text(KeyType):
    """Any text."""

    def parse(self, raw: Raw) -> str:
        """Return the text as it is, line breaks included."""
        return single(raw, "one text")


class Secret(Text):
    """A text that is never shown."""

    def redact(self, text: str) -> str:
        """Return asterisks; an empty secret stays empty, because that is worth seeing."""
        return MASK if text else ""


class CommandLine(Text):
    """A program and its arguments, among them perhaps a camera's address with its password."""

    def redact(self, text: str) -> str:
        """Return the command, the passwords in its addresses masked."""
        return mask_words(text)


class Boolean(KeyType):
    """Yes or no."""

    def parse(self, raw: Raw) -> bool:
        """Return the truth of True/False, yes/no, on/off or 1/0."""
        expected = "True or False"
        word = single(raw, expected).strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError(expected)
        return word in _TRUE

    def show(self, value: bool) -> str:
        """Return ``True`` or ``False``."""
        return str(value)


class Parsed(KeyType):
    """What a function of our vocabulary reads.

    :param parse: returns the value; raises an error of ours for what is none
    :param expected: what is expected, in words
    """

    def __init__(self, parse: Callable[[str], Any], expected: str) -> None:
        self._parse = parse
        self._expected = expected

    def parse(self, raw: Raw) -> Any:
        """Return the value."""
        text = single(raw, self._expected)
        try:
            return self._parse(text)
        except UsageError:
            raise ValueError(self._expected) from None

    def plain(self, value: Any) -> Any:
        """Return the value, empty for none."""
        return "" if value is None else value


class Integer(KeyType):
    """A whole number.

    :param minimum: the smallest value allowed
    :param maximum: the largest value allowed
    """

    def __init__(self, minimum: int, maximum: int = 2**31 - 1) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, raw: Raw) -> int:
        """Return the number."""
        expected = f"a whole number of at least {self.minimum}"
        if self.maximum < 2**31 - 1:
            expected = f"a whole number from {self.minimum} to {self.maximum}"
        text = single(raw, expected).strip()
        if not _INTEGER.fullmatch(text) or not self.minimum <= int(text) <= self.maximum:
            raise ValueError(expected)
        return int(text)

    def show(self, value: int) -> str:
        """Return the digits."""
        return str(value)


class Number(KeyType):
    """A number, with or without a fraction.

    :param minimum: the smallest value allowed
    :param maximum: the largest value allowed
    """

    def __init__(self, minimum: float, maximum: float = math.inf) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, raw: Raw) -> float:
        """Return the number."""
        expected = f"a number of at least {self.minimum:g}"
        if self.maximum != math.inf:
            expected = f"a number from {self.minimum:g} to {self.maximum:g}"
        text = single(raw, expected).strip()
        try:
            value = float(text)
        except ValueError:
            raise ValueError(expected) from None
        if not math.isfinite(value) or not self.minimum <= value <= self.maximum:
            raise ValueError(expected)
        return value

    def show(self, value: float) -> str:
        """Return the number without needless zeros."""
        return str(int(value)) if value.is_integer() else repr(value)


class Choice(KeyType):
    """One of a few words.

    :param words: the words allowed, in lower case; an empty one allows to leave the value out
    """

    def __init__(self, *words: str) -> None:
        self.words = words

    def parse(self, raw: Raw) -> str:
        """Return the word in lower case."""
        expected = "one of " + ", ".join(word or "nothing" for word in self.words)
        word = single(raw, expected).strip().lower()
        if word not in self.words:
            raise ValueError(expected)
        return word


class Lines(KeyType):
    """Any number of texts, separated by commas."""

    def parse(self, raw: Raw) -> tuple[str, ...]:
        """Return the texts; a single one needs no comma, and empty ones do not count."""
        items = (raw,) if isinstance(raw, str) else tuple(raw)
        if any("\0" in item for item in items):
            raise ValueError("texts without NUL characters")
        return tuple(item for item in items if item)

    def split(self, text: str) -> Raw:
        """Return the parts of ``text`` between commas."""
        return [item.strip() for item in text.split(",")]

    def plain(self, value: tuple[str, ...]) -> list[str]:
        """Return a list."""
        return list(value)

    def show(self, value: tuple[str, ...]) -> str:
        """Return the quoted texts with commas; a lone comma is the empty list."""
        return ", ".join(quote(item) for item in value) or ","


class Words(Lines):
    """Any number of a few words.

    :param words: the words allowed, in lower case
    """

    def __init__(self, *words: str) -> None:
        self.words = tuple(str(word) for word in words)

    def parse(self, raw: Raw) -> tuple[str, ...]:
        """Return the words in lower case."""
        found = tuple(item.strip().lower() for item in super().parse(raw))
        if not set(found) <= set(self.words):
            raise ValueError("some of " + ", ".join(self.words) + ", or a lone comma for none")
        return found


class LocalPath(KeyType):
    """A file or folder of this machine.

    :param optional: True where an empty value is allowed and means none
    """

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional

    def parse(self, raw: Raw) -> Path | None:
        """Return the path, relative ones below the current directory."""
        expected = "a path"
        text = single(raw, expected)
        if text.strip():
            path = Path(text).absolute()
            if not fits(path):
                raise ValueError(f"a path whose names have at most {LONGEST_NAME} characters")
            return path
        if self.optional:
            return None
        raise ValueError(expected)

    def resolve(self, value: Path | None) -> Path | None:
        """Return the absolute path."""
        return value.absolute() if value else None

    def plain(self, value: Path | None) -> str:
        """Return the path as text, empty for none."""
        return str(value or "")


class Rate(KeyType):
    """Bytes, or bytes per second: ``2500k``, ``3M``, ``1.5G``; the prefixes are decimal."""

    def parse(self, raw: Raw) -> int:
        """Return the bytes."""
        expected = "a size such as 800000, 2500k, 3M or 1.5G"
        try:
            return parse_size(single(raw, expected))
        except (ValueError, OverflowError):
            raise ValueError(expected) from None

    def show(self, value: int) -> str:
        """Return the size with the largest prefix that loses nothing."""
        for prefix, factor in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
            if value and value % factor == 0:
                return f"{value // factor}{prefix}"
        return str(value)


def key(kind: KeyType, default: Any) -> Any:
    """Declare a key of the configuration file.

    :param kind: how its text becomes a value
    :param default: its value where the file does not name it
    """
    return field(default=default, metadata={"kind": kind})
