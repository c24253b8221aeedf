"""Destinations and inputs as people write them: checked as a whole, changed as a whole."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyca.core.control import HIDDEN, ParameterError
from pyca.core.errors import MediaError
from pyca.core.live import Destination, Source
from pyca.live import address
from pyca.live.binary import binary_at
from pyca.live.encoders import AUTO, COPY, named
from pyca.live.inputs import check_there, parse_input
from pyca.live.presets import PRESETS
from pyca.media.ffmpeg import find_tools

_LONGEST = 2000
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
        if name in ("url", "backup"):
            # Whoever was shown an address without its secrets may send it back.
            text = address.restored(_address(name, text), getattr(one, name))
        parsed[name] = text
    after = replace(one, **parsed)
    for name in ("url", "backup"):
        if text := getattr(after, name):
            _check(name, text, after.key)
    if parsed.get("url") and not after.key:
        # A key within the address is a secret like any other.
        url, key = address.split(after.url)
        return replace(after, url=url, key=key)
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
            # The address of a camera is shown without its password, and may come back so.
            parsed[name] = address.restored(_text(name, value) or "auto", getattr(source, name))
            if parsed[name] != getattr(source, name):
                _check_possible(name, parsed[name])
        else:
            raise ParameterError(
                name, f"there is no parameter “{name}”", "there are input, encoder, hflip, vflip"
            )
    return replace(source, **parsed)


def _check_possible(name: str, text: str) -> None:
    """Refuse what would take the picture off the air: what is not there, or nothing that we know.

    :raises ParameterError: naming the parameter
    """
    try:
        if name == "input":
            check_there(parse_input(text))
        elif text not in (AUTO, COPY):
            named(text, binary_at(find_tools(os.environ).ffmpeg))
    except MediaError as error:
        raise ParameterError(name, error.message, error.remedy) from error


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ParameterError(name, f"{name} is no text of one line", f"send up to {_LONGEST} characters")
    return value.strip()


def _address(name: str, text: str) -> str:
    """Return an address, which may be the name of a big platform."""
    preset = PRESETS.get(text.lower())
    if preset is None:
        return text
    address = preset.backup if name == "backup" else preset.url
    if not address:
        raise ParameterError(name, f"“{text}” has no address of its own", "give the address of your server")
    return address


def _check(name: str, text: str, key: str) -> None:
    """Check that something can be sent to an address.

    :raises ParameterError: naming the parameter
    """
    try:
        address.parse(text, key)
    except ParameterError as error:
        wrong = name if error.name == "url" else "key"
        raise ParameterError(wrong, error.message, error.remedy) from None
