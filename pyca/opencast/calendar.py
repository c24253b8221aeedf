"""The agent's calendar as bytes: asked for conditionally, believed only when whole."""

import codecs
from dataclasses import dataclass

from pyca.core.errors import CalendarError
from pyca.opencast.blocks import places
from pyca.opencast.http import Http
from pyca.opencast.refusals import place

_NOT_MODIFIED = 304
_PIECE = 2**20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Calendar:
    """A whole calendar. ``etag`` is the server's raw tag, empty where it sent none."""

    etag: str
    body: bytes


def fetch(http: Http, address: str, agent: str, etag: str = "") -> Calendar | None:
    """Return the agent's calendar, None where it is unchanged since ``etag``.

    No ``cutoff`` is sent: the server's tag follows edits of the schedule and not the cutoff, so that events
    which slide into the window would hide behind "304 not modified". Callers leave out what is too far
    ahead. Opencast compares the tag byte for byte and unquoted; only that of a 200 is good.

    :param address: of the scheduler, such as ``https://opencast.example.org/recordings``
    :param etag: of the calendar that is already known
    :raises DeliveryError: where the server cannot be asked
    :raises CalendarError: where the answer is no whole calendar; the known schedule must stay
    """
    headers = {"If-None-Match": etag} if etag else {}
    url = f"{address}/calendars"
    response = http.get(url, params={"agentid": agent}, headers=headers, allow=(_NOT_MODIFIED,))
    if response.status == _NOT_MODIFIED:
        return None
    body = check(response.body, place(url))
    if other := _other_agent(body, agent):
        whose = f"the calendar is that of “{other}”, not of “{agent}”"
        raise CalendarError(f"{place(url)}: {whose}; the known schedule stays as it is")
    return Calendar(response.headers.get("etag", ""), body)


def check(body: bytes, source: str) -> bytes:
    """Return a calendar's bytes without BOM and blanks around them.

    :param source: where it comes from, for the message
    :raises CalendarError: saying why this is no whole iCalendar text
    """
    body = body.removeprefix(_BOM).strip()
    if reason := _fault(body):
        raise CalendarError(f"{source}: {reason}; the known schedule stays as it is")
    return body


def _other_agent(body: bytes, agent: str) -> str:
    """Return whose calendar this is where it is not ours: Opencast names the agent as each event's place."""
    first = ""
    for name in filter(None, places(body)):
        if name.casefold() == agent.casefold():
            return ""
        first = first or name
    return first


def _fault(body: bytes) -> str:
    if not body:
        return "the calendar is empty text, not even BEGIN:VCALENDAR"
    if body[:1] == b"<":
        return "a web page or XML instead of a calendar"
    if b"\0" in body:
        return "binary data instead of a calendar"
    if not body.startswith(b"BEGIN:VCALENDAR"):
        return "this is no calendar, it does not begin with BEGIN:VCALENDAR"
    if not body.endswith(b"END:VCALENDAR"):
        return "the calendar is truncated, END:VCALENDAR is missing"
    if body.count(b"\nBEGIN:VEVENT") != body.count(b"\nEND:VEVENT"):
        return "the calendar is damaged, BEGIN:VEVENT and END:VEVENT do not match"
    return "" if _is_utf8(body) else "the calendar is not UTF-8"


def _is_utf8(body: bytes) -> bool:
    """Decode piece by piece: a large calendar as one text would take four times its size."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, len(body), _PIECE):
            decoder.decode(body[offset : offset + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
