"""Which calendars the settings name."""

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.event import Origin
from pyca.schedule.source import Source

UPSTREAM = {Origin.OPENCAST: "calendar", Origin.ICS: "ics"}
"""The name of each calendar among the things outside."""


def configured(settings: Settings, clock: Clock) -> list[Source]:
    """Return the calendars, none in standalone mode without a calendar.

    The imports are here because an agent needs one of them at most, and icalendar alone takes megabytes.
    """
    sources: list[Source] = []
    if not settings.standalone:
        from pyca.schedule.opencast import OpencastSource

        sources.append(OpencastSource(settings, clock))
    if settings.agent.calendar:
        from pyca.schedule.ics import IcsSource

        sources.append(IcsSource(settings, clock))
    return sources
