"""Destinations and inputs as people write them: checked as a whole, changed as a whole."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyca.core.control import HIDDEN, ParameterError, parse_text
from pyca.core.errors import MediaError
from pyca.core.live import Destination, Source
from pyca.live.send import address
from pyca.live.send.presets import PRESETS
from pyca.live.source.binary import binary_at
from pyca.live.source.encoders import AUTO, COPY, named
from pyca.live.source.inputs import check_there, parse_input
from pyca.media.ffmpeg import find_tools

_LONGEST_LABEL = 60
KEY_LOST = "the key was forgotten: it was for another server; send that of the new one"
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
        text = parse_text(name, value)
        if text == HIDDEN and name == "key":
            continue
        if name in ("url", "backup"):
            # Whoever was shown an address without its secrets may send it back.
            text = address.restored(_address(name, text), getattr(one, name), name)
        if name == "label" and len(text) > _LONGEST_LABEL:
            raise ParameterError(name, "the label is too long", f"send up to {_LONGEST_LABEL} characters")
        parsed[name] = text
    after = replace(one, **parsed)
    if not parsed.get("key"):
        after = _with_key_of_url(one, after)
    if "key" not in parsed and after.key == one.key and _goes_elsewhere(one, after):
        after = replace(after, key="")
    after = replace(after, backup=_without_the_key(after))
    for name in ("url", "backup"):
        if text := getattr(after, name):
            _check(name, text, after.key)
    return after


def with_key(one: Destination) -> Destination:
    """Return a destination whose key stands beside its address, where nothing but the address was given.

    An address that cannot be sent to stays as it is.
    """
    if not one.url or one.key:
        return one
    try:
        url, key = address.split(one.url)
    except ParameterError:
        return one
    return replace(one, url=url, key=key)


def loses_key(before: str, after: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a stored key was forgotten though nobody asked for that: it goes to no other server.

    :param before: the key as it was
    :param after: the key as it is
    :param values: as in :func:`changed`; the key may be called “name”, as the livebox interface does
    """
    unasked = all(values.get(name, HIDDEN) == HIDDEN for name in ("key", "name"))
    return unasked and bool(before) and not after


def _with_key_of_url(one: Destination, after: Destination) -> Destination:
    """Return a destination whose key is that within its address, where a new address holds one.

    A key within an address is a secret like any other, and it is newer than the one that is stored.
    """
    if not after.url or (after.url == one.url and after.key):
        return after
    _check("url", after.url, "")
    url, key = address.split(after.url)
    return replace(after, url=url, key=key) if key else replace(after, url=url)


def _without_the_key(one: Destination) -> str:
    """Return the backup address without the key, where that was written into both."""
    try:
        url, key = address.split(one.backup)
    except ParameterError:
        return one.backup
    return url if key and key == one.key else one.backup


def _goes_elsewhere(one: Destination, after: Destination) -> bool:
    """Tell whether a key would be sent to a server that it was not given for."""
    if not one.key:
        return False
    known = {address.server(text) for text in (one.url, one.backup) if text}
    for preset in PRESETS.values():
        # The two servers of a platform belong together.
        if preset.url and address.server(preset.url) in known:
            known |= {address.server(text) for text in (preset.url, preset.backup) if text}
    asked = {address.server(text) for text in (after.url, after.backup) if text}
    return not asked <= known


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
            parsed[name] = address.restored(parse_text(name, value) or "auto", getattr(source, name), name)
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
