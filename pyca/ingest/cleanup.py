"""Take away what has been delivered."""

import logging
import shutil
from pathlib import Path

from pyca.core.recording import Recording

logger = logging.getLogger(__name__)


def delete_files(recording: Recording, recordings: Path) -> None:
    """Delete a recording's files. What cannot be deleted is logged: the delivery is none the worse for it.

    :param recordings: the folder of all recordings; nothing but a folder within it is deleted as a whole
    """
    for track in recording.tracks:
        try:
            track.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s is delivered and could not be deleted: %s", track.path, error.strerror)
    folder, home = recording.directory.resolve(), recordings.resolve()
    if home not in folder.parents or not folder.is_dir():
        return
    try:
        shutil.rmtree(folder)
    except OSError as error:
        logger.warning("%s is delivered and could not be deleted: %s", folder, error.strerror)
    else:
        logger.info("Deleted %s", folder)
