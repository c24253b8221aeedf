"""A scenario: some events, some faults, and the time after which all must be well."""

import logging
import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyca.core.event import Event, Origin
from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.store import uploads
from tests.simulation.checks import Coverage, Log, judge
from tests.simulation.faults import CHANGES, FAULTS, Action, act, clock_set, operator_decides
from tests.simulation.seams import SimulatedDatabase, enter
from tests.simulation.world import World

LONGEST_SETTLING = 6 * 3600.0


@dataclass(frozen=True)
class Outcome:
    """What a scenario was, and what it has shown."""

    seed: int
    events: int
    faults: int
    changes: int
    recorded: int
    unsent: int
    problems: tuple[str, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}:", *self.steps, *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)


def play(seed: int, home: Path, database: SimulatedDatabase) -> Outcome:
    """Play one scenario.

    :param home: where its files may lie for the time being
    :param database: will be emptied
    """
    rng = random.Random(seed)
    before = random.getstate()
    # The pauses between two tries of the services are random too.
    random.seed(seed)
    folder = Path(tempfile.mkdtemp(prefix=f"seed-{seed}-", dir=home))
    world = World(rng, folder, database)
    log = Log()
    logger = logging.getLogger("pyca")
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(log)
    propagates, logger.propagate = logger.propagate, False
    counts = [0, 0]
    try:
        with pytest.MonkeyPatch.context() as patch:
            enter(patch, world.machine, world.ring)
            patch.setattr("pyca.capture.service.select", _Select(world))
            _play(world, counts)
            unsent = judge(world)
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
        logger.propagate = propagates
        random.setstate(before)
        world.machine.close()
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(
        seed=seed,
        events=len(world.plans),
        faults=counts[0],
        changes=counts[1],
        recorded=sum(len(process.serials) for process in world.machine.processes),
        unsent=unsent,
        problems=(*world.problems, *log.found),
        steps=tuple(world.steps),
    )


class _Select:
    def __init__(self, world: World) -> None:
        self.select = world.select


def _play(world: World, counts: list[int]) -> None:
    span = _plan(world)
    world.look = Coverage(world).look
    world.start_capture()
    world.start_ingest()
    world.refresh()
    _misfortunes(world, span, counts)
    world.run(world.machine.mono + span)
    _settle(world)


def _plan(world: World) -> float:
    """Fill the calendar; return how many seconds it covers."""
    rng, now = world.rng, world.clock.now()
    start = now + rng.uniform(2, 15)
    end = start
    for number in range(rng.randint(4, 9)):
        uid, length = f"e{number + 1}", rng.uniform(12, 60)
        # Back to back, overlapping, or with a gap.
        start = rng.choice((end, end + rng.uniform(0, 15), start + rng.uniform(0, 10)))
        event = Event(uid, f"Title {uid}", start, start + length, Origin.OPENCAST)
        end = max(end, event.end)
        if rng.random() < 0.15:
            world.add_local(event.changed(origin=Origin.LOCAL))
        else:
            world.calendar[uid] = event
    return end - now + 10


def _misfortunes(world: World, span: float, counts: list[int]) -> None:
    """Spread faults and changes, half of them close to where events begin or end."""
    rng, now = world.rng, world.clock.now()
    edges = [edge - now for plan in world.plans.values() for edge in (plan.event.start, plan.event.end)]
    steady = rng.random() < 0.15
    # There nothing but the clock changes, so that lengths can be held against the plan.
    for _ in range(rng.randint(0, 3) if steady else rng.randint(1, 4 * len(world.plans))):
        index = 0 if steady or rng.random() < 0.7 else 1
        table = (FAULTS, CHANGES)[index]
        action = clock_set if steady else rng.choices(list(table), list(table.values()))[0]
        moment = rng.choice(edges) + rng.gauss(0, 2) if rng.random() < 0.5 else rng.uniform(0, span)

        def happen(action: Action = action, index: int = index) -> None:
            if not world.calm:
                counts[index] += act(world, action)

        world.later(max(moment, 0.1), happen)


def _settle(world: World) -> None:
    """Let nothing go wrong any more, and wait until all is done."""
    world.calm = True
    world.say("nothing goes wrong any more")
    world.machine.full = world.machine.cannot_start = False
    world.machine.fuse = None
    world.database.locked = world.database.away = world.server.away = False
    world.server.trouble.clear()
    world.readable_since = world.machine.mono
    world.excused = world.machine.mono + 45
    began = world.machine.mono
    world.run(began + 40)
    helped = False
    while world.machine.mono < began + LONGEST_SETTLING:
        if world.machine.mono > began + 1800:
            _end_what_nobody_knows(world)
        if _quiet(world):
            if helped:
                return
            _help(world)
            helped = True
        world.run(world.machine.mono + 30)
    world.problem("it never becomes quiet")


def _end_what_nobody_knows(world: World) -> None:
    """End commands of recordings of which the database never heard; see :func:`judge`."""
    if world.capture and not world.capture.busy():
        for process in world.machine.alive():
            world.say(f"the command of {process.uid} {process.input} would record for ever")
            world.machine.end(process, -9)


def _quiet(world: World) -> bool:
    """Tell whether nothing runs, nothing will, and nothing is on its way."""
    if any(process.alive and not process.immortal for process in world.machine.processes):
        return False
    if world.capture is None or world.ingest is None or world.capture.busy() or world.unwritten():
        return False
    now = world.clock.now()
    if any(now < plan.event.end + 30 for plan in world.plans.values() if not plan.gone):
        return False
    with world.database.read() as session:
        if uploads.next_due(session) is not None or uploads.interrupted(session):
            return False
    return not any(recording.state is EventState.RECORDING for recording in world.recordings())


def _help(world: World) -> None:
    """Do what only people can do, for most of what waits for them."""
    waiting = (EventState.PAUSED_AFTER_RECORDING, EventState.FAILED_UPLOADING)
    for recording in world.recordings():
        if recording.state not in waiting or world.rng.random() < 0.3:
            continue
        with world.database.read() as session:
            upload = uploads.get(session, recording.uid)
        if upload and upload.step is UploadStep.AMBIGUOUS:
            world.say(operator_decides(world, recording))
        else:
            operator.retry(world.database, world.clock, recording.uid)
            world.say(f"{recording.uid} is retried")
