"""Forget a recording because somebody wants it: from the command line, the page and the API."""

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.core.recording import Recording, runs
from pyca.core.states import EventState
from pyca.ingest.cleanup import folders_of, own_tracks, refusal
from pyca.store import folder, recordings
from pyca.store.database import Database

logger = logging.getLogger(__name__)


def delete(
    database: Database, settings: Settings, clock: Clock, uid: str, *, files: bool
) -> tuple[Path, ...]:
    """Forget a recording that is over; what was delivered stays where it is.

    Whatever the database says of its folder, nothing outside of the folders of recordings is deleted.
    A disk that does not answer keeps this call waiting, but not the database.

    :param files: delete its files too; those that stay never become a recording again by themselves
    :return: what was to be deleted and stays; the log tells why
    :raises UsageError: where there is none of this id, it is being recorded or uploaded, the recorder still
        tries, or something of it cannot be deleted
    """
    with database.read() as session:
        recording, shared = _idle(session, uid, clock.now())
    remedy = "it stays as it is; mend that and try again"
    try:
        homes = _homes(settings)
        folders = folders_of(recording.directory, homes)
        places = [each for each in folders if _may_go(each, settings)]
        _forget(database, clock, recording, shared, places)
        remedy = "it is forgotten; delete the rest by hand"
        if not files:
            return ()
        stays = [each for each in folders if each not in places and each.exists()]
        if shared:
            for track in own_tracks(recording, homes).tracks:
                track.path.unlink(missing_ok=True)
        else:
            stays += _remove(recording, places)
        return (*stays, *_tracks_left(recording, stays))
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        where = getattr(error, "filename", None) or recording.directory
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{where} cannot be deleted: {reason}", remedy) from error


def _idle(session: Session, uid: str, now: float, *, held: bool = False) -> tuple[Recording, bool]:
    """Return a recording that nobody works with, and whether another one lies in its folder.

    :param held: nobody else changes it until this transaction ends
    :raises UsageError: where there is none, or somebody works with it
    """
    recording = recordings.get(session, uid, held=held)
    if recording is None:
        raise UsageError(f"there is no recording of an event with the id “{uid}”")
    title = recording.event.title
    if runs(recording, now, recordings.end_by_hand(session, uid)):
        if recording.state is EventState.RECORDING:
            raise UsageError(f"“{title}” is being recorded", "stop it first")
        raise UsageError(f"pyCA still tries to record “{title}”", "stop it first, or wait for its end")
    if recording.state is EventState.UPLOADING:
        raise UsageError(f"“{title}” is being uploaded", "pause its delivery first")
    return recording, recordings.shares_folder(session, uid, str(recording.directory))


def _forget(database: Database, clock: Clock, seen: Recording, shared: bool, places: Sequence[Path]) -> None:
    """Take the descriptions away and then the rows: whatever ends in between, nothing brings it back.

    :param seen: the recording as it was when its folders were looked at
    :param shared: whether another one lay in its folder then: the description is not its own alone
    :param places: its folders
    :raises UsageError: where it has changed since
    :raises OSError: where a description cannot be taken away
    """
    own = [] if shared else [each for each in places if folder.owner_of(each) in ("", seen.uid)]
    aside: list[Path] = []
    gone = False
    try:
        for each in own:
            if folder.set_aside(each):
                aside.append(each)
        with database.write() as session:
            gone = recordings.get(session, seen.uid) is None
            if _idle(session, seen.uid, clock.now(), held=True) != (seen, shared):
                raise UsageError(f"“{seen.event.title}” was changed meanwhile", "try again")
            recordings.delete_recording(session, seen.uid)
        gone = True
    finally:
        for each in aside:
            # What somebody else has deleted meanwhile is not to come back either.
            (folder.drop_aside if gone else folder.put_back)(each)
    for each in own:
        if folder.owner_of(each) == seen.uid:  # somebody has noted something meanwhile
            (each / folder.NAME).unlink(missing_ok=True)


def _remove(recording: Recording, places: Sequence[Path]) -> list[Path]:
    """Delete folders with all that lies in them; return the one of its own that another event has taken.

    :raises OSError: where something cannot be deleted
    """
    stays = []
    for each in places:
        if not each.exists():
            continue
        # Looked at again: nothing says any more whose it is, so that another event may be recorded into it.
        if folder.owner_of(each) in ("", recording.uid):
            shutil.rmtree(each)
        elif each == recording.directory:
            logger.warning("%s is not deleted: it is another event's", each)
            stays.append(each)
    return stays


def _tracks_left(recording: Recording, stays: Sequence[Path]) -> list[Path]:
    """Return the files of a recording that are still there.

    :param stays: folders whose content need not be named
    """
    left = [
        track.path
        for track in recording.tracks
        if os.path.lexists(track.path) and not any(place in track.path.parents for place in stays)
    ]
    for path in left:
        logger.warning("%s is not deleted: it lies outside of the recording's folder", path)
    return left


def _homes(settings: Settings) -> Sequence[Path]:
    found = (settings.capture.directory, settings.capture.fallback_directory)
    return [home.absolute() for home in found if home]


def _may_go(place: Path, settings: Settings) -> bool:
    """Tell whether a folder is one of a recording; the database alone is not believed."""
    homes = _homes(settings)
    reason = refusal(place, homes, settings.ingest.archive)
    real = place.resolve()
    if any(real == home.resolve() or real in home.resolve().parents for home in homes):
        reason = "it holds recordings of others"
    if reason and place.exists():
        logger.warning("%s is not deleted: %s", place, reason)
    return not reason
