"""Which calendars the settings name."""

from collections.abc import Callable

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.event import Origin
from pyca.schedule.source import Source

UPSTREAM = {Origin.OPENCAST: "calendar", Origin.ICS: "ics"}
"""The name of each calendar among the things outside."""


def configured(settings: Settings, clock: Clock, progress: Callable[[], object]) -> list[Source]:
    """Return the calendars, none in standalone mode without a calendar.

    The imports are here because an agent needs one of them at most, and icalendar alone takes megabytes.

    :param progress: called during transfers; True ends them
    """
    sources: list[Source] = []
    if not settings.standalone:
        from pyca.schedule.opencast import OpencastSource

        sources.append(OpencastSource(settings, clock, progress))
    if settings.agent.calendar:
        from pyca.schedule.ics import IcsSource
        from pyca.schedule.reader import reader

        sources.append(IcsSource(settings, clock, reader(settings, progress)))
    return sources
