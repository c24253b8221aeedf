"""What the folders of a recording, and a database that has lost it, are told of it."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.lane import Lane
from pyca.media.durable import Syncer
from pyca.store import folder
from pyca.store.folder import Description
from pyca.store.restore import restore
from pyca.store.scribe import Work

logger = logging.getLogger(__name__)


def describe(description: Description, places: Iterable[Path], syncer: Syncer) -> None:
    """Write down in each folder what the recording is; what fails is only told."""
    for place in places:
        try:
            syncer.add(folder.write(place, description))
        except OSError as error:
            logger.warning("%s cannot be written: %s", place / folder.NAME, error.strerror)


def telling(description: Description, lanes: Sequence[Lane]) -> Work:
    """Return what tells the database of a recording that it does not know, with the parts that run."""

    def write(session: Session) -> None:
        rows = restore(session, description)
        for part in (lane.part for lane in lanes):
            if part:
                part.row = rows.get((part.job.name, part.number), part.row)

    return write
