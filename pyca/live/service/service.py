"""The live service: streams what is wanted, for as long as it is wanted."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from pyca.config.settings import Live, Settings
from pyca.core.alarm import SHOWN, AlarmKind
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.control import ParameterError
from pyca.core.errors import PycaError, StoreError
from pyca.core.event import Event
from pyca.core.live import LiveReport, LiveState
from pyca.core.states import ServiceName
from pyca.live.service import planning
from pyca.live.service.alerts import Alerts
from pyca.live.service.broadcast import FAILED, REFUSED, Broadcast
from pyca.live.service.journal import Journal
from pyca.live.service.planning import Demand
from pyca.live.service.remains import Remains
from pyca.live.service.streamer import MakeStreamer
from pyca.runtime.hooks import Hooks
from pyca.runtime.pulse import Pulse
from pyca.store.alarms import Alarms
from pyca.store.database import Database

logger = logging.getLogger(__name__)

PERIOD = 2.0
"""Seconds between two looks at what is wanted; the bell shortens it."""
END_PATIENCE = 30.0
"""Seconds that a stream has to end when the service does."""
AGAIN = Backoff(first=1, limit=30)
"""Between two sessions, where one ended though it should not have."""
_LASTED = 60.0
"""Seconds after which a session that fails is the first one that fails."""


class LiveService:
    """Follows what is wanted. Implements :class:`pyca.runtime.loop.Service`.

    :param make: returns an engine that has not begun
    """

    name = ServiceName.LIVE

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, pulse: Pulse, make: MakeStreamer
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._make = make
        self._journal = Journal(database, clock)
        self._hooks = Hooks(settings, clock)
        self._alarms = Alarms(self.name, self._hooks, clock, self._journal.put)
        self._alerts = Alerts(self._alarms)
        self._demand: Demand | None = None
        self._broadcast: Broadcast | None = None
        self._given_up = -1
        """number of the start that came to nothing"""
        self._declined = ""
        """the event whose stream came to nothing"""
        self._failures = 0
        self._next_try = 0.0
        self._orders: int | None = None
        """number of the last order that was seen"""
        self._remains = Remains(settings.live.directory, clock)
        self._report = LiveReport(since=clock.now())
        self._told: tuple[LiveReport, int] | None = None

    def tick(self) -> float:
        """Look what is wanted, begin or end, and tell how it goes.

        :raises StoreError: where it was never possible to read what is wanted
        :raises StuckError: where the engine does nothing any more
        """
        demand, now = self._read(), self._clock.now()
        if demand.setup.orders != self._orders:
            # Whoever says start does not wait for what failed before.
            self._orders, self._failures, self._next_try = demand.setup.orders, 0, 0.0
        if self._broadcast is not None:
            self._steer(self._broadcast, demand, self._occasion(demand, now))
        if self._broadcast is None:
            self._idle(demand, self._occasion(demand, now))
        self._tell(demand.setup.orders)
        self._journal.thin_out()
        self._remains.tick()
        return min(now + PERIOD, demand.occasions.next_moment(now))

    def files(self) -> Iterable[Broadcast]:
        """Return what wakes the loop when the engine has news."""
        return [self._broadcast] if self._broadcast is not None else []

    def busy(self) -> bool:
        """Tell whether something is streamed; not where only a restart helps, so that the watchdog bites."""
        return self._broadcast is not None and not self._broadcast.stuck

    def status(self) -> str:
        """Return what is streamed, in one line."""
        if self._journal.trouble:
            return f"database: {self._journal.trouble}"
        return str(self._report.state) + (f": {self._report.error}" if self._report.error else "")

    def follow(self, settings: Settings) -> None:
        """Follow another configuration. A stream begins anew where what it works with has changed."""
        before, self._settings = self._settings, settings
        if settings.hooks != before.hooks or settings.agent.name != before.agent.name:
            self._alerts.rest()
            self._hooks.close()
            self._hooks = Hooks(settings, self._clock)
            self._alarms = Alarms(self.name, self._hooks, self._clock, self._journal.put)
            self._alerts.follow(self._alarms)
        if self._broadcast is not None and _tools(settings.live) != _tools(before.live):
            self._broadcast.stop("another configuration")

    def close(self) -> None:
        """End the stream properly. What is wanted stays so, for the next start."""
        if self._broadcast is not None:
            self._broadcast.stop("the service was stopped")
            self._wait_for_end(self._broadcast)
            self._remains.leave(self._settings.live.directory)
        self._remains.clear()
        self._alerts.rest()
        if self._demand is not None:
            self._tell(self._demand.setup.orders)
        self._journal.close()
        self._hooks.close()

    def _read(self) -> Demand:
        """Return what is wanted; the last that is known while the database is away."""
        try:
            with self._database.read() as session:
                self._demand = planning.read(session, self._settings, self._clock.now())
        except StoreError as error:
            if self._demand is None:
                raise
            logger.debug("what is wanted stays as it is: %s", error)
        return self._demand

    def _occasion(self, demand: Demand, now: float) -> Event | None:
        """Return the event that is to be streamed now."""
        event = demand.occasions.streamed(self._settings, now, demand.setup.stopped)
        return None if event is None or event.uid == self._declined else event

    def _by_hand(self, demand: Demand) -> bool:
        """Tell whether somebody has said start, and it has not come to nothing."""
        return demand.setup.wanted and demand.setup.orders != self._given_up

    def _steer(self, broadcast: Broadcast, demand: Demand, event: Event | None) -> None:
        """Have a stream do what is wanted now, and see how it goes."""
        if self._by_hand(demand) or event is not None:
            broadcast.follow(self._settings, demand)
        else:
            told = demand.setup.orders != broadcast.orders
            broadcast.stop("stopped by hand" if told else "the event is over")
        self._report = broadcast.look()
        if not broadcast.ended:
            return
        self._broadcast = None
        self._remains.leave(self._settings.live.directory)
        if broadcast.reason == REFUSED:
            self._give_up(demand, event, self._report.error)
        elif broadcast.reason == FAILED:
            if self._clock.monotonic() - broadcast.began > _LASTED:
                self._failures = 0
            self._postpone()

    def _idle(self, demand: Demand, event: Event | None) -> None:
        """Begin where something is wanted."""
        wanted = self._by_hand(demand) or event is not None
        if wanted and self._clock.monotonic() >= self._next_try:
            self._begin(demand, event)
        else:
            state = LiveState.PREPARING if wanted else LiveState.IDLE
            self._report = replace(self._report, state=state)

    def _begin(self, demand: Demand, event: Event | None) -> None:
        uid = "" if event is None or self._by_hand(demand) else event.uid
        if not demand.reachable:
            self._give_up(demand, event, "nothing to stream to is set")
            return
        try:
            self._broadcast = Broadcast(
                self._settings, demand, uid, self._make, self._journal, self._alerts, self._clock
            )
        except ParameterError as error:
            self._give_up(demand, event, str(error))
            return
        except (PycaError, OSError) as error:
            self._put_off(event, str(error))
            return
        self._remains.keep()
        logger.info("The stream begins%s", f" for “{event.title}”" if uid and event else "")
        now = self._clock.now()
        self._report = LiveReport(LiveState.PREPARING, since=now, started=now, at=now)

    def _give_up(self, demand: Demand, event: Event | None, error: str) -> None:
        """Try no more until somebody says start, or the next event comes."""
        self._given_up = demand.setup.orders
        if demand.setup.wanted:
            self._journal.give_up(demand.setup.orders)
        if event is not None:
            self._declined = event.uid
            self._alert(event, error)
        logger.error("Nothing is streamed: %s", error)
        self._report = replace(self._report, state=LiveState.IDLE, error=error)

    def _put_off(self, event: Event | None, error: str) -> None:
        """Try again later: a disk that is not mounted yet, or a machine that is too busy now."""
        if error != self._report.error or not self._failures:
            logger.error("The stream does not begin: %s; it is tried again", error)
            if event is not None:
                self._alert(event, error)
        self._postpone()
        self._report = replace(self._report, state=LiveState.PREPARING, error=error)

    def _postpone(self) -> None:
        self._failures += 1
        self._next_try = self._clock.monotonic() + AGAIN.pause(self._failures)

    def _alert(self, event: Event, error: str) -> None:
        text = f"the event is not streamed: {error}"
        self._alarms.alert(AlarmKind.LIVE, text, event, until=self._clock.now() + SHOWN)

    def _wait_for_end(self, broadcast: Broadcast) -> None:
        deadline = self._clock.monotonic() + END_PATIENCE
        while not broadcast.ended and self._clock.monotonic() < deadline:
            self._report = broadcast.look(patience=0.2)
            self._pulse.progress("ending the stream")

    def _tell(self, orders: int) -> None:
        """Report while something is streamed or shall be, and else what is new."""
        if self._broadcast is not None:
            self._told = None
            self._journal.tell(self._report, orders)
            return
        report = replace(self._report, at=0.0)
        if (report, orders) != self._told or report.state is not LiveState.IDLE:
            self._told = (report, orders)
            self._journal.tell(replace(report, at=self._clock.now()), orders)


def _tools(live: Live) -> tuple[object, ...]:
    """Return what an engine works with as long as it lives."""
    return (live.directory, live.slate, live.slate_text, live.ca_file, live.insecure)
