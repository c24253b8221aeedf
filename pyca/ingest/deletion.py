"""Forget a recording because somebody wants it: from the command line, the page and the API."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from pyca.config.settings import Settings
from pyca.core.errors import UsageError
from pyca.core.recording import Recording
from pyca.ingest.cleanup import folders_of, own_tracks, refusal
from pyca.store import recordings
from pyca.store.database import Database
from pyca.store.folder import NAME, owner_of

logger = logging.getLogger(__name__)


def delete(database: Database, settings: Settings, uid: str, *, files: bool) -> None:
    """Forget a recording that is over; what was delivered stays where it is.

    Whatever the database says of its folder, nothing outside of the folders of recordings is deleted.

    :param files: delete its files too; those that stay never become a recording again by themselves
    :raises UsageError: where there is none of this id, it is being recorded or uploaded, or something of it
        cannot be deleted
    """
    folder: Path | None = None
    try:
        with database.write() as session:
            recording = recordings.get(session, uid, held=True)
            if recording is None:
                raise UsageError(f"there is no recording of an event with the id “{uid}”")
            folder = recording.directory
            shared = recordings.shares_folder(session, uid, str(folder))
            recordings.delete_recording(session, uid)
            session.flush()
            homes = _homes(settings)
            places = [each for each in folders_of(folder, homes) if _may_go(each, settings)]
            if not shared:
                _withdraw(recording, places)
        if files:
            _remove(recording, places, homes, whole=not shared)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        where = getattr(error, "filename", None) or folder
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{where} cannot be deleted: {reason}", "delete the rest by hand") from error


def _homes(settings: Settings) -> Sequence[Path]:
    found = (settings.capture.directory, settings.capture.fallback_directory)
    return [home.absolute() for home in found if home]


def _may_go(folder: Path, settings: Settings) -> bool:
    """Tell whether a folder is one of a recording; the database alone is not believed."""
    homes = _homes(settings)
    reason = refusal(folder, homes, settings.ingest.archive)
    real = folder.resolve()
    if any(real == home.resolve() or real in home.resolve().parents for home in homes):
        reason = "it holds recordings of others"
    if reason and folder.exists():
        logger.warning("%s is not deleted: %s", folder, reason)
    return not reason


def _withdraw(recording: Recording, places: Sequence[Path]) -> None:
    """Take the descriptions away before all else: nothing brings the recording back from what stays.

    :raises OSError: where that is impossible
    """
    for each in places:
        if each == recording.directory or owner_of(each) in ("", recording.uid):
            (each / NAME).unlink(missing_ok=True)


def _remove(recording: Recording, places: Sequence[Path], homes: Sequence[Path], *, whole: bool) -> None:
    """Delete the files.

    :param whole: delete the folders with all that lies in them; otherwise its tracks alone
    :raises OSError: where something cannot be deleted
    """
    if not whole:
        for track in own_tracks(recording, homes).tracks:
            track.path.unlink(missing_ok=True)
        return
    for each in places:
        if each.exists() and (each == recording.directory or owner_of(each) in ("", recording.uid)):
            shutil.rmtree(each)
