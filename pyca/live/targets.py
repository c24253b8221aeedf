"""Destinations and inputs as people write them: checked as a whole, changed as a whole."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pyca.core.control import HIDDEN, ParameterError
from pyca.core.live import Destination, Source

_LONGEST = 2000
_SCHEMES = ("rtmp", "rtmps", "srt")
_FIELDS = ("label", "url", "key", "backup")


def changed(one: Destination, values: Mapping[str, Any]) -> Destination:
    """Return a destination with some values replaced: all of them, or none.

    :param values: label, url, key, backup; a key or address that is shown hidden stays what it is
    :raises ParameterError: naming the first value that cannot be
    """
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in _FIELDS:
            raise ParameterError(name, f"there is no parameter “{name}”", f"there are {', '.join(_FIELDS)}")
        text = _text(name, value)
        if text == HIDDEN and name == "key":
            continue
        parsed[name] = text
    after = replace(one, **parsed)
    for name in ("url", "backup"):
        if text := getattr(after, name):
            _check(name, text)
    return after


def changed_source(source: Source, values: Mapping[str, Any]) -> Source:
    """Return a source with some values replaced: all of them, or none.

    :param values: input, encoder, hflip, vflip
    :raises ParameterError: naming the first value that cannot be
    """
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("hflip", "vflip"):
            if not isinstance(value, bool):
                raise ParameterError(name, f"{name} is neither true nor false", "send true or false")
            parsed[name] = value
        elif name in ("input", "encoder"):
            parsed[name] = _text(name, value) or "auto"
        else:
            raise ParameterError(
                name, f"there is no parameter “{name}”", "there are input, encoder, hflip, vflip"
            )
    return replace(source, **parsed)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ParameterError(name, f"{name} is no text of one line", f"send up to {_LONGEST} characters")
    return value.strip()


def _check(name: str, text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ParameterError(name, f"{name} is no address to stream to", "write such as rtmp://server/app")
