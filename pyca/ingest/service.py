"""The ingest service: recorded files go to the server or into the archive, the oldest recording first."""

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError, StoreError
from pyca.core.recording import Recording, Upload
from pyca.core.states import EventState, ServiceName
from pyca.ingest.choose import choose_target
from pyca.ingest.cleanup import delete_files
from pyca.ingest.delivery import deliver
from pyca.ingest.inquiry import Inquiry
from pyca.ingest.ledger import Ledger
from pyca.ingest.retention import Retention
from pyca.ingest.target import Interrupted, Target
from pyca.ingest.troubles import Troubles
from pyca.runtime.bell import ring
from pyca.runtime.hooks import Hook, Hooks
from pyca.runtime.loop import HasFileno
from pyca.runtime.pulse import Pulse
from pyca.store import recordings, uploads
from pyca.store.alarms import Alarms, AtOnce
from pyca.store.database import Database

logger = logging.getLogger(__name__)

LOOK_PERIOD = 30.0
"""Seconds after which the database is looked at even where nobody rang."""


class IngestService:
    """Delivers one recording per tick. Everything it must remember stands in the database.

    :param target: where recordings go; None means as the settings say
    """

    name = ServiceName.INGEST

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, pulse: Pulse, target: Target | None = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._target = target or choose_target(settings, clock, pulse)
        self._ledger = Ledger(database, clock, self._target)
        self._retention = Retention(settings, database, clock)
        self._hooks = Hooks(settings, clock)
        self._writer = AtOnce(database)
        self._alarms = Alarms(ServiceName.INGEST, self._hooks, clock, self._writer)
        self._troubles = Troubles(database, clock, self._alarms)
        self._inquiry = Inquiry(database, clock, self._target, self._found)
        self._delivering = ""
        self._unnoted: Callable[[], None] | None = None
        """stores how a delivery ended, where that could not be stored at once"""
        self._stuck = 0

    def files(self) -> Iterable[HasFileno]:
        """Nothing but the bell wakes this service."""
        return ()

    def busy(self) -> bool:
        """True while a recording is on its way, or has ended and nobody could note it."""
        return bool(self._delivering or self._unnoted)

    def status(self) -> str:
        """Say what is being done now."""
        if self._settings.agent.backup_mode:
            return "backup mode: recordings stay on this machine"
        if self._delivering:
            return f"delivering “{self._delivering}”"
        return f"{self._stuck} to be decided by an operator" if self._stuck else "nothing to deliver now"

    def close(self) -> None:
        """Release the target's connections, and let the hooks come to their end."""
        self._target.close()
        self._hooks.close()

    def tick(self) -> float:
        """Deliver the recording that waits longest, and delete what is too old."""
        self._writer.flush()
        if self._unnoted:
            self._note(self._unnoted)
        self._ledger.recover()
        self._retention.look()
        try:
            moments = [self._go_on(), self._retention.next_due(), self._clock.now() + LOOK_PERIOD]
        finally:
            self._look_for_troubles()
        return min(moments)

    def _look_for_troubles(self) -> None:
        try:
            self._troubles.look()
        except StoreError as error:
            logger.debug("Alarms stay as they are: %s", error)

    def _go_on(self) -> float:
        """Deliver, where something is to be delivered; return when to try next."""
        if self._settings.agent.backup_mode:
            return math.inf
        for recording in self._ledger.settled():
            with self._database.read() as session:
                upload = uploads.get(session, recording.uid)
            self._tell_done(recording, upload.location if upload else "")
            self._clean_up(recording)
            self._ledger.close(recording)
        upload = self._ledger.claim(self._settings.ingest)
        if upload is None:
            return self._wait()
        ring(self._database.scope, ServiceName.AGENTSTATE)
        self._deliver(upload)
        return self._clock.now()

    def _wait(self) -> float:
        """Use the quiet for questions to the server; return when something is due again."""
        asked = self._inquiry.ask()
        with self._database.read() as session:
            due, self._stuck = uploads.next_due(session), uploads.stuck(session)
        return min(moment for moment in (asked, due, math.inf) if moment is not None)

    def _meanwhile(self) -> None:
        """Keep the disk free during a delivery of hours too; its own files are not touched."""
        try:
            self._retention.look()
        except StoreError as error:
            logger.warning("Old recordings are not deleted now: %s", error)

    def _deliver(self, upload: Upload) -> None:
        with self._database.read() as session:
            recording = recordings.get(session, upload.uid)
        if recording is None:
            return
        self._delivering = recording.event.title
        try:
            done = deliver(
                self._target,
                recording,
                upload,
                database=self._database,
                clock=self._clock,
                pulse=self._pulse,
                meanwhile=self._meanwhile,
            )
        except Interrupted:
            self._ledger.put_back(recording.uid)
            logger.info("The delivery of “%s” stops here and goes on later", self._delivering)
        except DeliveryError as error:
            self._note(partial(self._ledger.fail, recording, error))
        except Exception as error:
            # The fault may lie in this one recording: the others must have their turn before it is told.
            unsure = DeliveryError(f"unexpected: {error!r}", unanswered=True)
            self._note(partial(self._ledger.fail, recording, unsure))
            raise
        else:
            self._note(partial(self._succeed, recording, done))
        finally:
            self._delivering = ""
            ring(self._database.scope, ServiceName.AGENTSTATE)

    def _note(self, note: Callable[[], None]) -> None:
        """Store how a delivery ended.

        :raises StoreError: where that cannot be stored now; it comes before all else in the next tick, as
            without it nobody could tell any more whether the final call was answered
        """
        self._unnoted = None
        try:
            note()
        except StoreError:
            self._unnoted = note
            raise

    def _succeed(self, recording: Recording, done: Upload) -> None:
        self._ledger.succeed(recording, done)
        self._tell_done(recording, done.location)
        self._clean_up(recording)

    def _found(self, recording: Recording, upload: Upload) -> None:
        """Finish a delivery of which the server's last answer never came."""
        if self._ledger.confirm(recording, replace(upload, location=upload.node)):
            self._tell_done(recording, upload.node)
            self._clean_up(recording)
            ring(self._database.scope, ServiceName.AGENTSTATE)

    def _tell_done(self, recording: Recording, target: str) -> None:
        facts = {
            "STATE": str(EventState.FINISHED_UPLOADING),
            "FOLDER": str(recording.directory),
            "FILES": "\n".join(str(track.path) for track in recording.tracks),
            "TARGET": target,
        }
        self._hooks.run(Hook.UPLOAD_DONE, facts, recording.event)

    def _clean_up(self, recording: Recording) -> None:
        if self._settings.ingest.delete_after_upload:
            delete_files(recording, self._retention.homes)
