"""What people may do about deliveries, from the page and the command line."""

import os
from dataclasses import replace

from sqlalchemy.orm import Session

from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import DELIVERABLE, PAUSABLE, EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import folder, recordings, tally, uploads
from pyca.store.database import Database
from pyca.store.folder import Description


def retry(database: Database, clock: Clock, uid: str, *, anew: bool = False) -> None:
    """Deliver a recording now: one that is paused, waits for its next try, failed for good or ended unclear.

    For an unclear end this is the decision that the server does not have it.

    :param anew: forget what is over already and begin with the first step
    :raises UsageError: where there is nothing to retry
    """
    with database.write() as session:
        retry_within(session, uid, clock.now(), anew=anew)
    ring(database.scope, ServiceName.INGEST)


def retry_within(session: Session, uid: str, now: float, *, anew: bool = False) -> None:
    """Do so within a transaction; ingest is to be woken afterwards.

    :raises UsageError: where there is nothing to retry
    """
    recording, upload = _standing(session, uid)
    if recording.state is EventState.PAUSED_AFTER_RECORDING:
        recordings.set_state(session, uid, EventState.FINISHED_RECORDING, now)
    elif recording.state not in DELIVERABLE:
        raise UsageError(f"“{recording.event.title}” is “{recording.state}”", "there is nothing to retry")
    if upload is not None:
        fresh = _begun_anew(upload) if anew else _reopened(upload)
        uploads.save(session, replace(fresh, next_attempt=now))


def has_files(database: Database, uid: str) -> bool:
    """Tell whether any file of a recording is still there; a disk may take long to answer."""
    with database.read() as session:
        recording = recordings.get(session, uid)
    return recording is not None and any(os.path.isfile(track.path) for track in recording.tracks)


def repeat_within(session: Session, uid: str, now: float, *, there: bool) -> None:
    """Deliver once more what was delivered, from the beginning; ingest is to be woken afterwards.

    :param there: whether any file of it is, asked before the transaction: no disk is waited for within
    :raises UsageError: where it was not delivered, or its files are gone
    """
    recording, upload = _standing(session, uid)
    if recording.state is not EventState.FINISHED_UPLOADING:
        raise UsageError(f"“{recording.event.title}” is “{recording.state}”", "it was not delivered yet")
    if upload is not None and upload.step is UploadStep.SETTLED:
        raise UsageError(f"ingest still cleans up behind “{recording.event.title}”", "try again in a minute")
    if not there:
        raise UsageError(f"no file of “{recording.event.title}” is left", "nothing is left to deliver")
    recordings.set_state(session, uid, EventState.FINISHED_RECORDING, now)
    # What the server has made of the first delivery is not to be touched by the second.
    target, location = (upload.target, upload.location) if upload else ("", "")
    uploads.save(session, Upload(uid, target, next_attempt=now, location=location))


def resolve(database: Database, clock: Clock, uid: str, *, delivered: bool) -> None:
    """Decide about a delivery whose final call was never answered.

    :param delivered: True where the server has the recording; False sends the final call again
    :raises UsageError: where the end of this delivery is not unclear
    """
    with database.write() as session:
        recording, upload = _standing(session, uid)
        if upload is None or upload.step is not UploadStep.AMBIGUOUS:
            raise UsageError(f"the end of the delivery of “{recording.event.title}” is not unclear")
        if delivered:
            settle_within(session, uid, clock.now())
    if delivered:
        ring(database.scope, ServiceName.AGENTSTATE)
        ring(database.scope, ServiceName.INGEST)  # which deletes the files where that is wanted
    else:
        retry(database, clock, uid)


def settle_within(session: Session, uid: str, now: float) -> None:
    """Take somebody's word that a recording was delivered; agentstate and ingest are to be woken afterwards.

    :raises UsageError: where it still is or was never recorded, or is being delivered
    """
    recording, upload = _standing(session, uid)
    waiting = (*DELIVERABLE, EventState.PAUSED_AFTER_RECORDING)
    if recording.state not in waiting:
        raise UsageError(
            f"“{recording.event.title}” is “{recording.state}”", "only what waits can count as delivered"
        )
    known = upload or Upload(uid, "")
    uploads.save(session, replace(known, step=UploadStep.SETTLED, error="", location=known.node))
    if recording.state in (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING):
        # Nothing that was not begun can be finished; a pause is what nobody else is told of.
        recordings.set_state(session, uid, EventState.PAUSED_AFTER_RECORDING, now)
    recordings.set_state(session, uid, EventState.FINISHED_UPLOADING, now)
    tally.deliver_recording(session, recording, upload)


def pause(database: Database, clock: Clock, uid: str) -> None:
    """Keep a recording from being delivered until it is retried; a running delivery stops within a second.

    :raises UsageError: where there is nothing to pause
    """
    with database.write() as session:
        told = pause_within(session, uid, clock.now())
    folder.note(told)


def pause_within(session: Session, uid: str, now: float) -> Description:
    """Do so within a transaction; its folder is to be told afterwards what is returned.

    :raises UsageError: where there is nothing to pause
    """
    recording, upload = _standing(session, uid)
    if recording.state not in PAUSABLE:
        raise UsageError(f"“{recording.event.title}” is “{recording.state}”", "there is nothing to pause")
    if upload is not None and upload.step is UploadStep.FINISH:
        raise UsageError(f"“{recording.event.title}” is being completed", "it is too late to pause it")
    recordings.set_state(session, uid, EventState.PAUSED_AFTER_RECORDING, now)
    return Description(replace(recording, state=EventState.PAUSED_AFTER_RECORDING), upload=upload)


def _reopened(upload: Upload) -> Upload:
    """Return the delivery as it goes on at the step where it stood."""
    step = UploadStep.TRACKS if upload.step is UploadStep.AMBIGUOUS else upload.step
    if not (upload.node or upload.package):
        step = UploadStep.BEGIN  # known from its folder only, which does not tell where it went to
    return replace(upload, step=step, permanent=False, attempts=0, error="")


def _begun_anew(upload: Upload) -> Upload:
    """Return the delivery at its first step; node and package stay known, to be cleaned up."""
    return replace(_reopened(upload), step=UploadStep.BEGIN, tracks_done=0, bytes_sent=0)


def _standing(session: Session, uid: str) -> tuple[Recording, Upload | None]:
    """Return a recording and its delivery; nobody deletes its files before the transaction ends.

    :raises UsageError: where there is none, or its files are gone
    """
    recording = recordings.get(session, uid, held=True)
    if recording is None:
        raise UsageError(f"there is no recording of an event with the id “{uid}”")
    upload = uploads.get(session, uid)
    if upload is not None and upload.files_gone:
        gone = f"the files of “{recording.event.title}” were deleted from this machine"
        raise UsageError(gone, "nothing is left to deliver")
    return recording, upload
