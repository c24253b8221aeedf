"""What somebody types to plan an event, and what is wrong with it, field by field."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from pyca.core.event import Event
from pyca.core.naming import tidy_title
from pyca.ui.view.days import local

T = TypeVar("T")

LONGEST = 24 * 60
"""Minutes; what is longer is a slip of the finger."""
LONGEST_TITLE = 200
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
    end: str = ""
    inputs: tuple[str, ...] = ()
    creator: str = ""
    description: str = ""


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
    return Wish(inputs=tuple(form.getlist("inputs")[:100]), **texts)


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
    )


def check(wish: Wish, zone: tzinfo | None, now: float, known: Sequence[str]) -> Checked:
    """Return what a form means, with everything that is wrong with it.

    :param now: seconds since 1970
    :param known: names of the inputs
    """
    found = Checked(title=tidy_title(wish.title), creator=tidy_title(wish.creator))
    found.description = _clean(wish.description)
    _check_texts(found)
    found.inputs = _inputs(wish.inputs, known, found.errors)
    start = _start(wish, zone, found)
    if start is None:
        return found
    found.start = start
    if start < now - LATE_SECONDS:
        found.errors["time"] = "This time is over. To record at once, use “Record now” on the first page."
    elif local(start, zone).year > local(now, zone).year + AHEAD_YEARS:
        found.errors["date"] = f"This is more than {AHEAD_YEARS} years ahead. Check the year."
    end = (
        _typed_end(wish, start, zone, found.errors)
        if wish.end.strip()
        else _length(wish, start, found.errors)
    )
    found.end = start if end is None else end
    return found


_TEXTS = ("title", "date", "time", "again", "minutes", "end", "creator", "description")


def _check_texts(found: Checked) -> None:
    if not found.title:
        found.errors["title"] = "An event needs a title."
    for name, longest in (
        ("title", LONGEST_TITLE),
        ("creator", LONGEST_TITLE),
        ("description", LONGEST_TEXT),
    ):
        length = len(getattr(found, name))
        if length > longest:
            found.errors[name] = f"This is too long: {length} characters, {longest} are allowed."


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


def _length(wish: Wish, start: float, errors: dict[str, str]) -> float | None:
    minutes = _read(float, wish.minutes.replace(",", "."))
    if minutes is None or not math.isfinite(minutes) or not 1 <= minutes <= LONGEST:
        errors["minutes"] = f"The length has to be a number of minutes from 1 to {LONGEST}."
        return None
    return start + minutes * 60


def _moments(naive: datetime, zone: tzinfo | None) -> list[float]:
    """Return the moments at which clocks show a time: none, one or two."""
    found = []
    for fold in (0, 1):
        moment = naive.replace(fold=fold, tzinfo=zone).timestamp()
        shown = datetime.fromtimestamp(moment, UTC).astimezone(zone).replace(tzinfo=None, fold=0)
        if abs(shown - naive) < timedelta(milliseconds=1) and moment not in found:
            found.append(moment)
    return found


def _inputs(wanted: Sequence[str], known: Sequence[str], errors: dict[str, str]) -> tuple[str, ...]:
    """Return the inputs to record; empty means all, as everywhere."""
    if len(known) < 2:
        return ()
    chosen = tuple(name for name in known if name in wanted)
    if not chosen:
        errors["inputs"] = "Choose at least one input."
    return () if len(chosen) == len(known) else chosen


def _clean(text: str) -> str:
    """Return a text of several lines without characters that steer something."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(
        "".join(char if char.isprintable() else " " for char in line).rstrip() for line in lines
    ).strip()


def _read(read: Callable[[str], T], text: str) -> T | None:
    try:
        return read(text.strip())
    except (ValueError, OverflowError):
        return None
