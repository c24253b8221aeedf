"""A database that is new knows nothing of the recordings that lie on the disk: they are looked for."""

import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from pyca.capture.inputs import jobs
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.naming import start_of
from pyca.core.recording import Recording, Upload
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import identity, recordings
from pyca.store.database import Database
from pyca.store.folder import Description
from pyca.store.reading import read

logger = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between two tries while the database is away."""
UNSURE = (
    "its folder does not tell whether it was delivered before the database was lost "
    "(look whether the server has it; “pyca events retry” delivers it)"
)
AT_ONCE = 50
"""Recordings that are taken in within one tick."""


class Search:
    """Reads the folders of recordings in the background, the newest first.

    :param since: only those of events that began after this moment; 0 for all
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock, since: float = 0.0) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._since = since
        self._found: queue.SimpleQueue[Description] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def take(self, patience: float = 0.0) -> Iterator[Description]:
        """Yield some of what was found since the last time.

        :param patience: seconds to wait for the search to end
        """
        self._thread.join(patience)
        for _ in range(AT_ONCE):
            try:
                yield self._found.get_nowait()
            except queue.Empty:
                return

    def close(self) -> None:
        """End early; the next start of the service begins anew."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        for folder in _folders(self._settings, self._since):
            if self._closing.is_set():
                return
            try:
                description = read(folder, partial(self._places, folder))
            except Exception:
                # One folder must not hide all others, whatever is in it.
                logger.exception("%s cannot be read", folder)
                continue
            if description and not self._known(description.recording.uid):
                number += 1
                self._found.put(description)
                ring(self._database.scope, ServiceName.CAPTURE)
        if number:
            logger.warning("%d recordings were found that the database did not know", number)
        if not self._since:
            self._note_searched()

    def _places(self, folder: Path, event: Event) -> list[Path]:
        """Return where files of an event may lie: in the fallback, and where the commands write to."""
        homes = (self._settings.capture.directory, self._settings.capture.fallback_directory)
        own = [home / folder.name for home in homes if home]
        return own + [file.parent for job in jobs(self._settings, event, folder) for file in job.files(1)]

    def _known(self, uid: str) -> bool:
        while not self._closing.is_set():
            try:
                with self._database.read() as session:
                    return recordings.get(session, uid) is not None
            except StoreError as error:
                logger.debug("%s", error)
                self._closing.wait(PAUSE)
        return True

    def _note_searched(self) -> None:
        while not self._closing.is_set():
            try:
                with self._database.write() as session:
                    identity.note_searched(session, self._clock.now())
            except StoreError as error:
                logger.debug("%s", error)
                self._closing.wait(PAUSE)
            else:
                return


def is_over(description: Description) -> bool:
    """Tell whether nothing of it was being recorded any more."""
    return description.recording.ended is not None


def settled(description: Description) -> Description:
    """Return a recording that is over as it goes into a database that does not know it."""
    recording = description.recording
    if not description.clear:
        failed = replace(recording, state=EventState.FAILED_UPLOADING)
        return Description(failed, description.parts, held(description))
    lost = not recording.tracks and recording.state is not EventState.FINISHED_UPLOADING
    if recording.state is EventState.RECORDING or lost:
        recording = replace(recording, state=_state_by_files(recording))
    upload = description.upload
    if recording.state in (EventState.FAILED_RECORDING, EventState.FINISHED_RECORDING):
        upload = None
    return Description(recording, description.parts, upload)


def held(description: Description) -> Upload:
    """Return the delivery of a recording that nothing but a person's word may send."""
    upload = description.upload or Upload(description.recording.uid, "")
    return replace(upload, permanent=True, error=UNSURE)


def _state_by_files(recording: Recording) -> EventState:
    return EventState.PARTIAL_RECORDING if recording.tracks else EventState.FAILED_RECORDING


def _folders(settings: Settings, since: float) -> Iterator[Path]:
    """Yield the folders of recordings, those of the latest events first, each event's once."""
    homes = [home for home in (settings.capture.directory, settings.capture.fallback_directory) if home]
    found: dict[str, Path] = {}
    for home in reversed(homes):
        try:
            found |= {path.name: path for path in home.iterdir() if path.is_dir()}
        except OSError as error:
            logger.debug("%s: %s", home, error.strerror)
    yield from (found[name] for name in sorted(found, reverse=True) if start_of(name) >= since)
