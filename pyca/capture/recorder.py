"""One event being recorded: its inputs side by side, its end wherever the schedule moves it."""

import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.describe import NAME, describe
from pyca.capture.inputs import Job, jobs
from pyca.capture.lane import Lane
from pyca.capture.part import RunningPart, adopt_part
from pyca.capture.scribe import Scribe, Work
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.event import Event
from pyca.core.recording import Part
from pyca.core.states import EventState, Outcome, ServiceName
from pyca.core.units import show_time
from pyca.media.durable import Syncer
from pyca.runtime.child import Child, Exit
from pyca.store import recordings

logger = logging.getLogger(__name__)


class Recorder:
    """Records one event. All decisions are taken from memory; the database only hears of them.

    :param folder: where the recording goes
    """

    def __init__(
        self, event: Event, folder: Path, settings: Settings, clock: Clock, scribe: Scribe, syncer: Syncer
    ) -> None:
        self.event = event
        self.folder = folder
        self.started: float | None = None
        self.flag = ""
        self.state = EventState.UPCOMING
        self._settings = settings
        self._clock = clock
        self._scribe = scribe
        self._syncer = syncer
        self._operator_end: float | None = None
        self._cancelled: float | None = None
        self._history: list[Part] = []
        self._held: list[Work] | None = None
        self.lanes = [self._lane(job) for job in jobs(settings, event, folder)]

    @property
    def end(self) -> float:
        """When to stop: what an operator chose goes before what the schedule says."""
        end = self.event.end if self._operator_end is None else self._operator_end
        return end if self._cancelled is None else min(end, self._cancelled)

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

    def history(self) -> list[Part]:
        """Return all parts so far, those of an earlier run of the service too."""
        return list(self._history)

    def files(self) -> Iterable[Child]:
        """Return the running commands, for the loop to wait on."""
        return [lane.part.child for lane in self.lanes if lane.part]

    def prepare(self) -> None:
        """Do beforehand all that takes time: folders, command lines."""
        for lane in self.lanes:
            lane.prepare(self.event.end, max(self.event.start, self._clock.now()))

    def start(self) -> None:
        """Start all inputs, now."""
        now = self.started = self._clock.now()
        event, folder = self.event, self.folder
        # Held back until all commands run: the scribe's thread would take time from the starts.
        self._held = [lambda session: recordings.begin(session, event, folder, now)]
        for lane in self.lanes:
            lane.start(self.end)
        for work in self._held:
            self._scribe.put(work)
        self._held = None
        late = self.started - self.event.start
        logger.info(
            "recording “%s” until %s, begun %.0f ms after its start",
            self.event.title,
            show_time(self.end),
            late * 1000,
        )
        self._tell_state(self._running_state())
        try:
            self._syncer.add(describe(self.folder, self.event))
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.folder, error.strerror)

    def resume(self, parts: list[Part]) -> None:
        """Go on with a recording that the service began before it ended."""
        self.started = self.event.start
        self.state = EventState.RECORDING
        self._history = list(parts)
        now = self._clock.now()
        for lane in self.lanes:
            mine = [part for part in parts if part.input == lane.job.name]
            running = next((part for part in mine if part.ended is None and part.pid), None)
            adopted = running and adopt_part(lane.job, running, self.end, self._settings.capture, self._clock)
            for part in mine:
                if part.ended is None and not adopted:
                    self._store_end(part.id, Outcome.KILLED, None, now)
            if adopted:
                logger.info("“%s”: %s goes on recording", self.event.title, lane.job.name)
                lane.adopt(adopted)
                self._watch(adopted)
            else:
                lane.resume(max((part.number for part in mine), default=0), now)

    def follow(self, event: Event | None, operator_end: float | None) -> None:
        """Take over what the schedule and the operator say now.

        :param event: None where the event has vanished from the schedule
        """
        before = self.end
        if event is not None and (event.end, event.title) != (self.event.end, self.event.title):
            self.event = event
            self._scribe.put(lambda session: recordings.follow(session, event))
        self._operator_end = operator_end
        if event is None and not self.flag:
            self.flag = "the event was taken from the schedule while it was recorded"
            logger.warning("“%s”: %s", self.event.title, self.flag)
            if self._settings.capture.stop_cancelled:
                self._cancelled = self._clock.now()
        if self.end != before:
            logger.info("“%s” now ends at %s", self.event.title, show_time(self.end))
            for lane in self.lanes:
                lane.move_end(self.end)
            if self.end <= self._clock.now():
                self.stop()

    def stop(self) -> None:
        """End the recording now."""
        now = self._clock.now()
        for lane in self.lanes:
            lane.stop(now)

    def leave(self) -> None:
        """Let go of what was held while it recorded; not used for recording afterwards."""
        self._syncer.remove(self.folder / NAME)

    def tick(self) -> float:
        """Look after all inputs; return the moment of the next work."""
        for lane in self.lanes:
            lane.tick(self.end)
        if self.started is not None and not self.ended:
            self._tell_state(self._running_state())
        return min((lane.next_due() for lane in self.lanes), default=float("inf"))

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
        self._scribe.put(
            lambda session: recordings.set_state(session, uid, state, now, error=errors),
            (ServiceName.AGENTSTATE,),
        )

    def _lane(self, job: Job) -> Lane:
        return Lane(
            job,
            self._settings.capture,
            self._clock,
            environ=dict(os.environ),
            on_start=self._part_started,
            on_end=self._part_ended,
            on_keep=self._files_kept,
        )

    def _part_started(self, part: RunningPart) -> None:
        self._watch(part)
        record = part.record(self.event.uid)
        self._history.append(record)

        def write(session: Session) -> None:
            part.row = recordings.add_part(session, record)

        if self._held is None:
            self._scribe.put(write)
        else:
            self._held.append(write)

    def _files_kept(self, moved: dict[str, str]) -> None:
        if not moved:
            return
        self._history = [
            replace(part, files=tuple(moved.get(file, file) for file in part.files)) for part in self._history
        ]
        uid = self.event.uid
        self._scribe.put(lambda session: recordings.move_files(session, uid, moved))

    def _part_ended(self, part: RunningPart, ended: Exit) -> None:
        for file in part.files:
            self._syncer.remove(file)
        now = self._clock.now()
        logger.info("“%s”: %s", self.event.title, part.explain(ended))
        # The id is looked up when the write is carried out: the part itself is written before it.
        self._scribe.put(
            lambda session: (
                recordings.end_part(session, part.row, now, ended.outcome, ended.code)
                if part.row is not None
                else None
            )
        )

    def _store_end(self, row: int | None, outcome: Outcome, code: int | None, now: float) -> None:
        if row is not None:
            self._scribe.put(lambda session: recordings.end_part(session, row, now, outcome, code))

    def _watch(self, part: RunningPart) -> None:
        for file in part.files:
            self._syncer.add(file)
