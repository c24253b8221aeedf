"""What an earlier run of the service, or an earlier database, has left behind is taken up again."""

import logging
from collections.abc import Container
from functools import partial

from pyca.capture.agenda import Agenda
from pyca.capture.context import Context
from pyca.capture.inputs import jobs_everywhere
from pyca.capture.recorder import Recorder
from pyca.capture.salvage import found_parts
from pyca.capture.search import Search, held, is_over, settled
from pyca.core.alarm import SHOWN, AlarmKind
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.recording import Recording
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import events, identity, recordings, uploads
from pyca.store.database import Database
from pyca.store.identity import Identity
from pyca.store.restore import give_back, restore

logger = logging.getLogger(__name__)

FIRST_LOOK = 0.5
"""Seconds to wait for what the folders tell, at the first start with a new database."""
RECENT = 2 * 86_400.0
"""Seconds since their start for which folders are looked at after each start of the service: the database may
have been away when they were recorded."""
NOTICED = 1.0
"""Seconds by which a clock is set back before that is of interest."""
LATEST = 50
"""Failed recordings that are looked at once more."""
_DELIVERY = (ServiceName.INGEST,)


class Recovery:
    """Finds unfinished recordings, in the database and in their folders.

    :param recorders: the running recordings, by the ids of their events; what is taken up is added
    :param finishing: the ids of those that are being finished
    """

    def __init__(
        self,
        context: Context,
        database: Database,
        agenda: Agenda,
        recorders: dict[str, Recorder],
        finishing: Container[str],
    ) -> None:
        self._context = context
        self._database = database
        self._agenda = agenda
        self._recorders = recorders
        self._finishing = finishing
        self._recovered = False
        self._search: Search | None = None
        self._giving_back = False
        self._told = ""
        """the database of which somebody was told that it is a new one"""
        self._unsearched: str | None = None
        """the id of a database whose search was begun and is not noted as done yet"""
        self._offset = context.clock.now() - context.clock.monotonic()

    def look(self) -> dict[str, Event]:
        """Take up what was found by now.

        :return: events of which the rest may still be recorded
        """
        if self._set_back():
            # What seemed to be over, and was written off, may still lie ahead.
            self._recovered = False
        waiting = {} if self._recovered else self._recover()
        self._take_in()
        return waiting

    def _set_back(self) -> bool:
        """Tell whether the machine's clock was set back since the last look."""
        clock, before = self._context.clock, self._offset
        self._offset = clock.now() - clock.monotonic()
        return self._offset < before - NOTICED

    def mind_database(self) -> None:
        """Tell a new database what this service remembers: the schedule, and what it records."""
        if not self._agenda.replaced or self._giving_back:
            return
        self._giving_back = True
        remembered, found = self._agenda.remembered(), self._agenda.identity
        self._alert(found)
        self._context.scribe.put(lambda session: give_back(session, remembered))
        for recorder in self._recorders.values():
            recorder.announce()
        self._context.alarms.rewrite()
        self._context.scribe.put(lambda session: None, (), self._given_back)

    def close(self) -> None:
        """End the search."""
        if self._search:
            self._search.close()

    def _given_back(self) -> None:
        """From now on the new database is believed."""
        self._agenda.replaced = self._giving_back = self._recovered = False
        ring(self._database.scope, ServiceName.CAPTURE)

    def _recover(self) -> dict[str, Event]:
        try:
            with self._database.read() as session:
                left = recordings.listing(session, states=[EventState.RECORDING])
                unrecorded = events.unrecorded(session, self._context.clock.now())
                # One that counts as failed may have begun after all, and nobody could note that any more.
                refused = [recordings.get(session, event.uid) for event in unrecorded]
                left += [one for one in refused if one and recordings.parts(session, one.uid)]
                failed = recordings.listing(session, states=[EventState.FAILED_RECORDING], limit=LATEST)
                parts = {recording.uid: recordings.parts(session, recording.uid) for recording in left}
                ends = recordings.operator_ends(session)
                found = identity.get(session)
        except StoreError as error:
            logger.error("%s; unfinished recordings are looked for later", error)
            return {}
        self._recovered = True
        left += [one for one in failed if self._begun_after_all(one)]
        self._search_folders(found)
        waiting = {event.uid: event for event in unrecorded if event.uid not in {*self._recorders, *parts}}
        for recording in left:
            if recording.uid in self._recorders or recording.uid in self._finishing:
                continue
            logger.warning("“%s” was being recorded when the service ended", recording.event.title)
            recorder = self._recorders[recording.uid] = Recorder(
                recording.event, recording.directory, self._context
            )
            recorder.follow(recording.event, ends.get(recording.uid))
            recorder.resume(parts.get(recording.uid, []))
            recorder.state = recording.state
        return waiting

    def _search_folders(self, found: Identity) -> None:
        """Look for recordings that the database does not know: all where it is new, else the recent ones."""
        self.close()
        now = self._context.clock.now()
        since = now - RECENT if found.searched else 0.0
        self._search = Search(self._context.settings, self._database, found, since)
        self._unsearched = None if found.searched else found.id
        self._search.start()
        if found.searched:
            return
        if found.history:
            self._alert(found)
        # What was being recorded a moment ago is among the first: it goes on before anything begins.
        self._take_in(FIRST_LOOK)

    def _take_in(self, patience: float = 0.0) -> None:
        if self._search is None:
            return
        for description in self._search.take(patience):
            recording = description.recording
            if recording.uid in self._recorders or recording.uid in self._finishing:
                continue
            if is_over(description):
                self._context.scribe.put(partial(restore, description=settled(description)), _DELIVERY)
                continue
            if not self._begun(recording):
                continue
            logger.warning("“%s” was being recorded, and the database does not know", recording.event.title)
            recorder = Recorder(recording.event, recording.directory, self._context)
            recorder.resume(list(description.parts), known=False)
            self._recorders[recording.uid] = recorder
            if not description.clear and recording.event.end <= self._context.clock.now():
                self._context.scribe.put(partial(uploads.save, upload=held(description)))
        if self._unsearched is not None and self._search.is_complete():
            # Behind all that was found: after a crash the rest would be looked for once more.
            now = self._context.clock.now()
            self._context.scribe.put(partial(identity.note_searched, now=now, id_=self._unsearched))
            self._unsearched = None

    def _begun(self, recording: Recording) -> bool:
        """Tell whether a described recording had begun, and was not only made ready for its start."""
        if recording.event.start > self._context.clock.now():
            return False  # the clock was set back since: it is recorded when it is time
        return recording.state is not EventState.UPCOMING or self._has_files(recording)

    def _begun_after_all(self, recording: Recording) -> bool:
        """Tell whether an event that is over and counts as failed has left files of which nobody heard."""
        now = self._context.clock.now()
        lately = now - RECENT < recording.event.end <= now
        return recording.ended is None and lately and self._has_files(recording)

    def _has_files(self, recording: Recording) -> bool:
        places = jobs_everywhere(self._context.settings, recording.event, recording.directory)
        return bool(found_parts(recording.uid, places, ()))

    def _alert(self, found: Identity | None) -> None:
        """Tell once of each database that it is a new one."""
        if found is None or found.id == self._told:
            return
        self._told = found.id
        text = "the database was lost and a new one made; recordings go on, or come back from their folders"
        advice = f" {found.history} Look at the disk, then delete it." if found.history else ""
        until = self._context.clock.now() + SHOWN
        self._context.alarms.alert(AlarmKind.DATABASE, text + advice, until=until)
