"""Can the calendar of its own, which an agent may have, be read?"""

from collections.abc import Iterator

from pyca.cli.doctor.finding import Finding, ok
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.opencast.refusals import place
from pyca.schedule.ics import IcsSource
from pyca.schedule.reader import reader

_LIMIT = 10.0
"""seconds for reading it"""


def check(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Read it as the service does, and tell how much is in it.

    :raises DeliveryError: where nothing comes
    :raises CalendarError: where it is no calendar
    """
    given_up = clock.monotonic() + _LIMIT
    source = IcsSource(settings, clock, reader(settings, lambda: clock.monotonic() > given_up))
    fetched = source.fetch(dict, None)
    count = sum(event is not None for event in (fetched.present or {}).values())
    address = settings.agent.calendar
    where = place(address) if "://" in address else address
    yield ok("calendar", f"{where}: {count} event{'' if count == 1 else 's'} within the look-ahead")
