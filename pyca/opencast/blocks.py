"""A calendar as the bytes of its events: enough to see which of them are new.

Apart from the parser, because most answers bring nothing new, and icalendar takes a tenth of a second to
import and several megabytes.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

_BEGIN = b"\nBEGIN:VEVENT"
_END = b"\nEND:VEVENT"
_UID = re.compile(rb"\nUID(?:;[^:\r\n]*)?:([^\n]*(?:\n[ \t][^\n]*)*)")
_LOCATION = re.compile(rb"\nLOCATION(?:;[^:\r\n]*)?:([^\n]*(?:\n[ \t][^\n]*)*)")
_FOLD = re.compile(rb"\r?\n[ \t]")
_ESCAPE = re.compile(r"\\(.)")


class Block(NamedTuple):
    """The text of one VEVENT; two blocks of one fingerprint are the same event."""

    uid: str
    fingerprint: str
    data: bytes


def split(body: bytes) -> Iterator[Block]:
    """Yield the events of a calendar unparsed.

    The fingerprint leaves out DTSTAMP, which changes with every answer.
    """
    end = 0
    while (begin := body.find(_BEGIN, end)) >= 0:
        end = body.find(_END, begin)
        if end < 0:
            return
        data = body[begin + 1 : end + len(_END)]
        yield Block(uid_of(data), _fingerprint(data), data)


def uid_of(data: bytes) -> str:
    """Return the event's own UID; an alarm inside may have another."""
    match = _UID.search(data)
    alarm = data.find(b"\nBEGIN:VALARM")
    if match and 0 <= alarm < match.start():
        match = _UID.search(re.sub(rb"\nBEGIN:VALARM.*?\nEND:VALARM", b"", data, flags=re.DOTALL))
    if not match:
        return ""
    return _text(match[1])


def places(body: bytes) -> Iterator[str]:
    """Yield the places of a calendar's events, where events have one."""
    at = 0
    while (at := body.find(b"\nLOCATION", at)) >= 0:
        if match := _LOCATION.match(body, at):
            yield _text(match[1])
        at += 1


def _text(value: bytes) -> str:
    """Return a property's value unfolded and unescaped."""
    text = _FOLD.sub(b"", value).decode("utf-8", "replace").strip()
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _fingerprint(data: bytes) -> str:
    digest = blake2b(digest_size=16)
    stamp = data.find(b"\nDTSTAMP")
    if stamp < 0:
        digest.update(data)
    else:
        view = memoryview(data)
        digest.update(view[:stamp])
        digest.update(view[max(data.find(b"\n", stamp + 1), stamp) :])
    return digest.hexdigest()
