"""A live service at a desk: stand-ins for the engine, a clock that is moved by hand."""

import os
from dataclasses import replace

from pyca.config.settings import Input, Live, Settings
from pyca.core.event import Event
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Program
from pyca.core.states import ServiceName, ServiceState
from pyca.live.plan import Plan
from pyca.live.service import operator
from pyca.live.service.service import LiveService
from pyca.runtime.pulse import Pulse
from pyca.store import events, live, recordings, services
from pyca.store.database import Database
from tests.tools import FakeClock, wait_for

COMMAND = "ffmpeg -i cam {{dir}}/{{name}}.mkv {{live_copy}}"


class StandIn:
    """Does nothing but to remember what it was told."""

    def __init__(self, plan: Plan, clock: FakeClock) -> None:
        self.plans = [plan]
        self.restarts: list[str] = []
        self.stopped = self.done = self.closed = False
        self.hangs = False
        self.said: list[LogLine] = []
        self._clock = clock
        self._bell = os.eventfd(0, os.EFD_NONBLOCK)
        self._report = LiveReport(LiveState.PREPARING)
        self.tell(LinkState.CONNECTING)

    @property
    def plan(self) -> Plan:
        return self.plans[-1]

    def tell(self, link: LinkState, program: Program = Program.CAMERA, error: str = "") -> None:
        """Be in a state from now on."""
        streaming = link is LinkState.LIVE
        links = tuple(
            LinkReport(one.id, one.label, link, "rtmp://localhost/********", error, sent=1000, bitrate=8e5)
            for one in self.plan.destinations
        )
        state = LiveState.STREAMING if streaming else LiveState.PREPARING
        self._report = LiveReport(
            state,
            error,
            program=program,
            at=self._clock.now(),
            fps=25.0,
            bitrate=9e5,
            sent=1000,
            cpu=3.0,
            links=links,
        )

    def finish(self, link: LinkState = LinkState.OFF, error: str = "") -> None:
        """Come to the end."""
        self.tell(link, Program.NOTHING, error)
        self._report = replace(self._report, state=LiveState.IDLE)
        self.done = True

    def start(self) -> None:
        pass

    def follow(self, plan: Plan) -> None:
        self.plans.append(plan)

    def restart(self, destination: str) -> None:
        self.restarts.append(destination)

    def stop(self) -> None:
        self.stopped = True

    def join(self, timeout: float) -> bool:
        if self.stopped and timeout:
            self.finish()
        return self.done

    def close(self) -> None:
        self.closed = True
        os.close(self._bell)

    def report(self) -> LiveReport:
        return self._report if self.hangs else replace(self._report, at=self._clock.now())

    def lines(self) -> list[LogLine]:
        lines, self.said = self.said, []
        return lines

    def fileno(self) -> int:
        return self._bell

    def drain(self) -> None:
        pass


class Desk:
    """A service and what it works with."""

    def __init__(self, database: Database, clock: FakeClock, pulse: Pulse, settings: Settings) -> None:
        self.database, self.clock, self.pulse = database, clock, pulse
        self.settings = settings
        self.engines: list[StandIn] = []
        self.trouble: Exception | None = None
        self.service = self.begin()

    def begin(self) -> LiveService:
        """Start the service, once more after its end."""
        self.service = LiveService(self.settings, self.database, self.clock, self.pulse, self._make)
        self.beat()
        return self.service

    @property
    def engine(self) -> StandIn:
        """The newest."""
        return self.engines[-1]

    def beat(self) -> None:
        """Live."""
        with self.database.write() as session:
            services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "", self.clock.now())

    def start(self) -> None:
        """Say start, and have it done."""
        operator.start(self.database, self.settings, self.clock)
        self.service.tick()

    def stop(self) -> None:
        """Say stop."""
        operator.stop(self.database, self.settings, self.clock)
        self.service.tick()

    def turn(self, seconds: float = 2.0) -> float:
        """Let time pass, and tick."""
        self.clock.move(seconds)
        return self.service.tick()

    def status(self) -> LiveReport:
        """Return what everybody sees."""
        with self.database.read() as session:
            return operator.status(session, self.settings, self.clock)

    def shows(self, state: LiveState) -> LiveReport:
        """Wait until everybody sees a state."""

        wait_for(lambda: self.status().state is state and not self._pending(), f"the state {state}")
        return self.status()

    def record(self, event: Event) -> None:
        """Have an event recorded."""
        with self.database.write() as session:
            recordings.begin(session, event, self.settings.capture.directory, self.clock.now())

    def plan_event(self, event: Event) -> None:
        """Have an event planned."""
        with self.database.write() as session:
            events.add(session, event)

    def _pending(self) -> bool:
        with self.database.read() as session:
            wanted = operator.setup(session, self.settings)
            return wanted.orders != live.reported_orders(session)

    def _make(self, _settings: Settings, plan: Plan) -> StandIn:
        if self.trouble is not None:
            raise self.trouble
        self.engines.append(StandIn(plan, self.clock))
        return self.engine


def settings_with(**live: object) -> Settings:
    """Return settings that stream to somewhere and whose one input passes on what it records."""
    values = {"url": "rtmp://localhost/app", "stream_key": "secret", **live}
    source = Input(command=COMMAND, flavors=("presenter/source",), files=("{{dir}}/{{name}}.mkv",))
    return Settings(live=Live(**values), inputs={"cam": source})  # type: ignore[arg-type]
