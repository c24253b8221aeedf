"""The Dublin Core catalog of an event that the server does not know yet."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

from pyca.core.event import Event

_CATALOG = "http://www.opencastproject.org/xsd/1.0/dublincore/"
_TERMS = "http://purl.org/dc/terms/"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"


def episode(event: Event, agent: str) -> str:
    """Return the episode catalog that Opencast wants: title, created, temporal and spatial exactly once.

    :param agent: the capture agent's name, which stands for the place
    """
    # Prefixes are attributes here, because registering them with the library would be global.
    root = ET.Element("dublincore", {"xmlns": _CATALOG, "xmlns:dcterms": _TERMS, "xmlns:xsi": _SCHEMA})
    start, end = _w3c(event.start), _w3c(event.end)
    _add(root, "title", event.title or event.uid)
    _add(root, "created", start, "dcterms:W3CDTF")
    _add(root, "temporal", f"start={start}; end={end}; scheme=W3C-DTF;", "dcterms:Period")
    _add(root, "spatial", agent)
    for name, value in (
        ("creator", event.creator),
        ("description", event.description),
        ("isPartOf", event.series),
    ):
        if value:
            _add(root, name, value)
    return ET.tostring(root, encoding="unicode")


def _add(root: ET.Element, name: str, text: str, kind: str = "") -> None:
    element = ET.SubElement(root, f"dcterms:{name}", {"xsi:type": kind} if kind else {})
    # XML 1.0 cannot hold control characters, whatever people paste into a title.
    element.text = "".join(letter for letter in text if letter >= " " or letter in "\t\n")


def _w3c(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
