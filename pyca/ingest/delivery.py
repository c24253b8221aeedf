"""One recording on its way: the steps in order, each stored before the next begins."""

import logging
from collections.abc import Callable
from dataclasses import replace

from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.event import Event
from pyca.core.recording import Recording, Track, Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest.files import checksum
from pyca.ingest.meter import Meter
from pyca.ingest.target import Interrupted, Target
from pyca.runtime.pulse import Pulse
from pyca.store import events, figures, folder, recordings, uploads
from pyca.store.database import Database
from pyca.store.figures import Figure
from pyca.store.folder import Description

logger = logging.getLogger(__name__)


def deliver(
    target: Target,
    recording: Recording,
    upload: Upload,
    *,
    database: Database,
    clock: Clock,
    pulse: Pulse,
    meanwhile: Callable[[], None] = lambda: None,
) -> Upload:
    """Carry a delivery on from where it stands to its end.

    :param meanwhile: called about once a second; must not fail
    :raises DeliveryError: where the target or a file refuses
    :raises Interrupted: where it shall not go on now
    """
    recording = usable(recording)
    upload = replace(upload, bytes_total=sum(track.size for track in recording.tracks))
    meter = Meter(database, clock, pulse, recording, upload, meanwhile)
    if upload.step is UploadStep.BEGIN:
        _abandon(target, recording, upload)
        upload = _keep(database, target.begin(recording, replace(upload, bytes_sent=0)))
    while upload.tracks_done < len(recording.tracks):
        meter.begin_track(_size_of_first(recording, upload.tracks_done))
        if target.needs_checksums:
            recording = _with_checksum(database, recording, upload.tracks_done, meter)
        meter(0)
        upload = target.add_track(recording, recording.tracks[upload.tracks_done], upload, meter)
        sent = _size_of_first(recording, upload.tracks_done)
        fresh = replace(upload, bytes_sent=sent, rate=meter.rate, attempts=0, error="")
        upload = _keep(database, fresh, meter.rest(sent))
    meter(0)
    recording = replace(recording, event=_freshest(database, recording.event))
    # From here to the answer nobody can tell whether the recording was taken: that must survive a crash.
    upload = _keep(database, replace(upload, step=UploadStep.FINISH))
    folder.note(Description(recording, upload=upload))
    return target.finish(recording, upload)


def _abandon(target: Target, recording: Recording, upload: Upload) -> None:
    """Clean up behind a delivery that somebody wants to begin anew."""
    if not upload.node:
        return
    try:
        target.abandon(recording, upload)
    except DeliveryError as error:
        logger.warning("What was delivered of “%s” so far stays behind: %s", recording.event.title, error)


def usable(recording: Recording) -> Recording:
    """Return the recording with the tracks that can be handed over, and their real sizes.

    :raises DeliveryError: where a file is missing, or all of them are empty
    """
    tracks = []
    for track in recording.tracks:
        size = _size(track)
        if size:
            tracks.append(replace(track, size=size))
        else:
            logger.warning("%s is empty and is left out", track.path)
    if not tracks:
        raise DeliveryError(
            f"“{recording.event.title}” has no track with content in {recording.directory}",
            "look into the capture log for the reason; nothing can be delivered",
            permanent=True,
        )
    return replace(recording, tracks=tuple(tracks))


def _size(track: Track) -> int:
    try:
        return track.path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DeliveryError(
            f"{track.path} is missing", "bring the file back and retry the event", permanent=True
        ) from error
    except OSError as error:
        raise DeliveryError(f"{track.path}: {error.strerror}", "check the disk; pyCA tries again") from error


def _size_of_first(recording: Recording, count: int) -> int:
    return sum(track.size for track in recording.tracks[:count])


def _with_checksum(database: Database, recording: Recording, index: int, meter: Meter) -> Recording:
    """Compute the digest of one track, once."""
    track = recording.tracks[index]
    if track.checksum:
        return recording
    track = replace(track, checksum=_checksum(track, meter))
    if track.id is not None:
        with database.write() as session:
            recordings.set_checksum(session, track.id, track.checksum)
    tracks = (*recording.tracks[:index], track, *recording.tracks[index + 1 :])
    return replace(recording, tracks=tracks)


def _checksum(track: Track, meter: Meter) -> str:
    try:
        return checksum(track.path, lambda _read: meter(0))
    except OSError as error:
        raise DeliveryError(f"{track.path}: {error.strerror}", "check the disk; pyCA tries again") from error


def _freshest(database: Database, event: Event) -> Event:
    """Return the event with the workflow that the schedule asks for now: an old one would revert edits."""
    with database.read() as session:
        fresh = events.get(session, event.uid)
    if fresh is None:
        return event
    return event.changed(workflow=fresh.workflow, workflow_parameters=fresh.workflow_parameters)


def _keep(database: Database, upload: Upload, grown: int = 0) -> Upload:
    """Store how far the delivery is, and see whether it is still wanted.

    :param grown: bytes that are over and not counted
    :raises Interrupted: where somebody paused it; the final call is not even announced then
    """
    with database.write() as session:
        recording = recordings.get(session, upload.uid)
        wanted = recording is not None and recording.state is EventState.UPLOADING
        if wanted or upload.step is not UploadStep.FINISH:
            uploads.save(session, upload)
        figures.add(session, Figure.UPLOAD_BYTES, grown)
    if not wanted:
        raise Interrupted
    return upload
