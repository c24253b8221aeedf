"""From a calendar's bytes to events. Splitting is cheap, so that only changed events are parsed again."""

import logging
import xml.etree.ElementTree as ET
from base64 import b64decode
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import icalendar

from pyca.core.event import Attachment, Event, Origin
from pyca.core.naming import tidy_title
from pyca.opencast import properties
from pyca.opencast.blocks import uid_of

logger = logging.getLogger(__name__)

_PROPERTIES_FILE = "org.opencastproject.capture.agent.properties"
_CREATOR = "{http://purl.org/dc/terms/}creator"


def parse_block(block: bytes, fingerprint: str) -> Event | None:
    """Return a block as an event, None (and a warning in the log) where it cannot be recorded.

    Attachments that cannot be read are left out with a warning; the event stays.
    """
    try:
        component = icalendar.Event.from_ical(block.decode("utf-8", "replace"))
    except (ValueError, IndexError, KeyError) as error:
        logger.warning("event “%s” left out: %s", uid_of(block) or "without UID", error)
        return None
    uid = _text(component, "UID").strip()
    start = _moment(component, "DTSTART")
    end = _end(component, start)
    if reason := _unusable(uid, start, end):
        logger.warning("event “%s” (%s) left out: %s", uid, tidy_title(_text(component, "SUMMARY")), reason)
        return None
    assert start is not None
    assert end is not None
    return _event(component, uid, start, end, fingerprint)


def _unusable(uid: str, start: float | None, end: float | None) -> str:
    if not uid:
        return "it has no UID"
    if start is None:
        return "it has no readable DTSTART"
    if end is None:
        return "it has no readable DTEND"
    return "" if end > start else f"it would last {end - start:.0f} s"


def _event(component: Any, uid: str, start: float, end: float, fingerprint: str) -> Event:
    summary = _text(component, "SUMMARY")
    attachments = tuple(_attachments(component, uid))
    texts = {attachment.name: attachment.data for attachment in attachments}
    # The properties hold the title as it came; only the original is found among them.
    given = properties.parse(texts.get(_PROPERTIES_FILE, ""), summary)
    return Event(
        uid=uid,
        title=tidy_title(summary) or "Untitled",
        start=start,
        end=end,
        origin=Origin.OPENCAST,
        creator=_creator(texts.get("episode.xml", ""), uid),
        description=_text(component, "DESCRIPTION"),
        location=_text(component, "LOCATION"),
        series=_text(component, "RELATED-TO"),
        inputs=properties.inputs(given),
        workflow=properties.workflow(given),
        workflow_parameters=properties.workflow_parameters(given),
        properties=given,
        attachments=attachments,
        fingerprint=fingerprint,
    )


def _all(component: Any, name: str) -> list[Any]:
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]


def _text(component: Any, name: str) -> str:
    return str(next(iter(_all(component, name)), ""))


def _moment(component: Any, name: str) -> float | None:
    """Return a time; one without zone is this machine's time, one of an unknown zone is none."""
    value = next(iter(_all(component, name)), None)
    if not isinstance(value, icalendar.vDDDTypes):
        return None
    moment = value.dt
    if isinstance(moment, datetime) and moment.tzinfo is None and value.params.get("TZID"):
        return None
    if not isinstance(moment, date):
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    try:
        return moment.timestamp()
    except (ValueError, OverflowError):  # the year 1
        return None


def _end(component: Any, start: float | None) -> float | None:
    duration = next(iter(_all(component, "DURATION")), None)
    if "DTEND" in component or start is None or not isinstance(duration, icalendar.vDDDTypes):
        return _moment(component, "DTEND")
    return start + duration.dt.total_seconds() if isinstance(duration.dt, timedelta) else None


def _attachments(component: Any, uid: str) -> Iterator[Attachment]:
    for value in _all(component, "ATTACH"):
        if not isinstance(value, icalendar.vBinary | icalendar.vUri):
            logger.warning("event “%s”: an attachment is not readable and left out", uid)
        if isinstance(value, icalendar.vBinary):
            name = str(value.params.get("X-APPLE-FILENAME", value.params.get("FILENAME", "")))
            mimetype = str(value.params.get("FMTTYPE", ""))
            yield Attachment(name, mimetype, _decoded(value.to_ical()))


def _decoded(data: bytes) -> str:
    # A NUL is no text for a database, and means nothing in XML or properties.
    return b64decode(data).decode("utf-8", "replace").replace("\0", "")


def _creator(catalog: str, uid: str) -> str:
    if not catalog:
        return ""
    try:
        found = ET.fromstring(catalog.encode("utf-8")).iterfind(_CREATOR)
    except ET.ParseError as error:
        logger.warning("event “%s”: episode.xml is not readable: %s", uid, error)
        return ""
    return ", ".join(element.text.strip() for element in found if element.text)
