"""What somebody types to plan an event or to record at once, and what is wrong with it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.lines import one_line, several_lines
from pyca.core.live import is_marked
from pyca.core.naming import LONGEST_TITLE
from pyca.ui.view.days import local

T = TypeVar("T")

LONGEST = 24 * 60
"""Minutes; what is longer is a slip of the finger."""
LONGEST_TEXT = 5000
AHEAD_YEARS = 10
LATE_SECONDS = 90.0
"""A form that was sent a moment too late is still meant."""


@dataclass(frozen=True)
class Wish:
    """The form as it was typed."""

    title: str = ""
    date: str = ""
    time: str = ""
    again: str = ""
    """which of two equal times is meant: 0 the first, 1 the second"""
    minutes: str = "60"
    length: str = ""
    """of a recording that begins at once: minutes, “next” or “other”; for the latter ``minutes`` counts"""
    end: str = ""
    inputs: tuple[str, ...] = ()
    creator: str = ""
    description: str = ""
    live: bool = False


@dataclass
class Checked:
    """What the form means."""

    title: str = ""
    start: float = 0.0
    end: float = 0.0
    inputs: tuple[str, ...] = ()
    creator: str = ""
    description: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """field → what is wrong with it"""
    twice: bool = False
    """True where the start comes twice and somebody has to say which is meant"""


def wish_of_form(form: MultiDict[str, str]) -> Wish:
    """Return what was typed."""
    texts = {name: form.get(name, "")[: 2 * LONGEST_TEXT] for name in _TEXTS}
    return Wish(inputs=tuple(form.getlist("inputs")[:100]), live="live" in form, **texts)


def wish_of_event(event: Event, zone: tzinfo | None, inputs: Sequence[str]) -> Wish:
    """Return an event as it would be typed."""
    start = local(event.start, zone)
    moments = _moments(start.replace(tzinfo=None, fold=0), zone)
    return Wish(
        title=event.title,
        date=f"{start:%Y-%m-%d}",
        time=f"{start:%H:%M:%S}" if start.second else f"{start:%H:%M}",
        again=str(int(event.start >= moments[1])) if len(moments) == 2 else "",
        minutes=f"{event.duration / 60:g}",
        inputs=event.inputs or tuple(inputs),
        creator=event.creator,
        description=event.description,
        live=is_marked(event.workflow_parameters),
    )


def check(wish: Wish, zone: tzinfo | None, now: float, known: Sequence[str]) -> Checked:
    """Return what a form means, with everything that is wrong with it.

    :param now: seconds since 1970
    :param known: names of the inputs
    """
    found = Checked()
    found.title = _noted(found, "title", lambda: read_title(wish.title)) or ""
    found.creator = _noted(found, "creator", lambda: _short("name", wish.creator)) or ""
    found.description = _noted(found, "description", lambda: _long(wish.description)) or ""
    found.inputs = _noted(found, "inputs", lambda: read_inputs(wish.inputs, known)) or ()
    start = _start(wish, zone, found)
    if start is None:
        return found
    found.start = start
    if start < now - LATE_SECONDS:
        found.errors["time"] = "This time is over. To record at once, use “Record now” on the first page."
    elif local(start, zone).year > local(now, zone).year + AHEAD_YEARS:
        found.errors["date"] = f"This is more than {AHEAD_YEARS} years ahead. Check the year."
    end = _typed_end(wish, start, zone, found.errors) if wish.end.strip() else _length(wish, start, found)
    found.end = start if end is None else end
    return found


def read_title(text: str) -> str:
    """Return the title that was typed.

    :raises UsageError: where there is none, or too much of it
    """
    title = _short("title", text)
    if not title:
        raise UsageError("A recording needs a title.")
    return title


def read_minutes(text: str) -> float:
    """Return the minutes that were typed.

    :raises UsageError: where that is no length of a recording
    """
    minutes = _read(float, text.replace(",", "."))
    if minutes is None or not math.isfinite(minutes) or not 1 <= minutes <= LONGEST:
        raise UsageError(f"The length has to be a number of minutes from 1 to {LONGEST}.")
    return minutes


def read_inputs(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs to record; empty means all, as everywhere.

    :param known: names of the inputs
    :raises UsageError: where none is ticked
    """
    if len(known) < 2:
        return ()
    chosen = tuple(name for name in known if name in wanted)
    if not chosen:
        raise UsageError("Choose at least one input.")
    return () if len(chosen) == len(known) else chosen


_TEXTS = ("title", "date", "time", "again", "minutes", "length", "end", "creator", "description")


def _noted(found: Checked, name: str, read: Callable[[], T]) -> T | None:
    """Return what a field says; what is wrong with it is noted."""
    try:
        return read()
    except UsageError as error:
        found.errors[name] = str(error)
        return None


def _short(what: str, text: str) -> str:
    return _checked(what, one_line(text, 2 * LONGEST_TEXT), LONGEST_TITLE)


def _long(text: str) -> str:
    return _checked("description", several_lines(text), LONGEST_TEXT)


def _checked(what: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise UsageError(f"The {what} is too long: {len(text)} characters, {longest} are allowed.")
    return text


def _start(wish: Wish, zone: tzinfo | None, found: Checked) -> float | None:
    day = _read(date.fromisoformat, wish.date)
    at = _read(time.fromisoformat, wish.time)
    if day is None or not 1971 <= day.year <= 9000:
        found.errors["date"] = "Give a day, such as 2026-11-21."
        return None
    if at is None or at.tzinfo is not None:
        found.errors["time"] = "Give a time of day, such as 14:00."
        return None
    naive = datetime.combine(day, at)
    moments = _moments(naive, zone)
    if not moments:
        after = local(naive.replace(tzinfo=zone).timestamp(), zone)
        found.errors["time"] = (
            f"Clocks are put forward that night: there is no {at:%H:%M} on this day. "
            f"After the change it is {after:%H:%M}."
        )
        return None
    if len(moments) == 2:
        found.twice = True
        if wish.again not in ("0", "1"):
            found.errors["time"] = (
                f"Clocks are put back that night: {at:%H:%M} comes twice on this day. Say which one is meant."
            )
            return None
        return moments[int(wish.again)]
    return moments[0]


def _typed_end(wish: Wish, start: float, zone: tzinfo | None, errors: dict[str, str]) -> float | None:
    at = _read(time.fromisoformat, wish.end)
    if at is None or at.tzinfo is not None:
        errors["end"] = "Give a time of day, such as 15:30, or leave it empty and give the length."
        return None
    later = [end for end in _moments(datetime.combine(local(start, zone), at), zone) if end > start]
    if len(later) == 1:
        return later[0]
    errors["end"] = (
        "Clocks are put back that night, and this time comes twice. Give the length instead."
        if later
        else "The end has to be after the start, on the same day. Beyond midnight give the length instead."
    )
    return None


def _length(wish: Wish, start: float, found: Checked) -> float | None:
    minutes = _noted(found, "minutes", lambda: read_minutes(wish.minutes))
    return None if minutes is None else start + minutes * 60


def _moments(naive: datetime, zone: tzinfo | None) -> list[float]:
    """Return the moments at which clocks show a time: none, one or two."""
    found = []
    for fold in (0, 1):
        moment = naive.replace(fold=fold, tzinfo=zone).timestamp()
        shown = datetime.fromtimestamp(moment, UTC).astimezone(zone).replace(tzinfo=None, fold=0)
        if abs(shown - naive) < timedelta(milliseconds=1) and moment not in found:
            found.append(moment)
    return found


def _read(read: Callable[[str], T], text: str) -> T | None:
    try:
        return read(text.strip())
    except (ValueError, OverflowError):
        return None
