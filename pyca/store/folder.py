"""``event.json`` beside the files of a recording: it tells all that is needed should the database be lost."""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pyca.core.recording import Part, Recording, Track, Upload

logger = logging.getLogger(__name__)

NAME = "event.json"
_NOT_TOLD = ("uid", "rate", "next_attempt", "node", "package", "tracks_done", "bytes_sent", "bytes_total")
"""what is not written of a delivery, as nobody would believe it or need it"""


@dataclass(frozen=True)
class Description:
    """What a folder tells about its recording."""

    recording: Recording
    parts: tuple[Part, ...] = ()
    upload: Upload | None = None
    clear: bool = True
    """False where nobody can tell from it whether the recording was delivered"""


def write(folder: Path, description: Description) -> Path:
    """Write what the recording is and return the file; replaced whole or not at all.

    Bringing it to the disk is the caller's work: that may take long.

    :raises OSError: where the folder cannot be written
    """
    text = json.dumps(_document(folder, description), ensure_ascii=False, indent=2, default=str)
    temporary = folder / f".{NAME}.new"
    with temporary.open("w", encoding="utf-8", errors="replace") as file:
        file.write(text + "\n")
    return temporary.replace(folder / NAME)


def withdraw(folder: Path) -> None:
    """Take away the description of a recording that never began, and its folder where that is empty."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
        folder.rmdir()


def note(description: Description, *, create: bool = False) -> None:
    """Bring to the disk how a recording that is over stands; what fails is only logged.

    :param create: describe a folder too that has no description yet
    """
    folder = description.recording.directory
    if not create and not (folder / NAME).exists():
        return
    try:
        file = write(folder, description)
        for path in (file, folder):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        logger.warning("%s cannot be written: %s", folder / NAME, error.strerror)


def owner_of(folder: Path) -> str:
    """Return the id of the event that a folder was described for; empty where nobody says so."""
    try:
        told = json.loads((folder / NAME).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    uid = told.get("uid") if isinstance(told, dict) else None
    return uid if isinstance(uid, str) else ""


def _document(folder: Path, description: Description) -> dict[str, Any]:
    recording = description.recording
    document = asdict(recording.event)
    document["recording"] = {
        "state": str(recording.state),
        "started": recording.started,
        "ended": recording.ended,
        "error": recording.error,
        "parts": [_part(folder, part) for part in description.parts],
        "tracks": [_track(folder, track) for track in recording.tracks],
    }
    if description.upload:
        document["delivery"] = _without(asdict(description.upload), *_NOT_TOLD)
    return document


def _part(folder: Path, part: Part) -> dict[str, Any]:
    files = [_within(folder, Path(file)) for file in part.files]
    return _without(asdict(replace(part, files=())), "uid", "id") | {"files": files}


def _track(folder: Path, track: Track) -> dict[str, Any]:
    return _without(asdict(track), "id") | {"path": _within(folder, track.path)}


def _within(folder: Path, path: Path) -> str:
    """Return a path as it is written: what lies in the folder stays findable where that is moved."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
