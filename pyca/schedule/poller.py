"""One calendar: asked in time, stored whole or not at all."""

import logging
import re

from pyca.config.settings import Agent
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import CalendarError, DeliveryError
from pyca.core.states import ServiceName
from pyca.runtime.bell import ring
from pyca.schedule.changes import look_up, summary
from pyca.schedule.source import Fetched, Mark, Source
from pyca.schedule.timing import AFTER_END, DENSE_SECONDS, next_poll
from pyca.store import events, upstream
from pyca.store.database import Database
from pyca.store.events import Change

logger = logging.getLogger(__name__)

JITTER = 0.05
"""Share of the interval by which it varies, so that agents that were switched on together drift apart."""


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
        self._dense = min(DENSE_SECONDS, interval)
        self._regular = Backoff(first=interval, limit=interval, jitter=JITTER)
        # After an outage the boxes follow soon, and a failing server is never asked more rarely than usual.
        self._retry = Backoff(first=min(5.0, interval), limit=interval)
        self._failures = 0
        self._mark: Mark | None = None

    def poll(self) -> None:
        """Ask the calendar once; whatever comes, the next moment is set and the stored events are sound.

        :raises StoreError: where the database cannot be used; nothing is forgotten, the next poll asks again
        """
        # Set first: a database that fails below must not make the loop ask the server without a pause.
        self.due = self._clock.now() + self._dense
        try:
            fetched = self.source.fetch(self._known, self._mark)
        except (CalendarError, DeliveryError) as error:
            self._failed(error)
        else:
            self._store(fetched)
            self._succeeded(fetched)
        self._plan()

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
                change = events.refresh(session, self.source.origin, fetched.present)
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
        self._failures, self.error = 0, ""

    def _failed(self, error: CalendarError | DeliveryError) -> None:
        self._failures += 1
        reason = str(error)
        if _gist(reason) == _gist(self.error):
            logger.debug("Calendar “%s” again: %s", self.source.name, reason)
        else:
            logger.warning("Calendar “%s”: %s", self.source.name, reason)
        self.error = reason
        with self._database.write() as session:
            upstream.failed(session, self.source.name, self._clock.now(), reason)

    def _plan(self) -> None:
        """Set the next moment."""
        now = self._clock.now()
        pause = self._retry.pause(self._failures) if self._failures else self._regular.pause(1)
        with self._database.read() as session:
            near = events.overlapping(session, now - AFTER_END, now + pause)
        own = [event for event in near if event.origin == self.source.origin]
        self.due = next_poll(now, now + pause, self._dense, own)


def _gist(reason: str) -> str:
    """Return a reason without what curl measured: “after 2001 ms” and “after 2003 ms” are the same news."""
    return re.sub(r"\d+(?= (ms|milliseconds|seconds|bytes|out of)\b)", "", reason)
