"""The schedule service: asks every configured calendar in time."""

import logging
from collections.abc import Iterable, Sequence

from pyca.config.settings import Settings
from pyca.core.alarm import AlarmKind
from pyca.core.clock import Clock
from pyca.core.states import ServiceName
from pyca.runtime.bell import ring
from pyca.runtime.hooks import Hooks
from pyca.runtime.loop import HasFileno
from pyca.runtime.pulse import Pulse
from pyca.schedule.poller import Poller
from pyca.schedule.source import Source
from pyca.schedule.sources import UPSTREAM, configured
from pyca.store import alarms, events, upstream
from pyca.store.alarms import Alarms, AtOnce
from pyca.store.database import Database

logger = logging.getLogger(__name__)

NOTICED = 60.0
"""Seconds by which a clock is set before that is of interest."""
TIDY_SECONDS = 3600.0
KEEP_SECONDS = 7 * 86400.0
"""Events stay for so long after their end, so that a capture service that was away sees them."""

HISTORY_SECONDS = 90 * 86400.0
"""Alarms that are over are kept for so long."""


class ScheduleService:
    """Calendar → upcoming events.

    :param sources: the calendars, by default those that the settings name
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        pulse: Pulse,
        sources: Sequence[Source] | None = None,
    ) -> None:
        self._pulse = pulse
        if sources is None:
            sources = configured(settings, clock, self._on_transfer)
        self._database = database
        self._clock = clock
        self._hooks = Hooks(settings, clock)
        self._writer = AtOnce(database)
        self._alarms = Alarms(ServiceName.SCHEDULE, self._hooks, clock, self._writer)
        self._pollers = [Poller(source, settings.agent, database, clock) for source in sources]
        self._tidy_due = clock.now()
        self._begun = False
        self._offset = clock.now() - clock.monotonic()

    @property
    def name(self) -> ServiceName:
        """The service's name."""
        return ServiceName.SCHEDULE

    def tick(self) -> float:
        """Ask the calendars that are due; return when the next one is."""
        self._writer.flush()
        if not self._begun:
            self._forget_others()
            self._begun = True
        if self._clock_was_set():
            # What a wrong clock has made of the calendar is not believed, and nothing dropped by a new one.
            self._tidy_due = self._clock.now() + TIDY_SECONDS
            for poller in self._pollers:
                poller.forget()
        if self._clock.now() >= self._tidy_due:
            self._tidy()
        for poller in self._pollers:
            if poller.is_due() and not self._pulse.stopping:
                self._pulse.progress(f"asking calendar “{poller.source.name}”")
                try:
                    poller.poll()
                finally:
                    self._tell_troubles()
        return min([self._tidy_due, *(poller.due for poller in self._pollers)])

    def _clock_was_set(self) -> bool:
        before, self._offset = self._offset, self._clock.now() - self._clock.monotonic()
        return abs(self._offset - before) > NOTICED

    def files(self) -> Iterable[HasFileno]:
        """Nothing but time and the bell wakes this service."""
        return ()

    def busy(self) -> bool:
        """Between two ticks nothing is at hand that a new configuration could disturb."""
        return False

    def status(self) -> str:
        """Return in one line how the calendars are."""
        if not self._pollers:
            return "no calendar: local events only"
        return ", ".join(f"{each.source.name}: {each.error or 'up to date'}" for each in self._pollers)

    def close(self) -> None:
        """Let go of the calendars."""
        for poller in self._pollers:
            poller.source.close()
        self._hooks.close()

    def _tell_troubles(self) -> None:
        """Raise the alarm of calendars that cannot be read for long, or end it."""
        troubles = [f"{each.source.name}: {each.trouble}" for each in self._pollers if each.trouble]
        if troubles:
            text = "cannot be read, the schedule stays as it was last known"
            self._alarms.alert(AlarmKind.CALENDAR, f"{text} ({'; '.join(troubles)})")
        else:
            self._alarms.clear(AlarmKind.CALENDAR)

    def _on_transfer(self) -> bool:
        """Keep the heart beating while a server takes its time; True ends the transfer."""
        self._pulse.progress()
        return self._pulse.stopping

    def _forget_others(self) -> None:
        """Drop the events of calendars that are not configured any more; nobody would ever correct them."""
        mine = {poller.source.origin for poller in self._pollers}
        for origin in UPSTREAM.keys() - mine:
            with self._database.write() as session:
                change = events.refresh(session, origin, {})
                upstream.forget(session, UPSTREAM[origin])
            if change:
                logger.warning(
                    "Calendar “%s” is not configured any more: %d events dropped", origin, len(change.removed)
                )
                ring(self._database.scope, ServiceName.CAPTURE)

    def _tidy(self) -> None:
        """Drop what was over long ago."""
        now = self._clock.now()
        self._tidy_due = now + TIDY_SECONDS
        with self._database.write() as session:
            dropped = events.drop_over(session, now - KEEP_SECONDS)
            events.forget_deleted(session, now)
            alarms.drop_over(session, now - HISTORY_SECONDS)
        if dropped:
            logger.debug("%d events that were over long ago have left the schedule", dropped)
