"""Moments as people write them on a command line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pyca.core.errors import UsageError
from pyca.core.units import parse_duration

_DAYS = {"today": 0, "tomorrow": 1}
_DAY = 86_400.0
_REMEDY = "write such as 2026-04-01 14:00, 14:00, “tomorrow 14:00”, now or +10min"


def parse_moment(text: str, now: float, zone: str) -> float:
    """Return the seconds since 1970 of ``now``, ``+10min``, ``tomorrow 14:00`` or an ISO date and time.

    :param zone: the time zone that is meant where the text names none
    :raises UsageError: where it is no moment
    """
    words = text.strip()
    if words.lower() == "now":
        return now
    if words.startswith("+"):
        return now + parse_length(words[1:])
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    first, _, rest = words.partition(" ")
    if first.lower() in _DAYS:
        today += timedelta(days=_DAYS[first.lower()])
        words = rest
    return _parse(words, text, today)


def parse_recording(text: str) -> float:
    """Return the seconds that somebody wants to record from now on.

    :raises UsageError: where it is no length, or more than a day: a slip of the hand would occupy the agent
    """
    seconds = parse_length(text)
    if seconds > _DAY:
        raise UsageError(f"“{text}” is too long", "a recording lasts 24 h at most")
    return seconds


def parse_length(text: str) -> float:
    """Return the seconds of a length such as ``90s``, ``45min`` or ``1:30:00``.

    :raises UsageError: where it is none or nothing at all
    """
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if seconds <= 0:
        raise UsageError(f"“{text}” is no length", "write such as 90s, 45min, 1h30m or 1:30:00")
    return seconds


def _parse(words: str, text: str, today: datetime) -> float:
    from dateutil import parser, tz

    if not any(sign in words for sign in ":-./T"):
        # A lone number would silently become a day of this month.
        raise UsageError(f"“{text}” is no moment", _REMEDY)
    try:
        moment = parser.parse(words, default=today)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"“{text}” is no moment", _REMEDY) from error
    return tz.resolve_imaginary(moment).timestamp()
