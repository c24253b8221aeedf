"""Service addresses set by hand, where the server's own registry names ones that the agent cannot reach."""

from collections.abc import Iterator, Mapping
from typing import Any

from pyca.config.addresses import Url
from pyca.config.keys import OVERRIDES, OVERRIDES_WITHIN
from pyca.config.locate import Location
from pyca.config.report import Report, did_you_mean, shorten
from pyca.config.source import Tree
from pyca.core.secrecy import mask

_NAMESPACE = "org.opencastproject."
_USED = tuple(f"{_NAMESPACE}{name}" for name in ("capture.admin", "ingest", "scheduler"))


def build_services(tree: Tree, report: Report) -> dict[str, str]:
    """Return service types and their addresses from all places where a file may name them."""
    services: dict[str, str] = {}
    for location, raw in _entries(tree, report):
        name = _full_name(location[-1])
        address = _address(location, raw, report)
        if name not in _USED:
            report.warn_at(location, f"pyCA uses no such service{did_you_mean(name, _USED)}")
        if address and services.setdefault(name, address) != address:
            report.error(location, f"{name} has the address {services[name]} already; remove one of them")
    return services


def _entries(tree: Tree, report: Report) -> Iterator[tuple[Location, Any]]:
    """Yield each entry, whichever section it stands in."""
    places: list[Location] = [("services",), (OVERRIDES,)]
    places += [(section, OVERRIDES) for section in OVERRIDES_WITHIN]
    for place in places:
        section: Any = tree
        for name in place:
            section = section.get(name, {}) if isinstance(section, Mapping) else {}
        if not isinstance(section, Mapping):
            report.error(place, "is a key; expected a section with service = address")
            continue
        for name, raw in section.items():
            if (*place, name) != ("services", OVERRIDES):
                yield (*place, name), raw


def _full_name(name: str) -> str:
    """Return the full service type of a name such as ``ingest``."""
    return name if name.startswith(_NAMESPACE) else f"{_NAMESPACE}{name}"


def _address(location: Location, raw: Any, report: Report) -> str:
    """Return the address of one entry; of a list the first counts."""
    if isinstance(raw, Mapping):
        report.error(location, "is a section; expected service = address")
        return ""
    first = raw if isinstance(raw, str) else next(iter(raw), "")
    try:
        return Url().parse(first)
    except ValueError as error:
        report.error(location, f"found “{shorten(mask(first))}”, expected {error}")
        return ""
