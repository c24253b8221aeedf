"""A calendar in an iCalendar file or behind an address, with repetitions and time zones."""

import hashlib
from collections.abc import Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import ConfigError
from pyca.core.event import Event, Origin
from pyca.opencast.calendar import check
from pyca.opencast.refusals import place
from pyca.schedule.occurrences import Span, expand
from pyca.schedule.reader import Read
from pyca.schedule.source import FULL_SECONDS, Fetched, Known, Mark

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
        address = settings.agent.calendar
        self._place = place(address) if "://" in address else address
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
        span = Span(now - PAST_SECONDS, now + self._days * 86400.0, self._zone)
        found = expand(check(body, self._place).decode("utf-8"), span)
        fresh = Mark(digest, digest, now + FULL_SECONDS)
        return Fetched(fresh, _news(found, known(), now))

    def close(self) -> None:
        """Nothing stays open between two fetches."""


def _news(found: Mapping[str, Event], stored: Mapping[str, str], now: float) -> dict[str, Event | None]:
    """Return what is to be stored; an event that was over when it was first seen is not."""
    return {
        uid: None if stored.get(uid) == event.fingerprint else event
        for uid, event in found.items()
        if uid in stored or event.end > now
    }


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = f"[agent] timezone: “{name}” is no time zone"
        raise ConfigError([problem], "write such as Europe/Zurich") from error
