"""Take away what is not needed here any more, and nothing else."""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pyca.core.recording import Recording, Track

logger = logging.getLogger(__name__)

_COMPANIONS = ("*.log", "*.health", "event.json", ".event.json.*")
"""What lies beside the tracks and is worth nothing without them."""


def delete_files(recording: Recording, homes: Sequence[Path]) -> None:
    """Delete a recording's tracks and what describes them; media that was not delivered stays.

    What cannot be deleted is logged: the delivery is none the worse for it.

    :param homes: the folders of all recordings; nothing outside of them is deleted
    """
    try:
        _delete_tracks(recording, homes)
        for folder in (each.resolve() for each in folders_of(recording.directory, homes)):
            if not folder.is_dir() or not any(home.resolve() in folder.parents for home in homes):
                continue
            for pattern in _COMPANIONS:
                for path in folder.glob(pattern):
                    _delete(path)
            _delete_empty(folder)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        logger.warning("%s is not needed any more and stays: %s", recording.directory, error)


def _delete_tracks(recording: Recording, homes: Sequence[Path]) -> None:
    """Delete the tracks within the recording's folders, whatever else somebody calls its tracks."""
    own = {track.path for track in own_tracks(recording, homes).tracks}
    for path in own:
        _delete(path)
    left = [track.path for track in recording.tracks if track.path not in own and os.path.lexists(track.path)]
    if left:
        names = ", ".join(str(path) for path in left)
        logger.warning("%s: not deleted, as it lies outside of the recording's folder", names)


def folders_of(directory: Path, homes: Sequence[Path]) -> tuple[Path, ...]:
    """Return a recording's own folder and those of its name that took what had no room there."""
    return tuple(dict.fromkeys((directory, *(home / directory.name for home in homes))))


def refusal(folder: Path, homes: Sequence[Path], archive: Path) -> str:
    """Return why a folder must not be deleted from, whatever the database says of it; empty where it may.

    :param homes: the folders of all recordings
    :param archive: the folder of what was delivered on this machine
    """
    if folder.is_symlink():
        return "it is a symbolic link"
    real, kept = folder.resolve(), archive.resolve()
    home = next((home for home in (each.resolve() for each in homes) if home in real.parents), None)
    if home is None:
        return "it is not within the folder of recordings"
    if real == kept or real in kept.parents:
        return "it holds the archive"
    # Recordings may well lie in a folder of their own inside the archive's, but not the other way round.
    if kept in real.parents and kept not in home.parents:
        return "it belongs to the archive"
    return ""


def own_tracks(recording: Recording, homes: Sequence[Path]) -> Recording:
    """Return the recording with only those tracks that are real files within its folders."""
    folders = {folder.resolve() for folder in folders_of(recording.directory, homes)}
    own = tuple(
        track
        for track in recording.tracks
        if not track.path.is_symlink()
        and track.path.is_file()
        and not folders.isdisjoint(track.path.resolve().parents)
    )
    return replace(recording, tracks=own)


def freed_by(tracks: Iterable[Track]) -> int:
    """Return the bytes that deleting these tracks would free.

    A file with a second name, such as the one in an archive on the same disk, frees nothing.
    """
    facts = [track.path.stat() for track in tracks]
    return sum(each.st_blocks * 512 for each in facts if each.st_nlink == 1)


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
