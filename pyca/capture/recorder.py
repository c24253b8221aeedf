"""One event being recorded: its inputs side by side, its end wherever the schedule moves it."""

import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture import chronicle
from pyca.capture.context import Context
from pyca.capture.inputs import Job, fallback_of, jobs
from pyca.capture.lane import Lane
from pyca.capture.part import RunningPart, adopt_latest
from pyca.core.alarm import AlarmKind
from pyca.core.clock import SteadyClock
from pyca.core.event import Event
from pyca.core.recording import Part, Recording
from pyca.core.states import EventState, Outcome, ServiceName
from pyca.core.units import show_time
from pyca.runtime.child import Child, Exit
from pyca.runtime.hooks import Hook
from pyca.store import folder as folders
from pyca.store import recordings, tally
from pyca.store.folder import Description
from pyca.store.scribe import Work

logger = logging.getLogger(__name__)

BYGONE = 3600.0
"""Seconds after its end, by the machine's clock, at which an event is not recorded any further: the clock was
wrong when it began, such as after days without power."""


class Recorder:
    """Records one event. All decisions are taken from memory; the database only hears of them.

    Once begun it goes by a clock of its own, which nobody sets: the recording keeps its length.

    :param folder: where the recording goes
    """

    def __init__(self, event: Event, folder: Path, context: Context) -> None:
        self.event = event
        self.folder = folder
        self.started: float | None = None
        self.flag = ""
        self.due = event.start
        """when it should begin: later than its start where nobody knew of the event then"""
        self.state = EventState.UPCOMING
        self._context = context
        self._clock = SteadyClock(context.clock)
        self._operator_end: float | None = None
        self._cancelled: float | None = None
        self._history: list[Part] = []
        self._held: list[Work] | None = None
        wanted = jobs(context.settings, event, folder, context.profile())
        self.lanes = [self._lane(job) for job in wanted]

    @property
    def end(self) -> float:
        """When to stop: what an operator chose goes before what the schedule says."""
        end = self.event.end if self._operator_end is None else self._operator_end
        return end if self._cancelled is None else min(end, self._cancelled)

    @property
    def over(self) -> bool:
        """True from the moment at which the recording is to end."""
        return self.end <= self._clock.now()

    @property
    def ended(self) -> bool:
        """True where nothing of this event runs or will be started again."""
        return self.started is not None and all(lane.ended for lane in self.lanes)

    @property
    def interrupted(self) -> bool:
        """True where a command ended before its time."""
        return any(lane.interrupted for lane in self.lanes)

    @property
    def errors(self) -> list[str]:
        """What went wrong so far, in words; what happened again and again is said once, with its number."""
        counted = Counter(error for lane in self.lanes for error in lane.errors)
        return [f"{error} ({times} times)" if times > 1 else error for error, times in counted.items()]

    def files(self) -> Iterable[Child]:
        """Return the running commands, for the loop to wait on."""
        return [lane.part.child for lane in self.lanes if lane.part]

    def prepare(self) -> None:
        """Do beforehand all that takes time: folders, command lines.

        The folder is described as well: whatever dies in the next moments, it tells whose files are in it.
        """
        for lane in self.lanes:
            lane.prepare(self.event.end, max(self.event.start, self._clock.now()))
        self._describe()

    def abandon(self) -> None:
        """Take back what was prepared for an event that is not recorded now."""
        self._context.syncer.remove(self.folder / folders.NAME)
        folders.withdraw(self.folder)

    def start(self) -> None:
        """Start all inputs, now."""
        self._clock.agree()
        now = self.started = self._clock.now()
        event, folder = self.event, self.folder
        # Held back until all commands run: the scribe's thread would take time from the starts.
        self._held = [lambda session: recordings.begin(session, event, folder, now)]
        for lane in self.lanes:
            if not lane.take_over(self.end):
                lane.start(self.end)
        for work in self._held:
            self._put(work)
        self._held = None
        late = self.started - self.event.start
        logger.info(
            "recording “%s” until %s, begun %.0f ms after its start",
            self.event.title,
            show_time(self.end),
            late * 1000,
        )
        self._tell_state(self._running_state())
        self._describe()
        facts = {"STATE": str(self.state), "FOLDER": str(folder)}
        self._context.hooks.run(Hook.RECORDING_START, facts, event)

    def resume(self, parts: list[Part], *, known: bool = True) -> None:
        """Go on with a recording that the service began before it ended.

        :param known: False where the database has to be told of the recording first
        """
        self._held = None if known else []
        self._clock.agree()
        self.started = self.event.start
        self.state = EventState.RECORDING
        self._history = list(parts)
        now = self._clock.now()
        for lane in self.lanes:
            mine = [part for part in parts if part.input == lane.job.name]
            adopted = adopt_latest(lane.job, mine, self.end, self._context, self._clock)
            for part in mine:
                if part.ended is None and not (adopted and part.number == adopted.number):
                    self._store_end(part.id, Outcome.KILLED, None, now)
            if adopted:
                logger.info("“%s”: %s goes on recording", self.event.title, lane.job.name)
                lane.adopt(adopted)
                self._watch(adopted)
            else:
                lane.resume(max((part.number for part in mine), default=0), now, self.end)
        if not known:
            self._held = None  # what is held is told with all the rest
            self.announce()

    def take_over(self) -> bool:
        """Go on with commands of which nobody heard; False where none runs any more."""
        self._clock.agree()
        running = [lane for lane in self.lanes if lane.take_over(self.end)]
        if running:
            self.started, self.state = self.event.start, EventState.RECORDING
        return bool(running)

    def moved_away(self, event: Event) -> bool:
        """Tell whether the schedule has moved the event behind what is being recorded."""
        return event.start >= self.end and event.start > self._clock.now()

    def set_apart(self, moved: Event) -> None:
        """Make what is recorded now a recording of its own: the event itself is to be recorded again later.

        It goes on to the planned end: that an event is moved while it runs is more often a mistake than not.

        :param moved: how the event is scheduled now
        """
        old = self.event
        self.flag = f"its event was moved to {show_time(moved.start)} while it was recorded"
        logger.warning("“%s”: %s; this recording is kept apart", old.title, self.flag)
        self._context.alarms.clear_event(old)
        # Its folder belongs to this recording alone, also where the event is moved away a second time.
        apart = self.event = old.apart(self.folder.name)
        self._history = [replace(part, uid=apart.uid) for part in self._history]
        self._put(lambda session: recordings.set_apart(session, old.uid, apart))
        self._describe()
        if self._context.settings.capture.stop_cancelled:
            self._cancelled = self._clock.now()
            self._end_moved()

    def follow(self, event: Event | None, operator_end: float | None) -> None:
        """Take over what the schedule and the operator say now.

        :param event: None where the event has vanished from the schedule
        """
        before = self.end
        if event is not None and (event.end, event.title) != (self.event.end, self.event.title):
            self.event = event
            self._put(lambda session: recordings.follow(session, event))
        self._operator_end = operator_end
        if event is None and not self.flag and not self.over:
            self.flag = "the event was taken from the schedule while it was recorded"
            logger.warning("“%s”: %s", self.event.title, self.flag)
            if self._context.settings.capture.stop_cancelled:
                self._cancelled = self._clock.now()
        if self.end != before:
            self._end_moved()

    def _end_moved(self) -> None:
        logger.info("“%s” now ends at %s", self.event.title, show_time(self.end))
        for lane in self.lanes:
            lane.move_end(self.end)
        if self.over:
            self.stop()

    def stop(self) -> None:
        """End the recording now."""
        now = self._clock.now()
        for lane in self.lanes:
            lane.stop(now)

    def hasten(self) -> None:
        """End what does not end by itself; called again and again while the service waits to end."""
        for lane in self.lanes:
            lane.hasten()

    def leave(self) -> float:
        """Let go of what was held while it recorded; not used for recording afterwards.

        :return: when it ended
        """
        for place in self._places():
            self._context.syncer.remove(place / folders.NAME)
        self._context.alarms.clear_event(self.event)
        return self._clock.now()

    def tick(self) -> float:
        """Look after all inputs; return the moment of the next work, by the clock of everybody else."""
        if self._cancelled is None and self._context.clock.now() > self.end + BYGONE:
            self._cancelled = self._clock.now()
            self.flag = self.flag or "it was over long ago by the machine's clock, which was set meanwhile"
            self._end_moved()
        for lane in self.lanes:
            lane.tick(self.end)
        if self.started is not None and not self.ended:
            self._tell_state(self._running_state())
        return self._clock.outside(min((lane.next_due() for lane in self.lanes), default=float("inf")))

    def _running_state(self) -> EventState:
        """A recording of which nothing could be started is a failed one, until something is."""
        begun = any(lane.parts for lane in self.lanes)
        return EventState.RECORDING if begun else EventState.FAILED_RECORDING

    def _tell_state(self, state: EventState) -> None:
        if state is self.state:
            return
        self.state = state
        errors = "; ".join(self.errors[-3:])
        uid, now = self.event.uid, self._clock.now()
        self._context.scribe.put(
            lambda session: recordings.set_state(session, uid, state, now, error=errors),
            (ServiceName.LIVE, ServiceName.AGENTSTATE),
        )

    def alert(self, kind: AlarmKind, text: str, source: str) -> None:
        """Raise an alarm for an input."""
        self._context.alarms.alert(kind, text, self.event, source=source)

    def clear(self, kind: AlarmKind, source: str) -> None:
        """End an alarm of an input."""
        self._context.alarms.clear(kind, self.event, source=source)

    def _lane(self, job: Job) -> Lane:
        fallback = fallback_of(self._context.settings, self.folder)
        return Lane(job, fallback, self._context, self._clock, self, dict(os.environ))

    def describe(self) -> Description:
        """Return what is known about the recording now."""
        error = "; ".join(self.errors[-3:])
        recording = Recording(self.event, self.state, self.folder, self.started, error=error)
        return Description(recording, tuple(self._history), author=self._context.author())

    def announce(self) -> None:
        """Tell a database of this recording that knows nothing of it."""
        self._put(chronicle.telling(self.describe(), self.lanes))

    def _describe(self) -> None:
        """Have the folders tell of this recording, should the database be lost."""
        chronicle.describe(self.describe(), self._places(), self._context.syncer)

    def _places(self) -> set[Path]:
        return {self.folder, *(lane.job.folder for lane in self.lanes if lane.parts)}

    def _put(self, work: Work) -> None:
        self._context.scribe.put(work)

    def part_started(self, part: RunningPart) -> None:
        """Take note of a part that was started."""
        self._watch(part)
        record, due = part.record(self.event.uid), self.due
        self._history.append(record)

        def write(session: Session) -> None:
            part.row = tally.begin_part(session, record, due)

        if self._held is None:
            self._put(write)
            self._describe()
        else:
            self._held.append(write)

    def files_kept(self, moved: dict[str, str]) -> None:
        """Take note of files that were moved out of a command's way, as old → new name."""
        if not moved:
            return
        self._history = [
            replace(part, files=tuple(moved.get(file, file) for file in part.files)) for part in self._history
        ]
        uid = self.event.uid
        self._put(lambda session: recordings.move_files(session, uid, moved))

    def part_ended(self, part: RunningPart, ended: Exit) -> None:
        """Take note of a part that ended, and how."""
        for file in part.files:
            self._context.syncer.remove(file)
        now = self._clock.now()
        logger.info("“%s”: %s", self.event.title, part.explain(ended))
        self._history = [
            replace(known, ended=now, outcome=ended.outcome, exit_code=ended.code)
            if (known.input, known.number) == (part.job.name, part.number)
            else known
            for known in self._history
        ]
        self._describe()
        # The id is looked up when the write is carried out: the part itself is written before it.
        self._put(
            lambda session: (
                recordings.end_part(session, part.row, now, ended.outcome, ended.code)
                if part.row is not None
                else None
            )
        )

    def _store_end(self, row: int | None, outcome: Outcome, code: int | None, now: float) -> None:
        if row is not None:
            self._put(lambda session: recordings.end_part(session, row, now, outcome, code))

    def _watch(self, part: RunningPart) -> None:
        for file in part.files:
            self._context.syncer.add(file)
