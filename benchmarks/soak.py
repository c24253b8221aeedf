"""Hundreds of short events, recorded by real daemons among mishaps of every kind; then the account."""

import json
import math
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.server import served
from benchmarks.soak_account import OVER, Balance, Fault, Found, balance
from benchmarks.soak_agent import Agent, overrides, send
from benchmarks.soak_faults import Faults
from benchmarks.soak_plan import Rooms, fill
from benchmarks.soak_watch import Watch
from pyca.core.clock import SystemClock
from pyca.core.errors import PycaError
from pyca.core.recording import UploadStep, length_of
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.store import alarms, recordings, uploads
from pyca.store.database import Database

if TYPE_CHECKING:
    from opencast_server import FakeOpencast

LEAD = 8.0
"""Seconds from the start of the daemons to the first event."""
QUICK = 16.0
"""Seconds of events in a quick run; with everything before and after them it takes some 40."""
STEP = 0.2
SAMPLE = 2.0
PAUSE = (3.0, 7.0)
"""Seconds between two faults."""
PATIENCE = 150.0
"""Seconds that everything may take to settle once the server is well again."""
AGAIN = 5.0
"""Seconds between two times that the operator looks after the same recording."""


class Soak:
    """One run.

    :param seconds: how long events go on
    """

    def __init__(self, agent: Agent, server: "FakeOpencast", chance: random.Random, seconds: float) -> None:
        self.agent = agent
        self.server = server
        self.rooms: Rooms = fill(chance, math.ceil(time.time()) + LEAD, time.time() + LEAD + seconds)
        self.faults = Faults(agent, server, self.rooms, random.Random(chance.random()))
        self.watch = Watch()
        self.decided: Counter[str] = Counter()
        self._chance = chance
        self._handled: dict[str, float] = {}

    def run(self, pause: tuple[float, float]) -> None:
        """Let the events happen.

        :param pause: shortest and longest seconds between two faults
        """
        for event in self.rooms.events:
            self.server.schedule(event.uid, event.uid, event.latest.start, event.latest.end)
        self.agent.start()
        begin = min(event.latest.start for event in self.rooms.events)
        due, sample = begin + 1.0, begin
        while (now := time.time()) < self._end() - 2.0:
            self._turn()
            if now >= sample:
                self.watch.look(self.agent.pids() | {"supervisor": self.agent.supervisor})
                sample = now + SAMPLE
            if now >= due:
                fault = self.faults.strike()
                # What is not possible now makes way for the next kind.
                due = now + (self._chance.uniform(*pause) if fault else STEP)
                if fault:
                    print(f"  {fault.moment - begin:6.1f} s  {fault.kind} {fault.uid}", flush=True)
            time.sleep(STEP)

    def settle(self) -> None:
        """Wait, with a server that is well, until every event has its final word."""
        self.faults.end()
        deadline = max(self._end(), time.time()) + PATIENCE
        while time.time() < self._end() + 1.0 or (not self._settled() and time.time() < deadline):
            self._turn()
            with suppress(PycaError):
                self._decide()
            time.sleep(STEP * 2)

    def found(self) -> list[Found]:
        """Return what became of each event, as the agent has noted it and as it arrived."""
        with self.agent.database.read() as session:
            every = recordings.listing(session)
            parts = {one.uid: recordings.parts(session, one.uid) for one in every}
        arrived: dict[str, list[float]] = {}
        for workflow in self.server.workflows:
            tracks = [element.file.path for element in workflow.elements if element.kind == "track"]
            arrived.setdefault(workflow.package, []).append(sum(probe(track) for track in tracks))
        return [
            Found(
                one.uid,
                one.state,
                recorded=length_of(one) or 0.0,
                started=min((part.started for part in parts[one.uid] if part.started), default=None),
                delivered=tuple(arrived.get(one.uid, ())),
                partial=bool(one.tracks) and (bool(one.error) or len(parts[one.uid]) > 1),
            )
            for one in every
        ]

    def _turn(self) -> None:
        self.agent.follow()
        self.faults.follow()
        # A finished workflow would let the same recording in again: the server is not what prevents it.
        self.server.finish_workflows()

    def _end(self) -> float:
        return max(event.latest.end for event in self.rooms.events)

    def _settled(self) -> bool:
        try:
            with self.agent.database.read() as session:
                states = {one.uid: one.state for one in recordings.listing(session)}
        except PycaError:
            return False
        told = all(event.uid in states or event.cancelled for event in self.rooms.events)
        return told and not self.faults.lasting and all(state in OVER for state in states.values())

    def _decide(self) -> None:
        """Do what an operator does about deliveries that ended unclear or wait for their next try."""
        database, clock = self.agent.database, SystemClock()
        with database.read() as session:
            failed = recordings.listing(session, states=[EventState.FAILED_UPLOADING])
            steps = {one.uid: uploads.get(session, one.uid) for one in failed}
        for uid, upload in steps.items():
            if upload is None or time.time() < self._handled.get(uid, 0.0) + AGAIN:
                continue
            self._handled[uid] = time.time()
            if upload.step is UploadStep.AMBIGUOUS:
                there = any(workflow.package == uid for workflow in self.server.workflows)
                operator.resolve(database, clock, uid, delivered=there)
                self.decided["unclear, the server had it" if there else "unclear, sent again"] += 1
            else:
                operator.retry(database, clock, uid)
                self.decided["tried at once"] += 1


def soak(*, minutes: float, seed: int | None, quick: bool, log: Path | None = None) -> int:
    """Run and print the account; return 1 where the agent has broken its word.

    :param seed: decides about events and faults, None for a new one
    :param log: where to keep what the daemons said
    """
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    seconds = QUICK if quick else minutes * 60
    print(f"soak: seed {seed}, {seconds:.0f} s of events in two rooms", flush=True)
    with served(**overrides()) as (server, place):
        database = place.database()
        agent = Agent(place, database)
        run = Soak(agent, server, random.Random(seed), seconds)
        try:
            run.run((1.0, 3.0) if quick else PAUSE)
            print("settling …", flush=True)
            run.settle()
        finally:
            code = agent.end()
            left = _clear_up(agent)
            if log:
                shutil.copy(place.folder / "log", log)
        sums = balance(run.rooms.events, run.found(), run.faults.done)
        _show(run, sums, database, code, left)
        database.dispose()
    return 1 if sums.failed else 0


def probe(file: Path) -> float:
    """Return the seconds in a file, 0 where it cannot be read."""
    program = shutil.which("ffprobe") or "ffprobe"
    argv = [program, "-v", "error", "-show_entries", "format=duration", "-of", "json", str(file)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    with suppress(ValueError, KeyError):
        return float(json.loads(done.stdout)["format"]["duration"])
    return 0.0


def _clear_up(agent: Agent) -> int:
    """Kill the capture commands that are left, and return how many."""
    return sum(send(process.pid, signal.SIGKILL) for process, _ in agent.recorders())


def _show(run: Soak, sums: Balance, database: Database, code: int | None, left: int) -> None:
    with database.read() as session:
        raised = Counter(str(alarm.kind) for alarm in alarms.history(session, limit=100_000))
    print("faults:", _counted(Counter(fault.kind for fault in run.faults.done)))
    print("longest effect:", _longest(run.faults.done) or "none")
    print("not over at the end:", ", ".join(fault.kind for fault in run.faults.lasting) or "none")
    print("decided by the operator:", _counted(run.decided))
    print("alarms raised:", _counted(raised))
    tracebacks = run.agent.log.count("Traceback (most recent call last)")
    print(f"tracebacks in the log: {tracebacks}; exit code {code}; capture commands left behind: {left}")
    print(f"supervisor starts: {run.agent.starts}")
    for line in [*run.watch.lines(), *sums.lines()]:
        print(line)
    growths = {figure: run.watch.growth(figure) for figure in ("RSS", "PSS", "descriptors", "threads")}
    print("growth of all services:", ", ".join(f"{name} x{value:.2f}" for name, value in growths.items()))
    print(sums.summary(growths["PSS"], growths["descriptors"]), flush=True)


def _longest(faults: list[Fault]) -> str:
    """Return for each kind how long its worst effect lasted: until a service was back, a server well."""
    spans: dict[str, float] = {}
    for one in faults:
        spans[one.kind] = max(spans.get(one.kind, 0.0), one.until - one.moment)
    return ", ".join(f"{kind} {span:.1f} s" for kind, span in sorted(spans.items()) if span > 0)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counter.items())) or "none"
