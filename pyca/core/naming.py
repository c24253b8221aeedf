"""Names for files, folders and people out of whatever a server calls its events."""

import hashlib
import os
import re
from pathlib import Path

from pyca.core.lines import one_line

_UNSAFE = re.compile(r"[^\w.() -]+")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"/\\|?*]+')
LONGEST_TITLE = 400
"""characters of a title; what servers send is cut, people are told"""
_LONGEST = 120
"""bytes, so that what is put before and behind stays below the 255 of common file systems"""
LONGEST_NAME = 255
"""bytes of a file's or folder's name, as common file systems hold it"""
_LONGEST_PATH = 4095
"""bytes that Linux takes as a path (PATH_MAX without the end mark)"""


def safe_name(text: str) -> str:
    """Return ``text`` as one harmless path segment.

    Slashes, control characters and leading dots go. Where anything was changed a digest of the original
    is appended, so that two different ids never share a folder.
    """
    cleaned = _cut(_UNSAFE.sub("_", text))
    if cleaned == text and cleaned:
        return cleaned
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{cleaned}-{digest}" if cleaned else digest


def fits(path: Path) -> bool:
    """Tell whether a file system can hold a path: the kernel answers a longer one with an error."""
    return len(os.fsencode(path)) <= _LONGEST_PATH and all(
        len(os.fsencode(part)) <= LONGEST_NAME for part in path.parts
    )


def readable_name(text: str) -> str:
    """Return ``text`` as one path segment that people recognise; different texts may give the same one.

    Only what common file systems and network shares refuse is replaced. May be empty.
    """
    return _cut(_FORBIDDEN.sub("_", text))


def tidy_title(text: str) -> str:
    """Return ``text`` as a title that fits on one line of a page, log or terminal; may be empty.

    What would steer a terminal or turn the direction of writing becomes a blank.
    """
    return one_line(text, LONGEST_TITLE)


def recording_name(uid: str, start: float) -> str:
    """Return the name of a recording's folder and files."""
    return f"recording-{int(start)}-{safe_name(uid)}"


def start_of(name: str) -> float:
    """Return the start that the name of a recording's folder tells; 0 where it tells none."""
    word, _, rest = name.partition("-")
    start = rest.partition("-")[0]
    return float(start) if word == "recording" and start.isascii() and start.isdecimal() else 0.0


def _cut(text: str) -> str:
    start = text.strip(" .").encode("utf-8")[:_LONGEST]
    return start.decode("utf-8", "ignore").rstrip(" .")
