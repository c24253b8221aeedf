"""One calendar: asked in time, stored whole or not at all."""

import logging
import re
from dataclasses import replace

from pyca.config.settings import Agent
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import CalendarError, DeliveryError
from pyca.core.event import Event
from pyca.core.states import ServiceName
from pyca.runtime.bell import ring
from pyca.schedule.changes import look_up, summary
from pyca.schedule.source import Fetched, Mark, Source
from pyca.schedule.stops import follow_stops
from pyca.schedule.timing import AFTER_END, DENSE_SECONDS, is_last_minute, next_poll
from pyca.store import events, identity, upstream
from pyca.store.database import Database
from pyca.store.events import Change

logger = logging.getLogger(__name__)

JITTER = 0.05
"""Share of the interval by which it varies, so that agents that were switched on together drift apart."""

PATIENCE_POLLS = 3
PATIENCE_SECONDS = 600.0
"""A calendar that could not be read so often in a row, or for so long, is an alarm."""


class Poller:
    """Keeps the stored events of one source up to date."""

    def __init__(self, source: Source, agent: Agent, database: Database, clock: Clock) -> None:
        self.source = source
        self.due = clock.now()
        self.error = ""
        """why the calendar could not be read last time, empty where all is well"""
        self._database = database
        self._clock = clock
        interval = float(agent.update_frequency)
        self._interval = interval
        self._dense = min(DENSE_SECONDS, interval)
        self._regular = Backoff(first=interval, limit=interval, jitter=JITTER)
        # After an outage the boxes follow soon, and a failing server is never asked more rarely than usual.
        self._retry = Backoff(first=min(5.0, interval), limit=interval)
        self.trouble = ""
        """the same as it was when it had lasted so long that somebody should know"""
        self._failures = 0
        self._failing_since: float | None = None
        self._mark: Mark | None = None
        self._identity = ""

    def forget(self) -> None:
        """Read the calendar as a whole, and soon."""
        self._mark, self.due = None, self._clock.now()

    def is_due(self) -> bool:
        """Tell whether it is time to ask, also after the machine's clock was set back."""
        now = self._clock.now()
        return now >= self.due or self.due > now + 2 * self._interval

    def poll(self) -> None:
        """Ask the calendar once; whatever comes, the next moment is set and the stored events are sound.

        :raises StoreError: where the database cannot be used; nothing is forgotten, the next poll asks again
        """
        # Set first: a database that fails below must not make the loop ask the server without a pause.
        self.due = self._clock.now() + self._dense
        try:
            fetched = self.source.fetch(self._known, self._believed())
        except (CalendarError, DeliveryError) as error:
            self._failed(error)
        else:
            self._store(fetched)
            self._succeeded(fetched)
        self._plan()

    def _believed(self) -> Mark | None:
        """Return what was seen last, without its tag in the last minute of an event.

        A server may go by an old tag for a minute, and say “unchanged” when it has just prolonged the event.
        """
        with self._database.read() as session:
            found = identity.get(session).id
        if found != self._identity:
            # What the server calls unchanged is not what another database holds.
            self._identity, self._mark = found, None
        now = self._clock.now()
        if self._mark is None or not is_last_minute(now, self._near(now, now)):
            return self._mark
        return replace(self._mark, tag="")

    def _near(self, start: float, end: float) -> list[Event]:
        """Return the source's own events that share time with a span, or were over just before it."""
        with self._database.read() as session:
            near = events.overlapping(session, start - AFTER_END, end)
        return [event for event in near if event.origin == self.source.origin]

    def _known(self) -> dict[str, str]:
        with self._database.read() as session:
            return events.fingerprints(session, self.source.origin)

    def _store(self, fetched: Fetched) -> None:
        """Bring the database up to date in one transaction, then tell whom it concerns."""
        now, change, line = self._clock.now(), Change(), ""
        with self._database.write() as session:
            if fetched.present is not None:
                gone = events.fingerprints(session, self.source.origin).keys() - fetched.present.keys()
                before = look_up(session, sorted(gone))
                present = follow_stops(session, fetched.present, now)
                change = events.refresh(session, self.source.origin, present)
                after = look_up(session, change.added + change.updated)
                line = summary(change, before, after, now)
            upstream.succeeded(session, self.source.name, now, fetched.mark.tag)
        self._mark = fetched.mark
        if line:
            logger.info("Schedule (%s): %s", self.source.name, line)
        if change.foreign:
            text = "Calendar “%s” lists %d events that are another one's, such as “%s”; they are left alone"
            logger.warning(text, self.source.name, len(change.foreign), change.foreign[0])
        if change:
            ring(self._database.scope, ServiceName.CAPTURE)
            ring(self._database.scope, ServiceName.AGENTSTATE)

    def _succeeded(self, fetched: Fetched) -> None:
        if self.error:
            logger.info("Calendar “%s” can be read again", self.source.name)
        elif fetched.present is None:
            logger.debug("Calendar “%s” is unchanged", self.source.name)
        self._failures, self.error, self.trouble, self._failing_since = 0, "", "", None

    def _failed(self, error: CalendarError | DeliveryError) -> None:
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = self._clock.monotonic()
        reason = str(error)
        if _gist(reason) == _gist(self.error):
            logger.debug("Calendar “%s” again: %s", self.source.name, reason)
        else:
            logger.warning("Calendar “%s”: %s", self.source.name, reason)
        if self._is_lasting(self._failing_since):
            self.trouble = self.trouble or reason
        self.error = reason
        with self._database.write() as session:
            upstream.failed(session, self.source.name, self._clock.now(), reason)

    def _is_lasting(self, since: float) -> bool:
        return self._failures >= PATIENCE_POLLS or self._clock.monotonic() - since >= PATIENCE_SECONDS

    def _plan(self) -> None:
        """Set the next moment."""
        now = self._clock.now()
        pause = self._retry.pause(self._failures) if self._failures else self._regular.pause(1)
        self.due = next_poll(now, now + pause, self._dense, self._near(now, now + pause))


def _gist(reason: str) -> str:
    """Return a reason without what curl measured: “after 2001 ms” and “after 2003 ms” are the same news."""
    return re.sub(r"\d+(?= (ms|milliseconds|seconds|bytes|out of)\b)", "", reason)
