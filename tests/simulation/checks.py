"""What must hold whatever happens."""

import logging
from collections import Counter, defaultdict

from pyca.core.recording import UploadStep
from pyca.core.states import REPORTED, TRANSITIONS, EventState
from pyca.store import events, recordings, uploads
from tests.simulation.target import serials
from tests.simulation.world import Plan, World

MARGIN = 2.5
"""Seconds at the start and the end of an event of which nothing is asked."""
KNOWN = 13.0
"""Seconds after which the recorder must know what the schedule says."""
WAITING = (EventState.FAILED_UPLOADING, EventState.PAUSED_AFTER_RECORDING)
FORBIDDEN = ("a change was not stored", "could not be finished", "what follows a change")


class Log(logging.Handler):
    """Hears what must never be said."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info or any(words in text for words in FORBIDDEN):
            self.found.append(f"log: {text} {record.exc_info[1]!r}" if record.exc_info else f"log: {text}")


class Coverage:
    """Looks at each moment whether everything is recorded that could be."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._crowded = 0.0
        self._told: set[tuple[str, str]] = set()

    def look(self) -> None:
        world = self._world
        now, wall = world.machine.mono, world.clock.now()
        due = [plan for plan in world.plans.values() if self._runs(plan, now, wall, margin=-6.0)]
        busy = {process.uid for process in world.machine.alive()}
        room = world.settings.capture.max_parallel
        # What is being tried again counts as running, whoever sees nothing of it.
        trying = len(world.capture._recorders) if world.capture else 0
        if len(busy | {plan.event.uid for plan in due}) > room or (len(due) > trying >= room):
            self._crowded = now
        if world.capture is None or now < max(world.excused, self._crowded + 13):
            return
        for plan in due:
            if plan.gone or plan.excluded or now < max(plan.since, world.readable_since) + KNOWN:
                continue
            if world.database.away or not self._runs(plan, now, wall, margin=MARGIN):
                continue
            self._demand(plan.event.uid, now)

    def _runs(self, plan: Plan, now: float, wall: float, *, margin: float) -> bool:
        event = plan.event
        if plan.begun is not None:
            # Both clocks count: a restart of the service begins anew with the one on the wall.
            over = plan.begun + (event.end - plan.begun_wall)
            if margin > 0:
                return plan.begun + margin < now < over - margin and event.start < wall < event.end - margin
            return now < over - margin or wall < event.end - margin
        return event.start + margin < wall < event.end - margin

    def _demand(self, uid: str, now: float) -> None:
        world = self._world
        recording = {(process.uid, process.input) for process in world.machine.alive() if process.recording}
        for name in world.settings.inputs:
            key = (uid, name)
            if now < world.excused_lanes.get(key, 0.0) or key in recording or key in self._told:
                continue
            self._told.add(key)
            world.problem(f"coverage: {uid} {name} is not being recorded, although nothing stands in its way")


def judge(world: World) -> int:
    """Look at what came of everything; return how many recorded seconds were never sent."""
    world.empty_outbox()
    found = {recording.uid: recording for recording in world.recordings()}
    apart = {uid: world.machine.apart[uid] for uid in found if uid in world.machine.apart}
    unsent = _everything_sent(world, found, apart)
    _final_words(world, found, apart)
    _one_final_call(world)
    _legal_order(world, set(apart.values()))
    _lengths(world)
    return unsent


def _final_words(world: World, found: dict[str, recordings.Recording], apart: dict[str, str]) -> None:
    now = world.clock.now()
    with world.database.read() as session:
        waiting = [event for event in events.upcoming(session) if event.end < now]
    for event in waiting:
        world.problem(f"{event.uid} is over and has no final word")
    kept = defaultdict(int)
    for process in world.machine.processes:
        kept[process.uid] += len(process.serials)
    for uid, recording in found.items():
        state = recording.state
        if state in (EventState.RECORDING, EventState.UPLOADING):
            world.problem(f"{uid} stays “{state}”")
        elif state is EventState.FAILED_RECORDING and not recording.error:
            world.problem(f"{uid} failed without a word")
        elif state is EventState.FAILED_RECORDING and kept[uid] and uid not in apart:
            if uid not in apart.values() and not _refused(recording):
                world.problem(f"{uid} counts as failed, {kept[uid]} s of it were recorded: {recording.error}")
        elif state in (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING):
            world.problem(f"{uid} is “{state}” and was not delivered")


def _refused(recording: recordings.Recording) -> bool:
    """Tell whether an event was never begun as far as the database knows, because others were recorded."""
    return recording.state is EventState.FAILED_RECORDING and recording.error.startswith("not recorded:")


def _everything_sent(world: World, found: dict[str, recordings.Recording], apart: dict[str, str]) -> int:
    """Find each second that survived at the server, once and under its event, or with one who decides."""
    sent: Counter[int] = Counter()
    for uid, contents in world.server.taken.items():
        times = 1 + world.asked_again[uid]
        here: Counter[int] = Counter()
        for owner, serial in (line for content in contents for line in serials(content)):
            here[serial] += 1
            if owner not in (uid, apart.get(uid)):
                world.problem(f"a second of {owner} was delivered under {uid}")
        for serial, count in here.items():
            sent[serial] += 1
            if count > times:
                world.problem(f"second {serial} was delivered {count} times under {uid}")
                break
    on_disk = _held_back(world, found)
    unsent: dict[str, list[int]] = defaultdict(list)
    for process in world.machine.processes:
        if process.uid in world.deleted:
            continue
        for serial in process.serials:
            if not sent[serial] and serial not in on_disk:
                unsent[process.uid].append(serial)
    for uid, lost in unsent.items():
        world.problem(f"{len(lost)} s of {uid} were recorded and never sent, such as {lost[0]}")
    twice = [serial for serial, count in sent.items() if count > 1]
    if twice:
        world.problem(f"{len(twice)} s were delivered under two events")
    return sum(len(lost) for lost in unsent.values())


def _held_back(world: World, found: dict[str, recordings.Recording]) -> set[int]:
    """Return the seconds of recordings that wait for a person, as far as they are still on the disk."""
    held = set()
    for uid, recording in found.items():
        with world.database.read() as session:
            upload = uploads.get(session, uid)
        stuck = upload and (upload.permanent or upload.step is UploadStep.AMBIGUOUS)
        if recording.state in WAITING and (stuck or recording.state is WAITING[1]):
            for track in recording.tracks:
                if track.path.exists():
                    held |= {serial for _, serial in serials(track.path.read_bytes())}
    return held


def _one_final_call(world: World) -> None:
    for uid, count in world.server.finals.items():
        if count > 1 + world.asked_again[uid]:
            world.problem(
                f"{uid} was delivered {count} times, asked for again {world.asked_again[uid]} times"
            )


def _followers(state: EventState) -> set[EventState]:
    """Return what the server may hear next."""
    heard, open_states, seen = set(), [state], set()
    while open_states:
        for following in TRANSITIONS[open_states.pop()] - seen:
            seen.add(following)
            if following in REPORTED:
                heard.add(following)
            else:
                open_states.append(following)
    return heard


def _legal_order(world: World, split: set[str]) -> None:
    legal = defaultdict(set)
    for state in EventState:
        name = str(REPORTED.get(state, ""))
        legal[name] |= {str(REPORTED[following]) for following in _followers(state)}
    for uid, told in world.told.items():
        before = ""
        for state in told:
            again = uid in split | world.deleted and state in legal[""]
            if state not in legal[before] and not again:
                world.problem(f"the server was told of {uid}: {', '.join(told)}")
                break
            before = state


def _lengths(world: World) -> None:
    for uid, plan in world.plans.items():
        if plan.disturbed or plan.excluded or plan.gone or plan.begun is None:
            continue
        wanted = plan.event.end - plan.begun_wall
        for name in world.settings.inputs:
            seconds = sum(
                len(process.serials)
                for process in world.machine.processes
                if (process.uid, process.input) == (uid, name)
            )
            if abs(seconds - wanted) > 3:
                world.problem(f"{uid} {name} was to last {wanted:.0f} s and lasts {seconds} s")
