"""From whatever a log holds to lines with a level, a service and a moment; nothing in it is trusted."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pyca.config.types import CommandLine
from pyca.core.states import ServiceName

LONGEST_LINE = 2000
"""Characters of one line that are shown."""
SUPERVISOR = "pyca"
"""What stands for a service where all of them are meant."""


class Level(StrEnum):
    """How grave a line is."""

    DEBUG = "debug"
    INFO = "info"
    UNKNOWN = "unknown"
    """nobody can tell; it counts as much as information"""
    WARNING = "warning"
    ERROR = "error"

    def covers(self, other: "Level") -> bool:
        """Tell whether somebody who wants this level and worse wants a line of the other one."""
        return _RANK[self] <= _RANK[other]


_RANK = {Level.DEBUG: 0, Level.INFO: 1, Level.UNKNOWN: 1, Level.WARNING: 2, Level.ERROR: 3}


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    text: str
    """without its date, level and origin where those were understood"""
    level: Level = Level.UNKNOWN
    service: str = ""
    """empty where nobody can tell"""
    moment: float | None = None
    """seconds since 1970 UTC"""
    origin: str = ""
    """the place in the program that said it"""
    source: str = ""
    """the process, as the journal names it"""


_WORDS = {
    "DEBUG": Level.DEBUG,
    "INFO": Level.INFO,
    "NOTICE": Level.INFO,
    "WARN": Level.WARNING,
    "WARNING": Level.WARNING,
    "ERROR": Level.ERROR,
    "CRITICAL": Level.ERROR,
    "FATAL": Level.ERROR,
}
_NAMES = "|".join(_WORDS)
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]")
# Control characters, halves of a pair, and those that turn the direction of what follows.
_UNSEEMLY = re.compile("[\0-\b\v-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_DATE = re.compile(
    r"\[?(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)"
    r"(?: ?(Z|UTC|[+-]\d\d:?\d\d)| [A-Z]{3,5}(?= ))?\]?:? ?"
)
_SHORT_DATE = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d+)? ")
_PROCESS = re.compile(r"\S{1,255} ((?:([\w@.:/-]{1,120})\[\d{1,10}\])|(pyca[\w@.-]*)): ?")
_PRIORITY = re.compile(r"<([0-7])>")
_ORIGIN = re.compile(r"\[([\w.]{1,120}:\d{1,6}:[\w<>]{1,80}\(\))\] ")
_LEVEL = re.compile(rf"\[({_NAMES})\] ?")
_ANY_LEVEL = re.compile(rf"\b({_NAMES})\b")
_COMMAND = CommandLine()
_LATEST = 1e11
"""a moment that every calendar of ours can show"""


def parse(text: str, now: float, service: str = "") -> Iterator[Line]:
    """Yield the lines of a log, the newest last as they stand.

    :param now: moment of reading; dates without a year are of the past
    :param service: whose log it is, where that is known
    """
    before: dict[str, Line] = {}
    last = Line("", service=service)
    for raw in text.split("\n"):
        if not raw.strip():
            continue
        line = _journal(raw, service) if raw.startswith("{") else None
        line = line or _plain(_clean(raw), now, service)
        # What says no level of its own goes on with what the same process said, such as a traceback.
        usual = last if line.moment is None else before.get(line.source, Line("", service=service))
        if line.level is Level.UNKNOWN and (line.source or line.moment is None):
            line = replace(line, level=usual.level, service=line.service or usual.service)
        if line.moment is None:
            line = replace(line, moment=usual.moment, source=usual.source)
        last = before[line.source] = line
        yield line


def _clean(raw: str) -> str:
    """Return a line that is safe to be shown, not too long, with passwords in addresses masked."""
    much = len(raw) > LONGEST_LINE
    text = _UNSEEMLY.sub("�", _ESCAPES.sub("", raw[: LONGEST_LINE * 2]).rstrip().replace("\r", " "))
    text = _COMMAND.redact(text)
    if much or len(text) > LONGEST_LINE:
        return f"{text[:LONGEST_LINE]}… ({len(raw)} characters in all)"
    return text


def _plain(text: str, now: float, service: str) -> Line:
    """Take off what a line begins with: date, host, process, priority, origin, level."""
    moment, text = _date(text, now)
    source = ""
    if moment is not None and (process := _PROCESS.match(text)):
        source, text = process[1], text[process.end() :]
        service = service or _service(process[2] or process[3])
    level, origin, text = _head(text)
    return Line(text, level, service or _service(origin), moment, origin, source)


def _head(text: str) -> tuple[Level, str, str]:
    """Return level, origin and the rest."""
    level, origin = Level.UNKNOWN, ""
    if priority := _PRIORITY.match(text):
        level, text = _grave(priority[1]), text[priority.end() :]
    if found := _ORIGIN.match(text):
        origin, text = found[1], text[found.end() :]
    if word := _LEVEL.match(text):
        return _WORDS[word[1]], origin, text[word.end() :]
    if level is Level.UNKNOWN and (word := _ANY_LEVEL.search(text[:100])):
        level = _WORDS[word[1]]
    return level, origin, text


def _journal(raw: str, service: str) -> Line | None:
    """Return an entry of ``journalctl -o json``, None where it is none."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or "MESSAGE" not in entry:
        return None
    level, origin, text = _head(_clean(_message(entry["MESSAGE"])))
    if level is Level.UNKNOWN:
        level = _grave(entry.get("PRIORITY"))
    unit = str(entry.get("_SYSTEMD_UNIT") or entry.get("UNIT") or entry.get("SYSLOG_IDENTIFIER") or "")
    stamp = str(entry.get("__REALTIME_TIMESTAMP"))
    moment = int(stamp) / 1e6 if re.fullmatch(r"[0-9]{1,17}", stamp) else None
    return Line(
        text, level, service or _service(unit) or _service(origin), moment, origin, str(entry.get("_PID", ""))
    )


def _message(value: Any) -> str:
    """Return a message; the journal writes one that is no text as numbers, and leaves out a huge one."""
    if isinstance(value, list):
        return bytes(one for one in value if isinstance(one, int) and 0 <= one < 256).decode(
            "utf-8", "replace"
        )
    return " ".join(str(value).split("\n")) if value is not None else "(too long for the journal)"


def _grave(priority: Any) -> Level:
    """Return the level of a priority of syslog, which counts downwards."""
    text = str(priority)
    if text not in set("01234567"):
        return Level.UNKNOWN
    number = int(text)
    if number <= 3:
        return Level.ERROR
    return {4: Level.WARNING, 7: Level.DEBUG}.get(number, Level.INFO)


def _service(name: str) -> str:
    """Return the service of a unit (``pyca-capture.service``) or a place (``pyca.capture.lane:3:run()``)."""
    words = re.split(r"[-.:@]", name, maxsplit=2)
    if words[0] != SUPERVISOR:
        return ""
    if len(words) > 1 and words[1] in set(ServiceName):
        return words[1]
    return "" if "(" in name else SUPERVISOR


def _date(text: str, now: float) -> tuple[float | None, str]:
    """Return the moment that a line begins with, and the rest; None where it begins with none."""
    moment, rest = _read_date(text, now)
    if moment is None or not 0 <= moment < _LATEST:
        return None, text
    return moment, rest


def _read_date(text: str, now: float) -> tuple[float | None, str]:
    try:
        if long := _DATE.match(text):
            zone = {"Z": "+00:00", "UTC": "+00:00"}.get(long[2] or "", long[2] or "")
            moment = datetime.fromisoformat(long[1].replace(",", ".") + zone)
            return moment.timestamp(), text[long.end() :]
        if short := _SHORT_DATE.match(text):
            year = datetime.fromtimestamp(now, UTC).year
            found = datetime.strptime(f"{year} {short[1]}", "%Y %b %d %H:%M:%S").timestamp()
            if found > now + 86400:
                found = datetime.strptime(f"{year - 1} {short[1]}", "%Y %b %d %H:%M:%S").timestamp()
            return found, text[short.end() :]
    except (ValueError, OverflowError, OSError):
        return None, text
    return None, text
