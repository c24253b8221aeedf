"""What happens to an agent: faults, a calendar that changes, people who press buttons."""

import shutil
from collections.abc import Callable
from contextlib import suppress

from pyca.core.errors import StoreError, TransitionError, UsageError
from pyca.core.event import Event, Origin
from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.schedule import local
from pyca.store import recordings, uploads
from tests.simulation.machine import Process
from tests.simulation.target import TROUBLES
from tests.simulation.world import World

Action = Callable[[World], str]
"""does something and says what, empty where there was nothing to do it to"""


# -- the machine -------------------------------------------------------------------------------------


def _victim(world: World) -> Process | None:
    running = [process for process in world.machine.alive() if process.recording]
    return world.rng.choice(running) if running else None


def command_killed(world: World) -> str:
    process = _victim(world)
    if process is None:
        return ""
    world.machine.end(process, -world.rng.choice((9, 11, 15)))
    world.excuse_lane(process, 7)
    world.ring("", "capture")
    return f"command of {process.uid} {process.input} is killed"


def command_exits(world: World) -> str:
    process = _victim(world)
    if process is None:
        return ""
    world.machine.end(process, world.rng.choice((0, 0, 1)))
    process.log = "Input/output error"
    world.excuse_lane(process, 7)
    world.ring("", "capture")
    return f"command of {process.uid} {process.input} ends with {process.code}"


def command_freezes(world: World) -> str:
    process = _victim(world)
    if process is None:
        return ""
    process.frozen = True
    process.dies_at = float("inf")
    process.immortal = world.rng.random() < 0.1
    young = process.seconds < 8 or world.machine.mono < max(world.excused + 20, world.readable_since + 20)
    world.excuse_lane(process, (66 if process.immortal else 24) + (60 if young else 0))
    return f"command of {process.uid} {process.input} freezes{' for ever' if process.immortal else ''}"


def nothing_starts(world: World) -> str:
    seconds = world.rng.uniform(1, 20)
    world.machine.cannot_start = True

    def over() -> None:
        world.machine.cannot_start = False
        world.say("commands can start again")

    world.later(seconds, over)
    world.excuse(seconds + 36)
    return f"no command can be started for {seconds:.0f} s"


def disk_full(world: World) -> str:
    seconds = world.rng.uniform(3, 25)
    world.machine.full = True

    def over() -> None:
        world.machine.full = False
        world.say("the disk has room again")

    world.later(seconds, over)
    world.excuse(seconds + 38)
    return f"the disk is full for {seconds:.0f} s"


def power_cut(world: World) -> str:
    pause = world.rng.uniform(2, 40)
    world.machine.power_cut()
    world.drop_capture(pause)
    world.drop_ingest(pause + world.rng.uniform(0, 2))
    return f"power cut for {pause:.0f} s"


def clock_set(world: World) -> str:
    limit = world.rng.choice((2, 10, 60, 60, 600, 3600))
    seconds = world.rng.uniform(-limit, limit)
    world.clock.set_by(seconds)
    for plan in world.plans.values():
        # What a wrong clock lets pass is given up for good, also where the clock is put right again.
        plan.excluded = plan.excluded or (plan.begun is None and plan.event.end <= world.clock.now() + 15)
    world.later(world.rng.uniform(0, 5), lambda: world.ring("", "capture"))
    world.later(world.rng.uniform(0, 5), lambda: world.ring("", "ingest"))
    world.excused = max(world.excused, world.machine.mono + 8)
    return f"the clock is set by {seconds:.1f} s"


# -- the services ------------------------------------------------------------------------------------


def capture_killed(world: World) -> str:
    if world.capture is None:
        return ""
    with_commands = world.rng.random() < 0.3
    if with_commands:
        for process in world.machine.alive():
            world.machine.end(process, -9)
    world.drop_capture(world.rng.uniform(0.2, 20))
    return f"capture is killed{' with its commands' if with_commands else ''}"


def capture_dies_soon(world: World) -> str:
    count = world.rng.randint(1, 25)
    world.machine.fuse = ("capture", count)
    return f"capture will die at its point {count}"


def capture_stopped(world: World) -> str:
    if world.capture is None:
        return ""
    pause = world.rng.uniform(0.2, 20)
    world.say("capture is stopped")
    world.stop_capture(pause)
    return f"capture was stopped for {pause:.1f} s"


def ingest_killed(world: World) -> str:
    if world.ingest is None:
        return ""
    world.drop_ingest(world.rng.uniform(0.2, 10))
    return "ingest is killed"


def ingest_dies_soon(world: World) -> str:
    count = world.rng.randint(1, 25)
    world.machine.fuse = ("ingest", count)
    return f"ingest will die at its point {count}"


def ingest_stopped(world: World) -> str:
    if world.ingest is None:
        return ""
    world.stop_ingest(world.rng.uniform(0.2, 10))
    return "ingest is stopped"


# -- the server and the database ---------------------------------------------------------------------


def target_trouble(world: World) -> str:
    call = world.rng.choice(("begin", "track", "track", "finish", "finish", "finish", "abandon"))
    kind = world.rng.choice(TROUBLES)
    if kind == "permanent" and world.rng.random() < 0.7:
        kind = "slow"
    world.server.trouble.append((call, kind))
    return f"the server’s next {call}: {kind}"


def server_away(world: World) -> str:
    seconds = world.rng.uniform(5, 120)
    world.server.away = True

    def back() -> None:
        world.server.away = False

    world.later(seconds, back)
    return f"the server is away for {seconds:.0f} s"


def database_locked(world: World) -> str:
    seconds = world.rng.uniform(1, 30)
    world.database.locked = True

    def over() -> None:
        world.database.locked = False
        world.say("the database can be written again")

    world.later(seconds, over)
    return f"the database is locked for {seconds:.0f} s"


def database_away(world: World) -> str:
    seconds = world.rng.uniform(1, 30)
    world.database.away = True
    world.readable_since = world.machine.mono + seconds

    def over() -> None:
        world.database.away = False
        world.readable_since = world.machine.mono
        world.say("the database is back")

    world.later(seconds, over)
    return f"the database is away for {seconds:.0f} s"


# -- the calendar ------------------------------------------------------------------------------------


def _some_event(world: World) -> Event | None:
    """Return an event of the calendar, rather one that is near."""
    now = world.clock.now()
    near = [event for event in world.calendar.values() if event.start - 60 < now < event.end + 10]
    chosen = near if near and world.rng.random() < 0.8 else list(world.calendar.values())
    return world.rng.choice(chosen) if chosen else None


def _move(world: World, word: str, start: Callable[[Event], float], end: Callable[[Event], float]) -> str:
    event = _some_event(world)
    if event is None:
        return ""
    fresh = event.changed(start=start(event), end=end(event))
    if fresh.duration < 3:
        return ""
    world.calendar[event.uid] = fresh
    now = world.clock.now()
    world.refresh()
    return f"{event.uid} is {word}: {fresh.start - now:.1f} … {fresh.end - now:.1f} s from now"


def extended(world: World) -> str:
    more = world.rng.uniform(3, 60)
    return _move(world, "extended", lambda event: event.start, lambda event: event.end + more)


def shortened(world: World) -> str:
    less = world.rng.uniform(0.1, 0.9)
    return _move(
        world, "shortened", lambda event: event.start, lambda event: event.start + event.duration * less
    )


def put_off(world: World) -> str:
    by = world.rng.uniform(10, 200)
    return _move(world, "put off", lambda event: event.start + by, lambda event: event.end + by)


def put_back(world: World) -> str:
    moved = [uid for uid, event in world.calendar.items() if event.start != world.plans[uid].first.start]
    if not moved:
        return ""
    uid, now = world.rng.choice(moved), world.clock.now()
    first = world.plans[uid].first
    world.calendar[uid] = first.changed(end=max(first.end, now + 20))
    world.refresh()
    return f"{uid} is put back to where it was"


def shifted(world: World) -> str:
    by = world.rng.uniform(-20, 20)
    return _move(world, "shifted", lambda event: event.start + by, lambda event: event.end + by)


def removed(world: World) -> str:
    event = _some_event(world)
    if event is None:
        return ""
    del world.calendar[event.uid]
    world.refresh()
    if world.rng.random() < 0.3:
        # A calendar that forgot something for a moment, or an event given to another agent and back.
        def again() -> None:
            world.calendar[event.uid] = event
            world.refresh()
            world.say(f"{event.uid} is in the calendar again")

        world.later(world.rng.uniform(1, 40), again)
    return f"{event.uid} is taken from the calendar"


# -- people ------------------------------------------------------------------------------------------


def _recording(world: World, *states: EventState) -> recordings.Recording | None:
    if world.database.away:
        return None
    found = [recording for recording in world.recordings() if recording.state in states]
    return world.rng.choice(found) if found else None


def operator_stops(world: World) -> str:
    recording = _recording(world, EventState.RECORDING)
    if recording is None:
        return ""
    local.stop(world.database, world.clock, recording.uid)
    if recording.uid in world.plans:
        world.plans[recording.uid].excluded = world.plans[recording.uid].disturbed = True
    return f"{recording.uid} is stopped by hand"


def operator_extends(world: World) -> str:
    recording = _recording(world, EventState.RECORDING)
    if recording is None:
        return ""
    end = recording.event.end + world.rng.uniform(5, 60)
    local.extend(world.database, world.clock, world.settings, recording.uid, end)
    if recording.uid in world.plans:
        world.plans[recording.uid].excluded = world.plans[recording.uid].disturbed = True
    return f"{recording.uid} is extended by hand"


def operator_pauses(world: World) -> str:
    recording = _recording(
        world, EventState.UPLOADING, EventState.FINISHED_RECORDING, EventState.FAILED_UPLOADING
    )
    if recording is None:
        return ""
    operator.pause(world.database, world.clock, recording.uid)
    return f"{recording.uid} is paused"


def operator_retries(world: World) -> str:
    recording = _recording(world, EventState.PAUSED_AFTER_RECORDING, EventState.FAILED_UPLOADING)
    if recording is None:
        return ""
    with world.database.read() as session:
        upload = uploads.get(session, recording.uid)
    if upload and upload.step is UploadStep.AMBIGUOUS:
        return operator_decides(world, recording)
    anew = world.rng.random() < 0.2
    operator.retry(world.database, world.clock, recording.uid, anew=anew)
    return f"{recording.uid} is retried{' anew' if anew else ''}"


def operator_decides(world: World, recording: recordings.Recording) -> str:
    """Say what the server has, mostly the truth."""
    taken = bool(world.server.finals[recording.uid])
    if taken and world.rng.random() < 0.1:
        operator.retry(world.database, world.clock, recording.uid)
        world.asked_again[recording.uid] += 1
        return f"{recording.uid} is retried although the server has it"
    operator.resolve(world.database, world.clock, recording.uid, delivered=taken)
    return f"{recording.uid} is resolved: {'delivered' if taken else 'not delivered'}"


def operator_deletes(world: World) -> str:
    recording = _recording(world, EventState.FINISHED_UPLOADING)
    if recording is None or recording.event.end > world.clock.now() - 60:
        return ""
    with world.database.write() as session:
        recordings.delete_recording(session, recording.uid)
    shutil.rmtree(recording.directory, ignore_errors=True)
    world.calendar.pop(recording.uid, None)
    world.deleted.add(recording.uid)
    return f"{recording.uid} is deleted"


def records_by_hand(world: World) -> str:
    uid = f"e{900 + len(world.plans)}"
    now = world.clock.now()
    world.add_local(Event(uid, f"Title {uid}", now, now + world.rng.uniform(10, 40), Origin.LOCAL))
    return f"{uid} is recorded by hand"


FAULTS: dict[Action, int] = {
    command_killed: 8,
    command_exits: 6,
    command_freezes: 5,
    nothing_starts: 3,
    disk_full: 3,
    power_cut: 4,
    clock_set: 5,
    capture_killed: 6,
    capture_dies_soon: 6,
    capture_stopped: 4,
    ingest_killed: 4,
    ingest_dies_soon: 4,
    ingest_stopped: 2,
    target_trouble: 9,
    server_away: 4,
    database_locked: 5,
    database_away: 3,
}
CHANGES: dict[Action, int] = {
    extended: 5,
    shortened: 4,
    put_off: 3,
    shifted: 3,
    put_back: 2,
    removed: 4,
    operator_stops: 3,
    operator_extends: 3,
    operator_pauses: 3,
    operator_retries: 4,
    operator_deletes: 2,
    records_by_hand: 2,
}


def act(world: World, action: Action) -> bool:
    """Let something happen; False where there was nothing for it to happen to."""
    told = ""
    # The database may be locked just now, or the time of an event be taken: people see that and go away.
    with suppress(UsageError, StoreError):
        try:
            told = action(world)
        except TransitionError as error:
            world.problem(f"{action.__name__}: {error}")  # type: ignore[attr-defined]
    if told:
        world.say(told)
    return bool(told)
