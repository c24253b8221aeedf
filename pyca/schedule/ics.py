"""A calendar in an iCalendar file or behind an address, with repetitions and time zones."""

import hashlib
from collections.abc import Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import CalendarError, ConfigError
from pyca.core.event import Event, Origin
from pyca.schedule.occurrences import Span, expand
from pyca.schedule.reader import Read
from pyca.schedule.source import FULL_SECONDS, Fetched, Known, Mark, horizon

PAST_SECONDS = 3600.0
"""Events stay in the calendar for so long after their end, as they do in Opencast's."""
ENDLESS_DAYS = 366
"""The look-ahead where the settings give no limit: a weekly event repeats for ever."""


class IcsSource:
    """Reads ``[agent] calendar``.

    :param read: fetches the bytes of the file or address that the settings name
    :raises ConfigError: where the time zone is unknown
    """

    origin = Origin.ICS
    name = "ics"

    def __init__(self, settings: Settings, clock: Clock, read: Read) -> None:
        self._read = read
        self._clock = clock
        self._days = settings.agent.cal_lookahead or ENDLESS_DAYS
        self._zone = _zone(settings.agent.timezone)

    def fetch(self, known: Known, mark: Mark | None) -> Fetched:
        """Return the calendar; its repetitions are expanded anew each hour, as the look-ahead moves on.

        :raises CalendarError: where what came is no calendar
        :raises DeliveryError: where nothing came
        """
        body = self._read()
        now = self._clock.now()
        digest = hashlib.sha256(body).hexdigest()
        if mark and mark.digest == digest and now < mark.until:
            return Fetched(mark, None)
        span = Span(now - PAST_SECONDS, horizon(now, self._days) or now, self._zone)
        found = expand(calendar_text(body), span)
        fresh = Mark(digest, digest, now + FULL_SECONDS)
        return Fetched(fresh, _news(found, known(), now))


def _news(found: Mapping[str, Event], stored: Mapping[str, str], now: float) -> dict[str, Event | None]:
    """Return what is to be stored; an event that was over when it was first seen is not."""
    return {
        uid: None if stored.get(uid) == event.fingerprint else event
        for uid, event in found.items()
        if uid in stored or event.end > now
    }


def calendar_text(body: bytes) -> str:
    """Return the text of a calendar, whole or not at all.

    :raises CalendarError: where it is something else or ends early
    """
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise CalendarError("the calendar is no UTF-8 text") from error
    if not text:
        raise CalendarError("the calendar is empty", "an empty schedule still needs BEGIN:VCALENDAR")
    upper = text.upper()
    if not upper.startswith("BEGIN:VCALENDAR") or "\0" in text:
        raise CalendarError(f"this is no calendar: {text[:40]!r}…", "check the address and its password")
    if not upper.endswith("END:VCALENDAR"):
        raise CalendarError("the calendar is cut off")
    return text


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = f"[agent] timezone: “{name}” is no time zone"
        raise ConfigError([problem], "write such as Europe/Zurich") from error
