"""From raw sections to the typed ones, each unknown name and each bad value reported."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pyca.config.keys import (
    OVERRIDES,
    OVERRIDES_WITHIN,
    SECTIONS,
    TOP_LEVEL,
    WITHOUT_EFFECT,
    Section,
    defaults,
    kinds,
)
from pyca.config.locate import Location
from pyca.config.report import Report, did_you_mean, shorten
from pyca.config.settings import Input
from pyca.config.source import Tree
from pyca.config.types import KeyType, Raw

S = TypeVar("S", bound=Section)


def build_sections(tree: Tree, overrides: Mapping[Location, Raw], report: Report) -> dict[str, Any]:
    """Return the typed sections by name, as ``Settings`` takes them.

    :param overrides: raw values that win over those of the file
    """
    for name in tree:
        if name not in TOP_LEVEL:
            _report_unknown_section(name, tree[name], report)
    built = {}
    for name, cls in SECTIONS.items():
        raw = dict(_subtree(tree, name, report))
        raw.update({key: value for (section, key), value in overrides.items() if section == name})
        built[name] = build_section(cls, (name,), raw, report)
    return built


def build_inputs(tree: Tree, report: Report) -> dict[str, Input]:
    """Return the named inputs of ``[inputs]``."""
    inputs = {}
    for name, raw in _subtree(tree, "inputs", report).items():
        location = ("inputs", name)
        if isinstance(raw, Mapping):
            inputs[name] = build_section(Input, location, raw, report)
        else:
            report.error(location, "is a key; expected one section [[NAME]] for each input")
    return inputs


def build_section(cls: type[S], location: Location, raw: Mapping[str, Any], report: Report) -> S:
    """Return one typed section; where a value is wrong the default stands in for it."""
    values = defaults(cls)
    known = kinds(cls)
    for key, value in raw.items():
        place = (*location, key)
        if place in WITHOUT_EFFECT:
            report.warn_at(place, "has no effect any more and can be removed")
        elif isinstance(value, Mapping):
            if key != OVERRIDES or location[0] not in OVERRIDES_WITHIN:
                report.error(place, f"no such section{_suggest_overrides(key, location)}")
        elif key not in known:
            report.error(place, f"no such key{did_you_mean(key, known)}")
        else:
            values[key] = _value(known[key], place, value, values[key], report)
    return cls(**values)


def _value(kind: KeyType, place: Location, raw: Raw, default: Any, report: Report) -> Any:
    """Return the value of one key."""
    try:
        return kind.parse(raw)
    except ValueError as error:
        text = raw if isinstance(raw, str) else ", ".join(raw)
        found = shorten(kind.redact(text))
        report.error(place, f"found “{found}”, expected {error}")
        return default


def _subtree(tree: Tree, name: str, report: Report) -> Tree:
    """Return a section of the file, an empty one where it is not there."""
    section = tree.get(name, {})
    if isinstance(section, Mapping):
        return section
    report.error((name,), f"is a key outside of all sections; expected a section [{name}]")
    return {}


def _report_unknown_section(name: str, raw: Any, report: Report) -> None:
    """Report a section that does not exist, or a key before the first section."""
    if isinstance(raw, Mapping):
        report.error((name,), f"no such section{did_you_mean(name, TOP_LEVEL)}")
        return
    homes = [section for section, cls in SECTIONS.items() if name in kinds(cls)]
    where = " or ".join(f"[{home}]" for home in homes) or "a section"
    report.error((name,), f"stands before the first section; expected below {where}")


def _suggest_overrides(key: str, location: Location) -> str:
    """Return a suggestion for a misspelt nested section."""
    return did_you_mean(key, [OVERRIDES]) if location[0] in OVERRIDES_WITHIN else ""
