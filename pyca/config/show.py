"""Showing the effective configuration, secrets masked: for people, and as data for programs."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.config.keys import SECTIONS, Section, defaults, kinds
from pyca.config.load import complete
from pyca.config.settings import Agent, Input, Settings
from pyca.config.types import quote
from pyca.core.secrecy import mask


def show(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the effective configuration as a ``pyca.conf``, secrets masked.

    A comment says where it was read from, another one precedes each value that is not the default.

    :param environ: the variables, for the defaults that depend on the machine
    """
    lines = [f"# Effective configuration of pyCA, read from {settings.file or 'no file: all defaults'}"]
    above = ""
    for section in listing(settings, environ):
        if section.name in ("inputs", "services") and above != section.name:
            lines += ["", f"[{section.name}]"]
        above = section.name
        if section.input or section.name not in ("inputs", "services"):
            lines += ["", f"[[{quote(section.input)}]]" if section.input else f"[{section.name}]"]
        for key in section.keys:
            if key.changed and key.default:
                lines.append(f"# differs from the default, which is {key.default}")
            lines.append(f"{key.name} = {key.value}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class ShownKey:
    """A key of the configuration, its secrets masked."""

    name: str
    value: str
    """as it is written in ``pyca.conf``"""
    default: str = ""
    """empty where there is none, as for what the operator names"""
    changed: bool = False
    """True where the value is not the default"""


@dataclass(frozen=True)
class ShownSection:
    """A section of the configuration; one of ``[inputs]`` also has the input's name."""

    name: str
    keys: tuple[ShownKey, ...]
    input: str = ""


def listing(settings: Settings, environ: Mapping[str, str] = os.environ) -> Iterator[ShownSection]:
    """Yield the sections of the effective configuration, secrets masked.

    :param environ: the variables, for the defaults that depend on the machine
    """
    for name, cls in SECTIONS.items():
        usual = cls(**defaults(cls))
        if isinstance(usual, Agent):
            usual = complete(usual, settings.ui, environ)
        yield ShownSection(name, tuple(_show_keys(getattr(settings, name), usual)))
    for name, source in settings.inputs.items():
        yield ShownSection("inputs", tuple(_show_keys(source, Input(**defaults(Input)))), input=name)
    if settings.services:
        found = [
            ShownKey(quote(name), quote(mask(url)), changed=True) for name, url in settings.services.items()
        ]
        yield ShownSection("services", tuple(found))


def as_dict(settings: Settings) -> dict[str, Any]:
    """Return the effective configuration as plain data for JSON, secrets masked."""
    data: dict[str, Any] = {name: _plain(getattr(settings, name)) for name in SECTIONS}
    data["inputs"] = {name: _plain(source) for name, source in settings.inputs.items()}
    data["services"] = {name: mask(url) for name, url in settings.services.items()}
    data["file"] = str(settings.file) if settings.file else None
    data["warnings"] = list(settings.warnings)
    return data


def _plain(section: Section) -> dict[str, Any]:
    """Return the keys of a section as plain data."""
    return {key: kind.plain(getattr(section, key)) for key, kind in kinds(type(section)).items()}


def _show_keys(section: Section, usual: Section) -> Iterator[ShownKey]:
    """Yield the keys of a section."""
    for key, kind in kinds(type(section)).items():
        value, default = getattr(section, key), getattr(usual, key)
        yield ShownKey(key, kind.show(value), kind.show(default), value != default)
