"""Take away what has been delivered, and nothing else."""

import logging
from pathlib import Path

from pyca.core.recording import Recording

logger = logging.getLogger(__name__)

_COMPANIONS = ("*.log", "event.json")
"""What lies beside the tracks and is worth nothing without them."""


def delete_files(recording: Recording, recordings: Path) -> None:
    """Delete a recording's tracks and what describes them; media that was not delivered stays.

    What cannot be deleted is logged: the delivery is none the worse for it.

    :param recordings: the folder of all recordings; more than the tracks is deleted only in folders within it
    """
    for track in recording.tracks:
        _delete(track.path)
    folder, home = recording.directory.resolve(), recordings.resolve()
    if home not in folder.parents or not folder.is_dir():
        return
    for pattern in _COMPANIONS:
        for path in folder.glob(pattern):
            _delete(path)
    _delete_empty(folder)


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s is not needed any more and could not be deleted: %s", path, error.strerror)


def _delete_empty(folder: Path) -> None:
    """Delete a folder, unless something is left in it that only a person can judge."""
    try:
        left = sorted(path.name for path in folder.iterdir())
        if left:
            logger.warning("%s keeps what was not delivered: %s", folder, ", ".join(left))
            return
        folder.rmdir()
    except OSError as error:
        logger.warning("%s is not needed any more and could not be deleted: %s", folder, error.strerror)
    else:
        logger.info("Deleted %s", folder)
