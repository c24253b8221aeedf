"""One session: from the start of an engine to its end."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, replace

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.live import LinkState, LiveReport, LiveState, LogLine, Profile, Source
from pyca.core.secrecy import mask
from pyca.live.plan import Plan
from pyca.live.service.alerts import Alerts
from pyca.live.service.journal import Journal
from pyca.live.service.planning import Demand, plan
from pyca.live.service.streamer import MakeStreamer

logger = logging.getLogger(__name__)

SAMPLE_PERIOD = 5.0
REFUSED = "refused by all destinations"
FAILED = "the streamer failed"
STUCK = 30.0
"""Seconds after which an engine that does nothing counts as stuck."""


class StuckError(PycaError):
    """The engine does nothing any more."""


class Broadcast:
    """Streams until it is stopped or every destination has refused.

    :param uid: the event that it is for, empty where it was started by hand
    :raises PycaError: where it cannot begin
    :raises OSError: where the folder of the streamer cannot be made
    """

    def __init__(
        self,
        settings: Settings,
        demand: Demand,
        uid: str,
        make: MakeStreamer,
        journal: Journal,
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._alerts = alerts
        self._plan = plan(settings, demand, clock.now())
        self._names = demand.reachable
        self._restarts = dict(demand.setup.restarts)
        self.orders = demand.setup.orders
        """the number of the last order that was carried out"""
        self._engine = make(settings, self._plan)
        self._engine.start()
        self.reason = ""
        """why it ends, empty while it goes on"""
        self.ended = False
        self.began = clock.monotonic()
        self._next_sample = self.began + SAMPLE_PERIOD
        self._moment = 0.0
        self._moved = self.began
        """when the engine last did something"""
        journal.begin(self._plan.profile, mask(self._plan.source.input), uid)

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is news."""
        return self._engine.fileno()

    @property
    def stuck(self) -> bool:
        """True where the engine has done nothing for long: only a new process helps."""
        return not self.ended and self._clock.monotonic() - self._moved > STUCK

    def follow(self, settings: Settings, demand: Demand) -> None:
        """Stream what is wanted now; only what differs is changed."""
        if self.reason:
            return
        self.orders = demand.setup.orders
        wanted = plan(settings, demand, self._clock.now())
        if wanted != self._plan:
            self._note_changes(wanted)
            self._plan, self._names = wanted, demand.reachable
            self._engine.follow(wanted)
        for name, count in demand.setup.restarts.items():
            if count != self._restarts.get(name, 0):
                self._engine.restart(name)
        self._restarts = dict(demand.setup.restarts)

    def _note_changes(self, wanted: Plan) -> None:
        """Note in the session's log what it is sent with from now on: it begins with something else."""
        words = [*_changes(self._plan.profile, wanted.profile), *_changes(self._plan.source, wanted.source)]
        if words:
            line = LogLine(self._clock.now(), "info", f"changed: {', '.join(words)}")
            self._journal.note([line])

    def stop(self, reason: str) -> None:
        """Ask the engine to end.

        :param reason: in words, for the list of sessions
        """
        if not self.reason:
            self.reason = reason
            logger.info("The stream ends: %s", reason)
            self._engine.stop()

    def look(self, patience: float = 0.0) -> LiveReport:
        """Write down what there is to tell; return how it goes.

        :param patience: seconds to wait for the end
        :raises StuckError: where the engine does nothing any more
        """
        self._engine.drain()
        ended = self._engine.join(patience)
        report = self._engine.report()
        self._journal.note(self._engine.lines())
        now = self._clock.monotonic()
        if report.at != self._moment:
            self._moment, self._moved = report.at, now
        if now >= self._next_sample or ended:
            self._next_sample = now + SAMPLE_PERIOD
            self._journal.sample(replace(report, at=self._clock.now()))
        if ended:
            return self._over(report)
        if self.stuck:
            raise StuckError(f"the streamer has done nothing for {now - self._moved:.0f} s")
        self._alerts.look(report, self._names, now, taken=not self._plan.camera)
        if self.reason:
            return replace(report, state=LiveState.STOPPING)
        return report if report.state is not LiveState.IDLE else replace(report, state=LiveState.PREPARING)

    def _over(self, report: LiveReport) -> LiveReport:
        """Write down why it ended, and return how it ended."""
        self.ended = True
        self._engine.close()
        self._alerts.rest()
        # Trouble that was survived is none at the end of a stream that somebody wanted to end.
        error = "" if self.reason else report.error
        if not self.reason:
            self.reason = REFUSED if self._is_refused(report) else FAILED
        self._journal.end(self.reason, error)
        return replace(report, state=LiveState.IDLE, error=error)

    def _is_refused(self, report: LiveReport) -> bool:
        """Tell whether every destination has refused: trying again would not help."""
        states = [link.state for link in report.links if link.id in self._names]
        return bool(states) and all(state is LinkState.REFUSED for state in states)


def _changes(before: Profile | Source, after: Profile | Source) -> Iterator[str]:
    """Yield what differs, in words; passwords of inputs are masked."""
    for name, value in asdict(after).items():
        old = getattr(before, name)
        if value != old:
            yield f"{name} from {_plain(old)} to {_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return mask(value) if isinstance(value, str) else "none" if value is None else str(value)
