"""The schedule and its iCalendar text, in the very shape that Opencast's ical4j writes."""

import base64
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape as xml_escape

PREFIX = "org.opencastproject.workflow."


@dataclass
class Scheduled:
    """An event as the server keeps it; times are seconds since 1970 UTC, agent "" is shown to every agent."""

    uid: str
    title: str
    start: float
    end: float
    agent: str = ""
    series: str = ""
    description: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    attachments: bool = True
    modified: float = field(default_factory=time.time)
    temporal_end: float | None = None
    """end in dcterms:temporal; None means that of the event"""
    now_capture: bool = False
    """begun by “capture now”, so that the server's job prolongs it"""


def calendar(events: list[Scheduled], agent: str) -> str:
    """Return the calendar of an agent: CRLF, unfolded, all times UTC."""
    lines = ["BEGIN:VCALENDAR", "PRODID:Opencast Calendar File 0.5", "VERSION:2.0", "CALSCALE:GREGORIAN"]
    for event in events:
        lines += _vevent(event, agent)
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _vevent(event: Scheduled, agent: str) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"DTSTAMP:{_utc(time.time())}",
        f"DTSTART:{_utc(event.start)}",
        f"DTEND:{_utc(event.end)}",
        f"SUMMARY:{_escape(event.title)}",
        f"UID:{_escape(event.uid)}",
        f"LAST-MODIFIED:{_utc(event.modified)}",
    ]
    if event.description:
        lines.append(f"DESCRIPTION:{_escape(event.description)}")
    lines.append(f"LOCATION:{_escape(event.agent or agent)}")
    if event.series:
        lines.append(f"RELATED-TO:{_escape(event.series)}")
    if event.attachments:
        lines += _attachments(event, agent)
    return [*lines, "END:VEVENT"]


def _attachments(event: Scheduled, agent: str) -> list[str]:
    lines = [_attach("application/xml", "episode.xml", _episode(event, agent))]
    if event.series:
        lines.append(_attach("application/xml", "series.xml", _series(event)))
    text = "".join(f"{key}={value}\n" for key, value in properties(event, agent).items())
    return [*lines, _attach("application/text", "org.opencastproject.capture.agent.properties", text)]


def properties(event: Scheduled, agent: str) -> dict[str, str]:
    """Return the event's agent properties as the server writes them."""
    series = {"event.series": event.series} if event.series else {}
    place = {"event.title": event.title, "event.location": event.agent or agent}
    return {**event.properties, **series, **place}


def _attach(mimetype: str, name: str, text: str) -> str:
    data = base64.b64encode(text.encode()).decode()
    return f"ATTACH;FMTTYPE={mimetype};VALUE=BINARY;ENCODING=BASE64;X-APPLE-FILENAME={name}:{data}"


def _episode(event: Scheduled, agent: str) -> str:
    end = event.end if event.temporal_end is None else event.temporal_end
    period = f"start={_iso(event.start)}; end={_iso(end)}; scheme=W3C-DTF;"
    return _dublincore(
        {
            "created": _iso(event.start),
            "identifier": event.uid,
            "spatial": event.agent or agent,
            "temporal": period,
            "title": event.title,
        }
    )


def _series(event: Scheduled) -> str:
    return _dublincore({"identifier": event.series, "title": f"Series {event.series}"})


def _dublincore(terms: dict[str, str]) -> str:
    inner = "".join(
        f"    <dcterms:{key}>{xml_escape(value)}</dcterms:{key}>\n" for key, value in terms.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><dublincore xmlns="http://www.opencastproject.org/xsd/1.0/dublincore/"'
        f' xmlns:dcterms="http://purl.org/dc/terms/">\n{inner}</dublincore>\n'
    )


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\r\n", "\\n").replace("\n", "\\n")
    return text.replace(",", "\\,").replace(";", "\\;")


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
