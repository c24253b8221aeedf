"""The bookkeeping of deliveries: claimed, put back, failed, done. Each change is one transaction."""

import logging
import random
from dataclasses import replace

from sqlalchemy.orm import Session

from pyca.config.settings import Ingest
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest.inquiry import PAUSES
from pyca.ingest.target import Target
from pyca.store import figures, folder, recordings, tally, uploads
from pyca.store.database import Database
from pyca.store.figures import Figure
from pyca.store.folder import Description

logger = logging.getLogger(__name__)

RETRY = Backoff(first=5, limit=900)
DECIDE = "look whether the server has it, then say so on the page or with “pyca events retry”"


class Ledger:
    """Which recording is whose turn, and what became of it."""

    def __init__(self, database: Database, clock: Clock, target: Target) -> None:
        self._database = database
        self._clock = clock
        self._target = target
        self._before: EventState | None = None
        """what the recording that was claimed last had been"""

    def claim(self, ingest: Ingest) -> Upload | None:
        """Take the oldest due recording; its first attempt may have to wait for a random while."""
        now = self._clock.now()
        longest = _longest_pause(ingest)
        with self._database.read() as session:
            if uploads.due(session, now, longest) is None:
                return None
        with self._database.write() as session:
            while uid := uploads.due(session, now, longest):
                upload = uploads.get(session, uid)
                if upload is None:
                    upload = Upload(uid, self._target.name, next_attempt=now + _first_pause(ingest))
                elif upload.target != self._target.name:
                    upload = Upload(uid, self._target.name, next_attempt=now)
                uploads.save(session, upload)
                if not now < upload.next_attempt <= now + longest:
                    recording = recordings.get(session, uid)
                    self._before = recording.state if recording else None
                    recordings.set_state(session, uid, EventState.UPLOADING, now)
                    if upload.attempts:
                        figures.add(session, Figure.UPLOAD_RETRIES)
                    return upload
        return None

    def recover(self) -> None:
        """Put back what a crash left behind: between two ticks nothing is being uploaded."""
        with self._database.read() as session:
            left = uploads.interrupted(session)
        for uid in left:
            logger.warning("The delivery of event “%s” was interrupted", uid)
            self.put_back(uid, crashed=True)

    def put_back(self, uid: str, *, crashed: bool = False) -> None:
        """Let an interrupted delivery wait for its turn again, unless nobody knows whether it was completed.

        :param crashed: nobody asked for the interruption; after the second time the others go first
        """
        now = self._clock.now()
        with self._database.write() as session:
            if recordings.get(session, uid) is None:
                return  # the database was lost meanwhile; the recording comes back from its folder
            upload = uploads.get(session, uid) or Upload(uid, self._target.name)
            if upload.step is UploadStep.FINISH and not self._may_repeat(upload):
                unsure = DeliveryError("pyCA was interrupted during the final call", unanswered=True)
                uploads.save(session, self._after(upload, unsure, now))
                _leave(session, uid, EventState.FAILED_UPLOADING, now)
                return
            attempts = upload.attempts + crashed
            pause = RETRY.pause(attempts) if attempts > 1 else 0.0
            fresh = replace(upload, attempts=attempts, next_attempt=now + pause, step=_before_final(upload))
            uploads.save(session, replace(fresh, rate=0.0))
            _leave(session, uid, _waiting(session, uid, None if crashed else self._before), now)

    def fail(self, recording: Recording, error: DeliveryError) -> None:
        """Store why a delivery failed, and when it is tried again or that somebody has to decide."""
        title, uid, now = recording.event.title, recording.uid, self._clock.now()
        with self._database.write() as session:
            if recordings.get(session, uid) is None:
                logger.error("“%s” is not delivered: %s; the database was lost meanwhile", title, error)
                return
            upload = uploads.get(session, uid) or Upload(uid, self._target.name)
            failed = self._after(upload, error, now)
            uploads.save(session, failed)
            _leave(session, uid, EventState.FAILED_UPLOADING, now)
            figures.add(session, Figure.UPLOAD_FAILURES, label=_kind(failed))
        folder.note(Description(replace(recording, state=EventState.FAILED_UPLOADING), upload=failed))
        if failed.step is UploadStep.AMBIGUOUS:
            logger.error("“%s” may have been delivered or not: %s", title, failed.error)
        elif failed.permanent:
            logger.error("“%s” cannot be delivered until somebody helps: %s", title, failed.error)
        else:
            pause = failed.next_attempt - now
            logger.warning("“%s” is not delivered yet: %s; next try in %.0f s", title, error, pause)

    def succeed(self, recording: Recording, upload: Upload) -> None:
        """Note that the other side has everything."""
        now = self._clock.now()
        done = replace(
            upload, step=UploadStep.DONE, bytes_sent=upload.bytes_total, error="", permanent=False, attempts=0
        )
        # First to the disk: should the database be lost, nobody delivers this once more.
        folder.note(Description(replace(recording, state=EventState.FINISHED_UPLOADING), upload=done))
        with self._database.write() as session:
            if recordings.get(session, recording.uid) is not None:
                before = uploads.get(session, recording.uid)
                uploads.save(session, done)
                recordings.set_state(session, recording.uid, EventState.FINISHED_UPLOADING, now)
                tally.deliver_recording(session, recording, before)
        logger.info("“%s” is delivered: %s", recording.event.title, done.location)

    def confirm(self, recording: Recording, upload: Upload) -> bool:
        """Note that an unanswered final call was carried out, unless somebody has decided otherwise."""
        with self._database.read() as session:
            present = uploads.get(session, recording.uid)
        unclear = present is not None and present.step is UploadStep.AMBIGUOUS
        if unclear:
            self.succeed(recording, upload)
        return unclear

    def settled(self) -> list[Recording]:
        """Return recordings that somebody found at the server, to be cleaned up."""
        with self._database.read() as session:
            found = [recordings.get(session, uid) for uid in uploads.settled(session)]
        return [recording for recording in found if recording]

    def close(self, recording: Recording) -> None:
        """Note that nothing is left to do."""
        with self._database.write() as session:
            upload = uploads.get(session, recording.uid)
            if upload and upload.step is UploadStep.SETTLED:
                uploads.save(session, replace(upload, step=UploadStep.DONE))

    def _may_repeat(self, upload: Upload) -> bool:
        # What is known from a folder's description only does not tell where the final call went to.
        where = upload.node or upload.package
        return upload.target == self._target.name and self._target.repeatable and bool(where)

    def _after(self, upload: Upload, error: DeliveryError, now: float) -> Upload:
        """Return how a delivery stands after a failure."""
        unsure = error.unanswered and upload.step is UploadStep.FINISH
        if unsure and not self._may_repeat(upload):
            text = f"{error.message} ({DECIDE})"
            ask = now + PAUSES.pause(1)
            unclear = replace(upload, step=UploadStep.AMBIGUOUS, attempts=0, next_attempt=ask)
            return replace(unclear, error=text, rate=0.0)
        return replace(
            upload,
            step=_before_final(upload),
            error=str(error),
            permanent=error.permanent,
            attempts=upload.attempts + 1,
            next_attempt=now + RETRY.pause(upload.attempts + 1),
            rate=0.0,
        )


def _kind(failed: Upload) -> str:
    if failed.step is UploadStep.AMBIGUOUS:
        return "unclear"
    return "permanent" if failed.permanent else "temporary"


def _before_final(upload: Upload) -> UploadStep:
    """Return the step at which a delivery goes on; the mark of the final call is set anew before the next."""
    return UploadStep.TRACKS if upload.step is UploadStep.FINISH else upload.step


def _longest_pause(ingest: Ingest) -> float:
    return max(RETRY.limit * (1 + RETRY.jitter), ingest.delay_min, ingest.delay_max)


def _first_pause(ingest: Ingest) -> float:
    return random.uniform(ingest.delay_min, max(ingest.delay_min, ingest.delay_max))


def _waiting(session: Session, uid: str, before: EventState | None) -> EventState:
    """Return the state of a recording whose delivery waits again, which must not make a part the whole.

    :param before: the state before this try; where nobody remembers it, a noted trouble means a part
    """
    if before in (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING):
        return before
    recording = recordings.get(session, uid)
    troubled = recording is not None and bool(recording.error)
    return EventState.PARTIAL_RECORDING if troubled else EventState.FINISHED_RECORDING


def _leave(session: Session, uid: str, state: EventState, now: float) -> None:
    """Leave “uploading”, unless somebody has paused the recording meanwhile."""
    recording = recordings.get(session, uid)
    if recording is not None and recording.state is EventState.UPLOADING:
        recordings.set_state(session, uid, state, now)
