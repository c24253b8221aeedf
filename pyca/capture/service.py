"""The capture service: keeps an eye on the schedule and on everything that records."""

import logging
import os
import select
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.agenda import Agenda
from pyca.capture.finish import Result, finish
from pyca.capture.inputs import folder_of
from pyca.capture.inputs import jobs as jobs_of
from pyca.capture.recorder import Recorder
from pyca.capture.scribe import Scribe
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import MediaError, StoreError
from pyca.core.event import Event, Origin
from pyca.core.states import EventState, ServiceName
from pyca.core.units import show_size
from pyca.media.durable import Syncer
from pyca.media.ffmpeg import Tools, find_tools
from pyca.runtime.child import Child
from pyca.runtime.pulse import Pulse
from pyca.store import events, recordings
from pyca.store.database import Database

logger = logging.getLogger(__name__)


class CaptureService:
    """Records upcoming events. Implements :class:`pyca.runtime.loop.Service`."""

    name = ServiceName.CAPTURE

    def __init__(self, settings: Settings, database: Database, clock: Clock, pulse: Pulse) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._scribe = Scribe(database)
        self._syncer = Syncer()
        self._syncer.start()
        self._agenda = Agenda(database, clock)
        self._recorders: dict[str, Recorder] = {}
        self._prepared: dict[str, Recorder] = {}
        self._refused: dict[str, Event] = {}
        self._finisher = ThreadPoolExecutor(max_workers=2, thread_name_prefix="finish")
        self._finishing: dict[str, Future[None]] = {}
        self._recovered = False

    def tick(self) -> float:
        """Start what is due, look after what runs, read the schedule again where it is time."""
        self._start_due()
        self._look_after()
        if not self._recovered:
            self._recover()
        if self._agenda.refresh(self._recorders):
            self._follow()
            self._prepare()
            self._forget_finished()
            self._note_missed()
            self._start_due()
        return min(self._look_after(), self._agenda.next_due())

    def files(self) -> Iterable[Child]:
        """Return the running commands: the loop wakes when one ends."""
        return [child for recorder in self._recorders.values() for child in recorder.files()]

    def busy(self) -> bool:
        """Tell whether something is being recorded, finished, or still to be written to the database."""
        finishing = any(not work.done() for work in self._finishing.values())
        return bool(self._recorders) or finishing or bool(self._scribe.trouble)

    def status(self) -> str:
        """Return what is recorded now, or what comes next."""
        if self._scribe.trouble:
            return f"database: {self._scribe.trouble}"
        if self._recorders:
            return "recording " + ", ".join(f"“{rec.event.title}”" for rec in self._recorders.values())
        following = self._agenda.following()
        return f"next: “{following.title}”" if following else "nothing scheduled"

    def close(self) -> None:
        """End all commands cleanly. What is not over goes on after the next start."""
        for recorder in self._recorders.values():
            recorder.stop()
        while any(not recorder.ended for recorder in self._recorders.values()):
            due = min(recorder.tick() for recorder in self._recorders.values())
            waited = list(self.files())
            if waited:
                select.select(waited, (), (), max(min(due - self._clock.now(), 1.0), 0.01))
            self._pulse.progress("closing files")
        now = self._clock.now()
        for recorder in [rec for rec in self._recorders.values() if rec.end <= now]:
            self._hand_over(recorder)
        self._finisher.shutdown(wait=True)
        self._syncer.close()
        self._scribe.close()

    def _start_due(self) -> None:
        """Start events whose time has come. Nothing slow comes before this."""
        now = self._clock.now()
        self._refused = {uid: event for uid, event in self._refused.items() if event.end > now}
        for event in [*self._agenda.due(), *self._refused.values()]:
            if event.uid in self._recorders or event.uid in self._finishing:
                continue
            running = [rec for rec in self._recorders.values() if rec.end > now]
            if len(running) >= self._settings.capture.max_parallel:
                self._refuse(event, running)
                continue
            recorder = self._prepared.pop(event.uid, None) or self._make(event)
            if self._refused.pop(event.uid, None):
                recorder.state = EventState.FAILED_RECORDING
            self._recorders[event.uid] = recorder
            recorder.start()

    def _look_after(self) -> float:
        """Tick all recorders and hand over those that have ended; return the moment of the next work."""
        soon = min((recorder.tick() for recorder in self._recorders.values()), default=float("inf"))
        for recorder in [recorder for recorder in self._recorders.values() if recorder.ended]:
            self._hand_over(recorder)
        return soon

    def _make(self, event: Event) -> Recorder:
        folder = folder_of(self._settings, event)
        recorder = Recorder(event, folder, self._settings, self._clock, self._scribe, self._syncer)
        recorder.prepare()
        return recorder

    def _prepare(self) -> None:
        """Make ready what starts within the next seconds, and forget what was rescheduled."""
        near = {event.uid: event for event in self._agenda.near()}
        for uid, event in near.items():
            known = self._prepared.get(uid)
            if uid in self._recorders or (known and known.event == event):
                continue
            self._check_disk()
            self._prepared[uid] = self._make(event)
        for uid in self._prepared.keys() - near.keys():
            del self._prepared[uid]

    def _check_disk(self) -> None:
        free = self._agenda.free_bytes(self._settings.capture.directory)
        if free is not None and free < self._settings.capture.minimum_free:
            logger.error(
                "only %s are free in %s; delete old recordings",
                show_size(free),
                self._settings.capture.directory,
            )

    def _refuse(self, event: Event, running: list[Recorder]) -> None:
        """Say loudly that an event cannot be recorded now; it begins late where a place becomes free."""
        if event.uid in self._refused:
            return
        self._refused[event.uid] = event
        names = ", ".join(f"“{recorder.event.title}”" for recorder in running)
        reason = f"not recorded: {names} already runs and max_parallel is {len(running)}"
        self._write_off(event, reason)

    def _write_off(self, event: Event, reason: str) -> None:
        """Give an event its final word, or its word for now."""
        logger.error("“%s”: %s", event.title, reason)
        folder, now = folder_of(self._settings, event), self._clock.now()
        self._scribe.put(
            lambda session: recordings.miss(session, event, folder, now, reason), (ServiceName.AGENTSTATE,)
        )

    def _note_missed(self) -> None:
        for event in self._agenda.take_missed():
            if event.uid in self._finishing or event.uid in self._refused:
                continue
            self._write_off(event, "missed: the capture service was not running, or the event came too late")

    def _forget_finished(self) -> None:
        """Forget recordings whose final word has reached the database: the schedule no longer offers them."""
        for uid in [uid for uid, work in self._finishing.items() if work.done()]:
            if not self._agenda.offers(uid):
                del self._finishing[uid]

    def _follow(self) -> None:
        for uid, recorder in self._recorders.items():
            recorder.follow(self._agenda.scheduled(uid), self._agenda.operator_end(uid))

    def _recover(self) -> None:
        """Take up what an earlier run of this service left unfinished."""
        try:
            with self._database.read() as session:
                left = recordings.listing(session, states=[EventState.RECORDING])
                parts = {recording.uid: recordings.parts(session, recording.uid) for recording in left}
                ends = recordings.operator_ends(session)
                unrecorded = events.unrecorded(session, self._clock.now())
        except StoreError as error:
            logger.error("%s; unfinished recordings are looked for later", error)
            return
        self._recovered = True
        self._refused |= {event.uid: event for event in unrecorded if event.uid not in self._recorders}
        for recording in left:
            if recording.uid in self._recorders:
                continue
            recorder = Recorder(
                recording.event, recording.directory, self._settings, self._clock, self._scribe, self._syncer
            )
            recorder.follow(recording.event, ends.get(recording.uid))
            recorder.resume(parts[recording.uid])
            self._recorders[recording.uid] = recorder
            logger.warning("“%s” was being recorded when the service ended", recording.event.title)

    def _hand_over(self, recorder: Recorder) -> None:
        """Finish a recording in the background, so that the next event is not kept waiting."""
        uid = recorder.event.uid
        self._recorders.pop(uid, None)
        recorder.leave()
        ended = self._clock.now()
        self._finishing[uid] = self._finisher.submit(self._finish, recorder, ended)

    def _finish(self, recorder: Recorder, ended: float) -> None:
        try:
            result = self._judge(recorder, ended)
        except Exception as error:
            # Whatever goes wrong here, the files are on the disk and the event gets its final word.
            logger.exception("“%s” could not be finished", recorder.event.title)
            result = Result(EventState.FAILED_RECORDING, (), (f"finishing failed: {error}",))
        self._store(recorder, result, ended)

    def _judge(self, recorder: Recorder, ended: float) -> Result:
        planned = max(min(recorder.end, ended) - recorder.event.start, 0.0)
        jobs = jobs_of(self._settings, recorder.event, recorder.folder)
        return finish(
            jobs,
            recorder.history(),
            planned=planned,
            container=self._settings.capture.container,
            tools=_tools(),
        )

    def _store(self, recorder: Recorder, result: Result, ended: float) -> None:
        event = recorder.event
        notes = [*recorder.errors[-3:], *result.errors]
        if recorder.flag:
            notes.append(recorder.flag)
        state = result.state
        if recorder.interrupted and state is EventState.FINISHED_RECORDING:
            state = EventState.PARTIAL_RECORDING
        logger.info("“%s”: %s, %d tracks", event.title, state, len(result.tracks))

        def write(session: Session) -> None:
            recordings.close(session, event.uid, ended, result.tracks)
            recordings.set_state(session, event.uid, state, ended, error="; ".join(notes))
            if event.origin is Origin.LOCAL:
                events.cancel(session, event.uid)

        def tidy() -> None:
            for path in result.replaced:
                _remove(path)

        self._scribe.put(write, (ServiceName.INGEST, ServiceName.AGENTSTATE), tidy)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s is not needed any more and cannot be deleted: %s", path, error.strerror)


def _tools() -> Tools | None:
    try:
        return find_tools(os.environ)
    except MediaError as error:
        logger.warning("the recording cannot be looked into: %s", error)
        return None
