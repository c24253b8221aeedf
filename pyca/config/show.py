"""Showing the effective configuration, secrets masked: for people, and as data for programs."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pyca.config.keys import SECTIONS, Section, defaults, kinds
from pyca.config.load import complete
from pyca.config.settings import Agent, Input, Settings
from pyca.config.types import mask_password, quote


def show(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the effective configuration as a ``pyca.conf``, secrets masked.

    A comment says where it was read from, another one precedes each value that is not the default.

    :param environ: the variables, for the defaults that depend on the machine
    """
    lines = [f"# Effective configuration of pyCA, read from {settings.file or 'no file: all defaults'}"]
    for name, cls in SECTIONS.items():
        section = getattr(settings, name)
        usual = cls(**defaults(cls))
        if isinstance(usual, Agent):
            usual = complete(usual, settings.ui, environ)
        lines += ["", f"[{name}]", *_show_keys(section, usual)]
    if settings.inputs:
        lines += ["", "[inputs]"]
    for name, source in settings.inputs.items():
        lines += ["", f"[[{quote(name)}]]", *_show_keys(source, Input(**defaults(Input)))]
    if settings.services:
        lines += ["", "[services]"]
        lines += [f"{quote(name)} = {quote(mask_password(url))}" for name, url in settings.services.items()]
    return "\n".join(lines) + "\n"


def as_dict(settings: Settings) -> dict[str, Any]:
    """Return the effective configuration as plain data for JSON, secrets masked."""
    data: dict[str, Any] = {name: _plain(getattr(settings, name)) for name in SECTIONS}
    data["inputs"] = {name: _plain(source) for name, source in settings.inputs.items()}
    data["services"] = {name: mask_password(url) for name, url in settings.services.items()}
    data["file"] = str(settings.file) if settings.file else None
    data["warnings"] = list(settings.warnings)
    return data


def _plain(section: Section) -> dict[str, Any]:
    """Return the keys of a section as plain data."""
    return {key: kind.plain(getattr(section, key)) for key, kind in kinds(type(section)).items()}


def _show_keys(section: Section, usual: Section) -> Iterator[str]:
    """Yield the lines of a section."""
    for key, kind in kinds(type(section)).items():
        value, default = getattr(section, key), getattr(usual, key)
        if value != default:
            yield f"# differs from the default, which is {kind.show(default)}"
        yield f"{key} = {kind.show(value)}"
