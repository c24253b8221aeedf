"""Will the disk do? Looked at before it is full, while something can still be done."""

import logging

from pyca.capture.context import Context
from pyca.core.alarm import AlarmKind
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.recording import data_rate
from pyca.core.states import EventState, ServiceName
from pyca.core.units import show_size
from pyca.runtime.bell import ring
from pyca.runtime.disk import free_bytes
from pyca.store import recordings
from pyca.store.database import Database

logger = logging.getLogger(__name__)

PERIOD = 5.0
"""Seconds between two looks while something is recorded."""
IDLE_PERIOD = 30.0
RATE_PERIOD = 3600.0
"""Seconds for which what recordings take per second is taken as known."""
RECENT = 8
"""Recordings from which that is learnt."""
QUIET = 15.0
"""Seconds before a start in which the database is not asked: it could keep the recorder waiting."""
_OVER = (
    EventState.FINISHED_RECORDING,
    EventState.PARTIAL_RECORDING,
    EventState.UPLOADING,
    EventState.FINISHED_UPLOADING,
)


class DiskWatch:
    """Raises the alarm about a disk that is full, or too full for the next event."""

    def __init__(self, context: Context, database: Database) -> None:
        self._context = context
        self._database = database
        self._capture = context.settings.capture
        self._next = 0.0
        self._rate = 0.0
        self._rate_due = 0.0
        self._low = False

    def look(self, following: Event | None, *, busy: bool) -> None:
        """Look, where it is time to.

        :param following: the event that comes next
        :param busy: True where something is being recorded
        """
        now = self._context.clock.monotonic()
        if now < self._next and not (busy and self._next > now + PERIOD):
            return
        self._next = now + (PERIOD if busy else IDLE_PERIOD)
        free = free_bytes(self._capture.directory)
        alarms = self._context.alarms
        if free is None:
            text = f"{self._capture.directory} cannot be read; see whether its disk is there"
            alarms.alert(AlarmKind.DISK, text)
            self._low = False
            return
        wanted = max(self._capture.minimum_free, self._needed(following, now))
        if free >= wanted:
            alarms.clear(AlarmKind.DISK)
            self._low = False
        elif not self._low:
            # Once: its numbers would be news at each look.
            self._low = True
            alarms.alert(AlarmKind.DISK, self._words(free, wanted))
            # It may delete what was delivered.
            ring(self._database.scope, ServiceName.INGEST)

    def _words(self, free: int, wanted: int) -> str:
        advice = "delete old recordings"
        if self._capture.fallback_directory is not None:
            advice += f"; what finds no room goes to {self._capture.fallback_directory}"
        folder = self._capture.directory
        return f"only {show_size(free)} are free in {folder}, wanted are {show_size(wanted)}; {advice}"

    def _needed(self, following: Event | None, now: float) -> int:
        """Return how much the next event will probably take, twice: a copy is made when it is finished."""
        if following is None:
            return 0
        if now >= self._rate_due and self._may_learn(following):
            self._rate_due = now + RATE_PERIOD
            self._learn()
        return round(2 * self._rate * following.duration)

    def _may_learn(self, following: Event) -> bool:
        return following.start > self._context.clock.now() + QUIET and not self._context.scribe.trouble

    def _learn(self) -> None:
        try:
            with self._database.read() as session:
                recent = recordings.listing(session, states=_OVER, limit=RECENT)
        except StoreError as error:
            logger.debug("what recordings take is not known: %s", error)
            return
        self._rate = data_rate(recent)
