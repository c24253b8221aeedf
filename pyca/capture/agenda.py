"""What comes next, in memory: a start never waits for the database."""

import logging
from collections.abc import Collection

from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.live import Profile
from pyca.store import events, identity, live, recordings
from pyca.store.database import Database
from pyca.store.identity import Identity

logger = logging.getLogger(__name__)

LEAD = 5.0
"""Seconds before its start at which an event is made ready."""
PERIOD = 10.0
"""Seconds between two looks at the schedule where nobody rings."""
HORIZON = 86_400.0
"""Seconds ahead that are kept in memory, so that a database that is away does no harm for a day."""
QUIET = 0.25
"""Seconds before a start in which nothing else is begun."""
SEEN = 3 * PERIOD
"""Seconds since the last look at the schedule up to which an event that was not in it counts as new."""
TROUBLED_QUIET = 15.0
"""The same while the database is away: a look at it may take as long as its time-outs."""


class Agenda:
    """The next events, and how those that run are scheduled now."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._events: dict[str, Event] = {}
        self._scheduled: dict[str, Event] = {}
        self._ends: dict[str, float] = {}
        self._missed: list[Event] = []
        self._next_look = 0.0
        self._seen: float | None = None
        self.surprises: dict[str, float] = {}
        """events that were not known, or at another time, at their start → when they were seen"""
        self.identity: Identity | None = None
        """which database was read last"""
        self.profile: Profile | None = None
        """how the stream is encoded, None for as the configuration says"""
        self.replaced = False
        """True from the moment at which another database has taken its place until somebody has seen to it"""
        self.trouble = ""
        """why the schedule cannot be read now"""

    def refresh(self, running: Collection[str]) -> bool:
        """Read the schedule; what is known stays where that fails.

        :param running: ids of the events being recorded
        :return: True where it was read
        """
        now = self._clock.now()
        aware = self._seen is not None and not self.trouble and self._clock.monotonic() - self._seen < SEEN
        if self.trouble and self._clock.monotonic() < self._next_look:
            return False
        quiet = TROUBLED_QUIET if self.trouble else QUIET
        at_hand = [event.start for event in self._events.values() if now < event.start <= now + quiet]
        if at_hand:
            self._next_look = self._clock.monotonic() + max(at_hand) + QUIET - now
            return False
        self._next_look = self._clock.monotonic() + PERIOD
        try:
            with self._database.read() as session:
                if not self._same(identity.get(session)):
                    return False
                self.profile = live.profile(session)
                upcoming = events.upcoming(session, before=now + HORIZON)
                self._scheduled = events.many(session, running) if running else {}
                self._ends = recordings.operator_ends(session) if running else {}
        except StoreError as error:
            if error.mended:
                self._next_look = self._clock.monotonic()
                return False
            if not self.trouble:
                logger.error("%s; recording goes on with the schedule in memory", error)
            self.trouble = error.message
            return False
        self.trouble = ""
        self._seen = self._clock.monotonic()
        fresh = [event for event in upcoming if event.uid not in running]
        self._note_surprises(fresh, now, aware=aware)
        self._missed = [event for event in fresh if event.end <= now]
        self._events = {event.uid: event for event in fresh if event.end > now}
        return True

    def _note_surprises(self, fresh: Collection[Event], now: float, *, aware: bool) -> None:
        """Tell what could not begin in time from what did not.

        :param aware: False where the schedule was not looked at lately: whoever is late then is late
        """
        kept = {event.uid: self.surprises[event.uid] for event in fresh if event.uid in self.surprises}
        for event in fresh:
            known = self._events.get(event.uid)
            if aware and event.start < now and (known is None or known.start != event.start):
                kept[event.uid] = now
        self.surprises = kept

    @property
    def created(self) -> float:
        """When the database was made; 0 where that cannot be, because a clock was wrong then."""
        created = self.identity.created if self.identity else 0.0
        return created if created <= self._clock.now() else 0.0

    def remembered(self) -> list[Event]:
        """Return all events that are known and have not begun, and those that run."""
        return [*self._events.values(), *self._scheduled.values()]

    def _same(self, found: Identity) -> bool:
        """Tell whether this is still the database that was read before.

        Of another one nothing is believed until it has been given back what it does not know.
        """
        self.replaced = self.replaced or (self.identity is not None and self.identity.id != found.id)
        self.identity = found
        self.trouble = ""
        return not self.replaced

    def due(self) -> list[Event]:
        """Return the events that should be recorded at this moment, the earliest first."""
        now = self._clock.now()
        due = [event for event in self._events.values() if event.start <= now < event.end]
        return sorted(due, key=lambda event: (event.start, event.uid))

    def near(self) -> list[Event]:
        """Return the events that start within the next seconds."""
        now = self._clock.now()
        return [event for event in self._events.values() if now < event.start <= now + LEAD]

    def following(self) -> Event | None:
        """Return the next event that has not begun."""
        now = self._clock.now()
        later = [event for event in self._events.values() if event.start > now]
        return min(later, key=lambda event: event.start, default=None)

    def offers(self, uid: str) -> bool:
        """Tell whether the schedule still lists an event as one that has not begun."""
        return uid in self._events or any(event.uid == uid for event in self._missed)

    def take_missed(self) -> list[Event]:
        """Return the events that are over without having begun, once."""
        missed, self._missed = self._missed, []
        return missed

    def scheduled(self, uid: str) -> Event | None:
        """Return how a running event is scheduled now, None where it has vanished."""
        return self._scheduled.get(uid)

    def operator_end(self, uid: str) -> float | None:
        """Return the end that somebody chose by hand."""
        return self._ends.get(uid)

    def next_due(self) -> float:
        """Return the moment of the next start, preparation or look."""
        now = self._clock.now()
        moments = [now + self._next_look - self._clock.monotonic()]
        for event in self._events.values():
            moments += [moment for moment in (event.start - LEAD, event.start) if moment > now]
        return min(moments)
