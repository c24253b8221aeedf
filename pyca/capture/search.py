"""A database that is new knows nothing of the recordings that lie on the disk: they are looked for."""

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from pyca.capture.inputs import jobs
from pyca.config.settings import Settings
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.naming import start_of
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import recordings
from pyca.store.database import Database
from pyca.store.folder import Author, Description
from pyca.store.identity import Identity
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

    :param present: the database that lacks them
    :param since: only those of events that began after this moment; 0 for all
    """

    def __init__(self, settings: Settings, database: Database, present: Identity, since: float = 0.0) -> None:
        self._settings = settings
        self._database = database
        self._present = present
        self._since = since
        self._all_read = False
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

    def is_complete(self) -> bool:
        """Tell whether all folders there are were read, and all that was found was taken."""
        return self._all_read and self._found.empty()

    def close(self) -> None:
        """End early; the next start of the service begins anew."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        folders, listed = _folders(_homes(self._settings), self._since)
        for same in folders:
            if self._closing.is_set():
                return
            description = self._read(same)
            if description and self._is_ours(description) and not self._known(description.recording.uid):
                number += 1
                self._found.put(description)
                ring(self._database.scope, ServiceName.CAPTURE)
        if number:
            logger.warning("%d recordings were found that the database did not know", number)
        self._all_read = listed
        ring(self._database.scope, ServiceName.CAPTURE)

    def _read(self, same: Sequence[Path]) -> Description | None:
        """Return what the folders of one recording tell: that which tells of more, for the first of them."""
        told = []
        for folder in same:
            try:
                told.append(read(folder, partial(self._places, folder)))
            except Exception:
                # One folder must not hide all others, whatever is in it.
                logger.exception("%s cannot be read", folder)
        best = max((one for one in told if one), key=_progress, default=None)
        return replace(best, recording=replace(best.recording, directory=same[0])) if best else None

    def _is_ours(self, description: Description) -> bool:
        """Tell whether this agent has recorded it, and not another one beside it."""
        author, present = description.author or Author(), self._present
        if present.id and author.database == present.id:
            return True
        by_name = not present.searched or author.database == present.id
        return by_name and author.name in ("", self._settings.agent.name)

    def _places(self, folder: Path, event: Event) -> list[Path]:
        """Return where files of an event may lie: in the fallback, and where the commands write to."""
        homes = _homes(self._settings)
        own = [home / folder.name for home in homes]
        own += [file.parent for job in jobs(self._settings, event, folder) for file in job.files(1)]
        # A link that somebody has put among the recordings leads nowhere.
        return [place for place in own if _stays(place, homes)]

    def _known(self, uid: str) -> bool:
        while not self._closing.is_set():
            try:
                with self._database.read() as session:
                    return recordings.get(session, uid) is not None
            except StoreError as error:
                logger.debug("%s", error)
                self._closing.wait(PAUSE)
        return True


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


def _homes(settings: Settings) -> list[Path]:
    return [home for home in (settings.capture.directory, settings.capture.fallback_directory) if home]


def _stays(place: Path, homes: Sequence[Path]) -> bool:
    """Tell whether a folder among the recordings, by its name, really lies among them."""
    try:
        return all(
            place.resolve().is_relative_to(home.resolve())
            for home in homes
            if place.absolute().is_relative_to(home.absolute())
        )
    except (OSError, RuntimeError):  # a loop of links is a RuntimeError
        return False


def _progress(description: Description) -> tuple[bool, bool, int, int]:
    """Return how far a recording is by what a folder tells, to be compared."""
    step = list(UploadStep).index(description.upload.step) + 1 if description.upload else 0
    return description.clear, is_over(description), step, len(description.parts)


def _folders(homes: Sequence[Path], since: float) -> tuple[list[list[Path]], bool]:
    """Return the folders of recordings, those of the latest events first, those of one name together.

    :return: the folders, and False where some may be missing
    """
    found: dict[str, list[Path]] = {}
    listed = True
    for home in homes:
        try:
            for path in home.iterdir():
                if _is_folder(path) and start_of(path.name) >= since:
                    found.setdefault(path.name, []).append(path)
        except FileNotFoundError:
            logger.debug("%s is not there", home)
        except OSError as error:
            logger.warning("%s cannot be searched for recordings: %s", home, error.strerror)
            listed = False
    return [found[name] for name in sorted(found, reverse=True)], listed


def _is_folder(path: Path) -> bool:
    """Tell whether this is a folder, and not a link to one that lies anywhere."""
    with suppress(OSError):
        return path.is_dir() and not path.is_symlink()
    return False
