"""The archive: one folder per recording, readable by people, complete or not there at all."""

import errno
import itertools
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.event import Event
from pyca.core.naming import readable_name, safe_name
from pyca.core.recording import Recording, Track, Upload, UploadStep
from pyca.ingest import manifest
from pyca.ingest.files import checksum, place
from pyca.ingest.target import Progress
from pyca.media.durable import sync_file, sync_folder

logger = logging.getLogger(__name__)

_UNFINISHED = ".partial"


class FolderTarget:
    """Delivers into ``<archive>/<day> <time> <title>/``.

    Everything is gathered in ``<archive>/.partial/<event>/``, brought to the disk, checked and then renamed,
    so that a folder under its final name is always whole. A folder of another event is never touched.

    :param agent: name of this box, for the manifest
    :param timezone: names the folders; empty means the machine's own zone
    """

    name = "folder"
    needs_checksums = True
    repeatable = True

    def __init__(self, archive: Path, clock: Clock, *, agent: str = "", timezone: str = "") -> None:
        self._archive = archive
        self._clock = clock
        self._agent = agent
        self._timezone = timezone

    def begin(self, recording: Recording, upload: Upload) -> Upload:
        """Make an empty folder to gather in, and choose the final name."""
        with self._explained():
            shutil.rmtree(self._gathering(recording.uid), ignore_errors=True)
            self._gathering(recording.uid).mkdir(parents=True)
        node = self._archive / folder_name(recording.event, self._timezone)
        return replace(upload, node=str(node), step=UploadStep.TRACKS, tracks_done=0)

    def add_track(self, recording: Recording, track: Track, upload: Upload, progress: Progress) -> Upload:
        """Link or copy one file and bring it to the disk."""
        path = self._gathering(recording.uid) / file_names(recording)[upload.tracks_done]
        with self._explained():
            _gather(track, path, progress)
        return replace(upload, tracks_done=upload.tracks_done + 1)

    def finish(self, recording: Recording, upload: Upload) -> Upload:
        """Check what is there, describe it and give the folder its name."""
        gathering = self._gathering(recording.uid)
        with self._explained():
            folder = _completed(Path(upload.node), recording.uid) if not gathering.exists() else None
            if folder is None:
                self._complete(recording, gathering)
                folder = next(path for path in _candidates(Path(upload.node)) if not os.path.lexists(path))
                gathering.rename(folder)
            sync_folder(self._archive)
        self._tidy()
        return replace(upload, step=UploadStep.DONE, node=str(folder), location=str(folder))

    def has_taken(self, recording: Recording, upload: Upload) -> bool:
        """Nobody ever has to ask: the last step is simply repeated."""
        return False

    def abandon(self, recording: Recording, upload: Upload) -> None:
        """Remove what has been gathered."""
        shutil.rmtree(self._gathering(recording.uid), ignore_errors=True)
        self._tidy()

    def close(self) -> None:
        """Nothing is held open."""

    def _gathering(self, uid: str) -> Path:
        return self._archive / _UNFINISHED / safe_name(uid)

    def _complete(self, recording: Recording, folder: Path) -> None:
        """Make sure that every file is there in full, and write the manifest last."""
        names = file_names(recording)
        for name, track in zip(names, recording.tracks, strict=True):
            path = folder / name
            if not path.exists() or path.stat().st_size != track.size:
                _gather(track, path, _nobody)
        files = list(zip(names, recording.tracks, strict=True))
        text = manifest.describe(recording, self._agent, files, self._clock.now())
        path = folder / manifest.NAME
        path.write_text(text, encoding="utf-8")
        sync_file(path)
        sync_folder(folder)

    def _tidy(self) -> None:
        """Take the place for unfinished folders away with its last one."""
        try:
            (self._archive / _UNFINISHED).rmdir()
        except OSError:
            logger.debug("Other deliveries into %s are not finished", self._archive)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the system says into what the operator can do."""
        try:
            yield
        except OSError as error:
            where = error.filename or self._archive
            raise DeliveryError(f"archive: {where}: {error.strerror}", _remedy(error)) from error


def folder_name(event: Event, timezone: str = "") -> str:
    """Return a folder's name such as ``2026-03-27 0815 Analysis I``.

    :param timezone: empty means the machine's own
    """
    moment = datetime.fromtimestamp(event.start, ZoneInfo(timezone) if timezone else None)
    return f"{moment:%Y-%m-%d %H%M} {readable_name(event.title) or safe_name(event.uid)}"


def file_names(recording: Recording) -> list[str]:
    """Return what each track's file is called in the archive: ``presenter.mp4``, ``presenter 2.mp4``, …"""
    names: list[str] = []
    for track in recording.tracks:
        stem = safe_name(track.flavor.partition("/")[0])
        choices = (f"{stem} {number}" if number > 1 else stem for number in itertools.count(1))
        names.append(
            next(
                f"{choice}{track.path.suffix}"
                for choice in choices
                if f"{choice}{track.path.suffix}" not in names
            )
        )
    return names


def _gather(track: Track, path: Path, progress: Progress) -> None:
    """Link or copy a file, bring it to the disk and compare it."""
    # A folder that somebody tidied away in between is made again.
    path.parent.mkdir(parents=True, exist_ok=True)
    copied = place(track.path, path, progress)
    sync_file(path)
    size = path.stat().st_size
    # Names that share their bytes cannot differ, a copy can.
    if size != track.size or (copied and checksum(path, lambda _: progress(0)) != track.checksum):
        raise DeliveryError(f"{path} differs from {track.path}", "check both disks; pyCA tries again")


def _candidates(wanted: Path) -> Iterator[Path]:
    """Return the names that a folder may get: another event's folder is never touched."""
    yield wanted
    for number in itertools.count(2):
        yield wanted.with_name(f"{wanted.name} ({number})")


def _completed(wanted: Path, uid: str) -> Path | None:
    """Return the folder that holds this event already, because only the last note about it was lost."""
    for path in _candidates(wanted):
        if not os.path.lexists(path):
            return None
        if manifest.owner(path) == uid:
            return path
    return None


def _nobody(_sent: int) -> None:
    """Take no notice."""


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk of the archive is full; make room, pyCA tries again"
    return "check that the archive folder exists and may be written; pyCA tries again"
