"""The capture service: keeps an eye on the schedule and on everything that records."""

import logging
import select
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.agenda import Agenda
from pyca.capture.context import Context
from pyca.capture.diskwatch import DiskWatch
from pyca.capture.finisher import Finisher
from pyca.capture.inputs import folder_of, jobs_everywhere
from pyca.capture.loudness import Loudness, heard
from pyca.capture.recorder import Recorder
from pyca.capture.recovery import Recovery
from pyca.capture.salvage import found_parts
from pyca.capture.signal import Looker
from pyca.config.settings import Settings
from pyca.core.alarm import SHOWN, AlarmKind
from pyca.core.clock import Clock
from pyca.core.event import Event
from pyca.core.states import EventState, ServiceName
from pyca.media.durable import Syncer
from pyca.runtime.child import Child
from pyca.runtime.hooks import Hook, Hooks
from pyca.runtime.pulse import Pulse
from pyca.store import events, recordings, tally
from pyca.store.alarms import Alarms
from pyca.store.database import Database
from pyca.store.folder import Author, owner_of
from pyca.store.scribe import Scribe

logger = logging.getLogger(__name__)


class CaptureService:
    """Records upcoming events. Implements :class:`pyca.runtime.loop.Service`."""

    name = ServiceName.CAPTURE

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        pulse: Pulse,
        commands: type[Child] = Child,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pulse = pulse
        scribe, syncer, hooks = Scribe(database), Syncer(), Hooks(settings, clock)
        syncer.start()
        alarms = Alarms(self.name, hooks, clock, scribe.put)
        agenda = self._agenda = Agenda(database, clock)
        self._context = Context(
            settings,
            clock,
            scribe,
            syncer,
            alarms,
            hooks,
            Looker(),
            commands,
            partial(_author, settings, agenda),
            lambda: agenda.profile,
        )
        self._disk = DiskWatch(self._context, database)
        self._loudness = Loudness(settings.capture.preview_dir, clock)
        self._recorders: dict[str, Recorder] = {}
        self._prepared: dict[str, Recorder] = {}
        self._waiting: dict[str, Event] = {}
        self._told_missed: set[str] = set()
        """missed events that have been told of, and that the database may not have heard of yet"""
        self._finisher = Finisher(self._context)
        self._recovery = Recovery(self._context, database, self._agenda, self._recorders, self._finisher)

    def tick(self) -> float:
        """Start what is due, look after what runs, read the schedule again where it is time."""
        self._start_due()
        self._look_after()
        self._waiting |= self._recovery.look()
        if self._agenda.refresh(self._recorders):
            self._follow()
            self._prepare()
            self._finisher.forget(self._agenda.offers)
            self._note_missed()
            self._start_due()
        self._recovery.mind_database()
        self._watch_over()
        due = min(self._look_after(), self._agenda.next_due())
        self._loudness.show(heard(self._recorders.values()))
        return due

    def files(self) -> Iterable[Child]:
        """Return the running commands: the loop wakes when one ends."""
        return [child for recorder in self._recorders.values() for child in recorder.files()]

    def busy(self) -> bool:
        """Tell whether something is being recorded, finished, or still to be written to the database."""
        return bool(self._recorders) or self._finisher.busy or bool(self._context.scribe.trouble)

    def status(self) -> str:
        """Return what is recorded now, or what comes next."""
        if self._context.scribe.trouble:
            return f"database: {self._context.scribe.trouble}"
        if self._recorders:
            return "recording " + ", ".join(f"“{rec.event.title}”" for rec in self._recorders.values())
        following = self._agenda.following()
        return f"next: “{following.title}”" if following else "nothing scheduled"

    def close(self) -> None:
        """End all commands cleanly. What is not over goes on after the next start."""
        for recorder in self._recorders.values():
            recorder.stop()
        while any(not recorder.ended for recorder in self._recorders.values()):
            # The next run is kept waiting meanwhile, and with it what should be recorded.
            for recorder in self._recorders.values():
                recorder.hasten()
            due = min(recorder.tick() for recorder in self._recorders.values())
            waited = list(self.files())
            if waited:
                select.select(waited, (), (), max(min(due - self._clock.now(), 1.0), 0.01))
            self._pulse.progress("closing files")
        for recorder in [rec for rec in self._recorders.values() if rec.over]:
            self._finisher.take(self._recorders.pop(recorder.event.uid))
        self._recovery.close()
        self._finisher.close()
        self._context.looker.close()
        self._context.fitness.close()
        self._context.syncer.close()
        # What was recorded is noted before anything that a hook may hold up.
        self._context.scribe.close()
        self._context.hooks.close()
        self._loudness.close()

    def _start_due(self) -> None:
        """Start events whose time has come, and those that had to wait. Nothing slow comes before this."""
        now = self._clock.now()
        for event in [event for event in self._waiting.values() if event.end <= now]:
            del self._waiting[event.uid]
            self._context.scribe.put(partial(_lose, event=event))
        # What waits may have been moved meanwhile, to a time that has not come.
        waiting = [event for event in self._waiting.values() if event.start <= now]
        for event in [*self._agenda.due(), *waiting]:
            if event.uid in self._recorders or event.uid in self._finisher:
                continue
            running = [rec for rec in self._recorders.values() if not rec.over]
            if len(running) >= self._settings.capture.max_parallel:
                self._refuse(event, running)
                continue
            recorder = self._prepared.pop(event.uid, None) or self._make(event)
            if self._waiting.pop(event.uid, None):
                recorder.state = EventState.FAILED_RECORDING
            self._recorders[event.uid] = recorder
            recorder.start()

    def _look_after(self) -> float:
        """Tick all recorders and hand over those that have ended; return the moment of the next work."""
        soon = min((recorder.tick() for recorder in self._recorders.values()), default=float("inf"))
        for recorder in [recorder for recorder in self._recorders.values() if recorder.ended]:
            self._finisher.take(self._recorders.pop(recorder.event.uid))
        return soon

    def _folder(self, event: Event) -> Path:
        """Return the folder of an event's recording; one that was set apart from the event keeps its own."""
        usual = folder = folder_of(self._settings, event)
        number = 1
        while owner_of(folder) not in ("", event.uid):
            number += 1
            folder = usual.with_name(f"{usual.name}-{number}")
        return folder

    def _make(self, event: Event) -> Recorder:
        recorder = Recorder(event, self._folder(event), self._context)
        recorder.due = max(event.start, self._agenda.surprises.get(event.uid, event.start))
        recorder.prepare()
        return recorder

    def _prepare(self) -> None:
        """Make ready what starts within the next seconds, and forget what was rescheduled."""
        near = {event.uid: event for event in self._agenda.near()}
        for uid, event in near.items():
            known = self._prepared.get(uid)
            if uid in self._recorders or (known and known.event == event):
                continue
            self._prepared[uid] = self._make(event)
        for uid in self._prepared.keys() - near.keys():
            self._prepared.pop(uid).abandon()

    def _watch_over(self) -> None:
        """Raise the alarms that concern no single recording, and end them."""
        self._disk.look(self._agenda.following(), busy=bool(self._recorders))
        trouble = self._context.scribe.trouble or self._agenda.trouble
        if trouble:
            self._context.alarms.alert(AlarmKind.DATABASE, f"{trouble}; recording goes on")
        else:
            self._context.alarms.clear(AlarmKind.DATABASE)

    def _refuse(self, event: Event, running: list[Recorder]) -> None:
        """Say loudly that an event cannot be recorded now; it begins late where a place becomes free."""
        if event.uid in self._waiting:
            return
        self._waiting[event.uid] = event
        names = ", ".join(f"“{recorder.event.title}”" for recorder in running)
        reason = f"not recorded: {names} already runs and max_parallel is {len(running)}"
        self._write_off(event, reason, until=event.end)

    def _write_off(self, event: Event, reason: str, until: float) -> None:
        """Give an event its final word, or its word for now.

        :param until: how long the alarm about it stands
        """
        folder, now = self._folder(event), self._clock.now()

        def write(session: Session) -> None:
            # One that is not over may find a place yet.
            if recordings.miss(session, event, folder, now, reason) and event.end <= now:
                tally.miss_event(session, event)

        self._context.scribe.put(write, (ServiceName.AGENTSTATE,))
        self._context.alarms.alert(AlarmKind.NOT_RECORDED, reason, event, until=until)
        facts = {"STATE": str(EventState.FAILED_RECORDING), "ERROR": reason}
        self._context.hooks.run(Hook.RECORDING_FAILED, facts, event)

    def _note_missed(self) -> None:
        created = self._agenda.created
        missed = self._agenda.take_missed()
        self._told_missed &= {event.uid for event in missed}
        for event in missed:
            if event.uid in self._finisher or event.uid in self._waiting or event.uid in self._told_missed:
                continue
            if not self._salvage(event) and event.end > created:
                self._told_missed.add(event.uid)
                reason = "missed: the capture service was not running, or the event came too late"
                self._write_off(event, reason, until=self._clock.now() + SHOWN)

    def _salvage(self, event: Event) -> bool:
        """Finish a recording of which the database never heard; True where there are files of it."""
        folder = self._folder(event)
        if not found_parts(event.uid, jobs_everywhere(self._settings, event, folder), ()):
            return False
        logger.warning("“%s” was recorded while the database was away", event.title)
        now = self._clock.now()
        self._context.scribe.put(lambda session: recordings.begin(session, event, folder, now))
        recorder = Recorder(event, folder, self._context)
        if recorder.take_over():
            self._recorders[event.uid] = recorder
        else:
            self._finisher.take(recorder)
        return True

    def _follow(self) -> None:
        for uid, recorder in list(self._recorders.items()):
            event = self._agenda.scheduled(uid)
            if event is not None and recorder.moved_away(event):
                recorder.set_apart(event)
                self._recorders[recorder.event.uid] = self._recorders.pop(uid)
            else:
                recorder.follow(event, self._agenda.operator_end(uid))


def _lose(session: Session, event: Event) -> None:
    """Count an event that found no place, unless somebody has deleted it meanwhile."""
    if recordings.get(session, event.uid) or events.get(session, event.uid):
        tally.miss_event(session, event)


def _author(settings: Settings, agenda: Agenda) -> Author:
    return Author(settings.agent.name, agenda.identity.id if agenda.identity else "")
