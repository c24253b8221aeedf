"""One agent in its world: services driven tick by tick, a calendar, a server, somebody at the page."""

import heapq
import itertools
import random
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from pyca.capture.inputs import folder_of
from pyca.capture.service import CaptureService
from pyca.config.settings import Agent, Capture, Ingest, Input, Settings
from pyca.core.errors import PycaError, StoreError
from pyca.core.event import Event, Origin
from pyca.ingest.service import LOOK_PERIOD, IngestService
from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import Pulse
from pyca.store import events, outbox, recordings, uploads
from tests.simulation.commands import COMMAND, TIMED, children_on
from tests.simulation.machine import Killed, Machine, Process
from tests.simulation.seams import SimulatedDatabase, SteppedPool, SteppedScribe
from tests.simulation.target import Server, SimulatedTarget

SPIN = 500
"""Turns within a second of the world's time that no healthy service needs."""


@dataclass
class Plan:
    """An event as the schedule tells it, and what became of it in the eyes of the world."""

    event: Event
    since: float
    """when it was told last, by the clock that never jumps"""
    first: Event
    gone: bool = False
    begun: float | None = None
    begun_wall: float = 0.0
    disturbed: bool = False
    """a fault that costs seconds may have touched it"""
    excluded: bool = False
    """nobody can say any more what should be recorded of it"""


class World:
    """Everything that there is."""

    def __init__(self, rng: random.Random, folder: Path, database: SimulatedDatabase) -> None:
        self.rng = rng
        self.machine = Machine(rng, folder)
        self.machine.started = self._started
        self.machine.overlap = self.problem
        self.machine.spare = self._interleave
        self.clock = self.machine.clock
        self.settings = _settings(rng, folder)
        database.begin_anew(self.machine)
        self.database = database
        self.server = Server(tells=rng.random() < 0.6)
        self.repeatable = rng.random() < 0.2
        self.plans: dict[str, Plan] = {}
        self.calendar: dict[str, Event] = {}
        self.told: dict[str, list[str]] = defaultdict(list)
        self.asked_again: dict[str, int] = defaultdict(int)
        self.deleted: set[str] = set()
        self.steps: list[str] = []
        self.problems: list[str] = []
        """seconds in folders of which the database never heard"""
        self.capture: CaptureService | None = None
        self.ingest: IngestService | None = None
        self.capture_due = self.ingest_due = 0.0
        self.delivering = False
        self.calm = False
        """True once nothing goes wrong any more"""
        self.excused = 0.0
        self.excused_lanes: dict[tuple[str, str], float] = {}
        self.readable_since = 0.0
        self.look: Callable[[], None] = lambda: None
        self._rung: set[str] = set()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._turns = (0, 0)
        self._busy = False
        self._idle = -1
        """the version of the database in which ingest found nothing to do"""
        self._calendar_pending = False

    # -- telling ---------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        self.steps.append(f"{len(self.steps) + 1:4d} {self.machine.mono - 1_774_600_000:9.2f} s  {text}")

    def problem(self, text: str) -> None:
        self.say(f"PROBLEM {text}")
        self.problems.append(text)

    def ring(self, scope: str, name: str) -> None:
        self._rung.add(name)

    # -- time ------------------------------------------------------------------------------------------

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.machine.mono + seconds, next(self._numbers), action))

    def run(self, until: float) -> None:
        while self.machine.mono < until:
            self._turn(until)

    def _turn(self, until: float) -> None:
        machine = self.machine
        moments = [until, machine.next_death()]
        if self._queue:
            moments.append(self._queue[0][0])
        if self.capture:
            moments.append(self.capture_due)
        if self.ingest and not self.delivering:
            moments.append(self.ingest_due)
        if machine.advance(max(min(moments), machine.mono + 0.001)):
            self._rung.add("capture")
        self._count_turns()
        while self._queue and self._queue[0][0] <= machine.mono:
            heapq.heappop(self._queue)[2]()
        self._tick()
        self.look()

    def _tick(self) -> None:
        now = self.machine.mono
        if self.capture and ("capture" in self._rung or self.capture_due <= now):
            self._rung.discard("capture")
            self._tick_capture(self.capture)
        if self.ingest and not self.delivering and ("ingest" in self._rung or self.ingest_due <= now):
            if self._idle == self.database.version and "ingest" not in self._rung:
                self.ingest_due = now + LOOK_PERIOD  # it would look in vain, and that takes long
            else:
                self._rung.discard("ingest")
                self._tick_ingest(self.ingest)
        self._background()
        if "agentstate" in self._rung and not self.server.away and self.rng.random() < 0.5:
            self.empty_outbox()

    def _count_turns(self) -> None:
        second, count = self._turns
        now = int(self.machine.mono)
        self._turns = (now, count + 1 if now == second else 0)
        if self._turns[1] == SPIN:
            self.problem("a service spins")

    # -- services --------------------------------------------------------------------------------------

    def start_capture(self) -> None:
        if self.capture is None:
            self.capture = CaptureService(
                self.settings, self.database, self.clock, self._pulse(), children_on(self.machine)
            )
            self.capture_due = self.machine.mono
            self.excuse(8)
            for process in self.machine.alive():
                if process.frozen:
                    self.excuse_lane(process, 80)
            self.say("capture starts")

    def start_ingest(self) -> None:
        if self.ingest is None:
            self.pulse = self._pulse()
            self.target = SimulatedTarget(
                self.server, self.machine, self._during_transfer, repeatable=self.repeatable
            )
            self.ingest = IngestService(self.settings, self.database, self.clock, self.pulse, self.target)
            self.ingest_due, self._idle = self.machine.mono, -1
            self.say("ingest starts")

    def drop_capture(self, pause: float) -> None:
        """Leave the capture service as SIGKILL would, and start another one later."""
        self.capture = None
        self._disturb()
        self.later(pause, self.start_capture)

    def drop_ingest(self, pause: float) -> None:
        if self.ingest:
            self.target.dead = True
        self.ingest = None
        self.later(pause, self.start_ingest)

    def stop_capture(self, pause: float) -> None:
        """End the capture service cleanly, and start another one later."""
        service = self.capture
        if service is None:
            return
        self.machine.running = "capture"
        try:
            service.close()
        except Killed:
            self.say("capture is killed while it stops")
        except Exception as error:
            self._unexpected("capture does not stop cleanly", error)
        self.machine.running = ""
        self.drop_capture(pause)

    def stop_ingest(self, pause: float) -> None:
        if self.ingest is None:
            return
        if self.delivering:
            self.pulse.stop()
            return
        self.ingest.close()
        self.drop_ingest(pause)

    def select(self, *_: object) -> None:
        """Wait as a stopping service does."""
        self.machine.advance(self.machine.mono + 0.5)

    def _tick_capture(self, service: CaptureService) -> None:
        self.machine.running = "capture"
        try:
            due = service.tick()
        except Killed:
            self._capture_died()
        except Exception as error:
            self._unexpected("capture’s tick fails", error)
            self.capture_due = self.machine.mono + 1
        else:
            self.capture_due = self.machine.mono + max(due - self.clock.now(), 0.0)
        self.machine.running = ""

    def _tick_ingest(self, service: IngestService) -> None:
        self.machine.running, pulse = "ingest", self.pulse
        try:
            due = service.tick()
        except Killed:
            self.say("ingest dies")
            self.delivering = False
            if service is self.ingest:
                self.drop_ingest(self.rng.uniform(0.2, 6))
        except StoreError:
            self.ingest_due = self.machine.mono + self.rng.uniform(1, 5)
        except Exception as error:
            self._unexpected("ingest’s tick fails", error)
            self.ingest_due = self.machine.mono + 5
        else:
            self.ingest_due = self.machine.mono + max(due - self.clock.now(), 0.0)
        self.delivering = False
        self.machine.running = ""
        idle = self.ingest_due > self.machine.mono + 5 and self._nothing_to_deliver()
        self._idle = self.database.version if idle else -1
        if pulse.stopping and service is self.ingest:
            self.stop_ingest(self.rng.uniform(0.2, 6))

    def _nothing_to_deliver(self) -> bool:
        if self.database.away:
            return False
        with self.database.read() as session:
            return uploads.next_due(session) is None and not uploads.unclear(session, 1_000_000)

    def _during_transfer(self) -> None:
        """Let the others work while ingest waits for the server."""
        self.delivering, self.machine.running = True, ""
        self.run(self.machine.mono + self.rng.uniform(0.5, 3))
        self.delivering, self.machine.running = False, "ingest"

    def _capture_died(self) -> None:
        self.say("capture dies")
        self.drop_capture(self.rng.uniform(0.2, 6))

    def _background(self) -> None:
        """Give the recorder's threads their turn; now and then they are slow."""
        if not self.capture or self._busy:
            return
        steps = self.rng.randrange(3) if not self.calm and self.rng.random() < 0.05 else 10_000
        scribe, pool = self._threads(self.capture)
        self._busy, self.machine.running = True, "capture"
        try:
            while steps > 0 and (scribe.step() or pool.step(self.rng)):
                steps -= 1
        except Killed:
            self._capture_died()
        self._busy, self.machine.running = False, ""

    def _interleave(self) -> None:
        """Give the recorder's threads a turn while the service itself is at work."""
        if self.capture and not self._busy and self.rng.random() < 0.1:
            scribe, pool = self._threads(self.capture)
            self._busy = True
            try:
                for _ in range(self.rng.randrange(4)):
                    _ = scribe.step() or pool.step(self.rng)
            finally:
                self._busy = False

    def _threads(self, service: CaptureService) -> tuple[SteppedScribe, SteppedPool]:
        scribe, pool = service._context.scribe, service._finisher._pool
        assert isinstance(scribe, SteppedScribe)
        assert isinstance(pool, SteppedPool)
        return scribe, pool

    def unwritten(self) -> int:
        """Return how much the recorder has still to write."""
        return self._threads(self.capture)[0].waiting if self.capture else 0

    def empty_outbox(self) -> None:
        """Tell the server all states, in order."""
        if self.database.away or self.database.locked:
            return
        self._rung.discard("agentstate")
        with self.database.read() as session:
            waiting = outbox.pending(session, limit=1000)
        if waiting:
            with self.database.write() as session:
                for message in waiting:
                    self.told[message.uid].append(str(message.state))
                    outbox.remove(session, message)

    def _pulse(self) -> Pulse:
        return Pulse(clock=self.clock, notifier=Notifier(clock=self.clock), beat=lambda state, text: None)

    def _unexpected(self, what: str, error: Exception) -> None:
        self.problem(f"{what}: {error!r}\n{''.join(traceback.format_exception(error)[-4:])}")

    # -- schedule --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring the calendar into the database, as soon as that takes it."""
        now = self.clock.now()
        try:
            with self.database.write() as session:
                stored = events.fingerprints(session, Origin.OPENCAST)
                present = {
                    uid: event for uid, event in self.calendar.items() if event.end > now or uid in stored
                }
                change = events.refresh(session, Origin.OPENCAST, present)
        except StoreError:
            if not self._calendar_pending:
                self._calendar_pending = True
                self.later(5, self._refresh_again)
            return
        for uid in change.removed:
            self.tell_plan(None, uid)
        for uid in present:
            if uid not in self.plans or self.plans[uid].event != present[uid] or self.plans[uid].gone:
                self.tell_plan(present[uid], uid)
        self.ring("", "capture")

    def _refresh_again(self) -> None:
        self._calendar_pending = False
        self.refresh()

    def tell_plan(self, event: Event | None, uid: str) -> None:
        """Note what the schedule says about an event from now on."""
        known, now, wall = self.plans.get(uid), self.machine.mono, self.clock.now()
        if event:
            folder = folder_of(self.settings, event).name
            for name in (folder, f"{folder}-2", f"{folder}-3", f"{folder}-4"):
                self.machine.apart[str(uuid5(NAMESPACE_OID, f"{uid} {name}"))] = uid
        if known is None:
            assert event
            self.plans[uid] = Plan(event, now, event)
            return
        # A change near the end, or after it, may come too late: both ways of dealing with it are right.
        if known.begun is not None or known.event.end < wall + 15:
            known.excluded = known.excluded or event is None or known.gone or known.event.end < wall + 15
            known.excluded = known.excluded or event is None or event.start != known.event.start
        known.gone, known.since, known.disturbed = event is None, now, True
        known.event = event or known.event

    def add_local(self, event: Event) -> None:
        try:
            with self.database.write() as session:
                events.add(session, event)
        except PycaError:
            return
        self.tell_plan(event, event.uid)
        self.ring("", "capture")

    # -- excuses ---------------------------------------------------------------------------------------

    def excuse(self, seconds: float) -> None:
        """Expect nothing of the recorder for a while."""
        self.excused = max(self.excused, self.machine.mono + seconds)
        self._disturb()

    def excuse_lane(self, process: Process, seconds: float) -> None:
        """Expect nothing of one input; longer where it has failed a short time ago."""
        key, now = (process.uid, process.input), self.machine.mono
        recent = self.excused_lanes.get(key, 0.0) > now - 40
        self.excused_lanes[key] = now + (seconds + 36 if recent else seconds)
        if process.uid in self.plans:
            self.plans[process.uid].disturbed = True

    def _disturb(self) -> None:
        for plan in self.plans.values():
            if plan.begun is not None or plan.event.start - 10 < self.clock.now():
                plan.disturbed = True

    def _started(self, process: Process) -> None:
        plan = self.plans.get(process.uid)
        if plan and self.clock.now() < plan.event.start - 5:
            plan.excluded = True  # the recorder had not yet heard that it was moved
        elif plan and plan.begun is None:
            plan.begun, plan.begun_wall = self.machine.mono, self.clock.now()
            plan.disturbed = plan.disturbed or self.machine.cannot_start or self.machine.full

    def recordings(self) -> list[recordings.Recording]:
        with self.database.read() as session:
            return recordings.listing(session)


def _settings(rng: random.Random, folder: Path) -> Settings:
    names = ["cam", "scr"][: rng.randint(1, 2)]
    inputs = {
        name: Input(
            command=(TIMED if rng.random() < 0.25 else COMMAND).replace("{input}", name),
            flavors=(f"{name}/source",),
            files=("{{dir}}/{{name}}.ts",),
        )
        for name in names
    }
    capture = Capture(
        directory=folder / "recordings",
        preview_dir=folder / "recordings",
        minimum_free=0,
        max_parallel=rng.randint(1, 3),
        stop_cancelled=rng.random() < 0.3,
        fallback_directory=folder / "fallback" if rng.random() < 0.3 else None,
        sigkill_time=20,
    )
    ingest = Ingest(
        delete_after_upload=rng.random() < 0.5,
        delay_max=rng.choice((0, 0, 30)),
    )
    return Settings(agent=Agent(name="hall"), capture=capture, inputs=inputs, ingest=ingest)
