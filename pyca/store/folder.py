"""``event.json`` beside the files of a recording: it tells all that is needed should the database be lost."""

import errno
import json
import logging
import os
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pyca.core.recording import Part, Recording, Track, Upload

logger = logging.getLogger(__name__)

NAME = "event.json"
_ASIDE = f".{NAME}.deleted"
_LARGEST = 16_000_000
"""bytes of a description: calendars may attach much, but not more than this"""
_NOT_TOLD = ("uid", "rate", "next_attempt", "node", "package", "tracks_done", "bytes_sent", "bytes_total")
"""what is not written of a delivery, as nobody would believe it or need it"""


@dataclass(frozen=True)
class Author:
    """Who describes a recording: several agents may record into the same folder."""

    name: str = ""
    """of the agent"""
    database: str = ""
    """the id of its database"""


@dataclass(frozen=True)
class Description:
    """What a folder tells about its recording."""

    recording: Recording
    parts: tuple[Part, ...] = ()
    upload: Upload | None = None
    clear: bool = True
    """False where nobody can tell from it whether the recording was delivered"""
    author: Author | None = None
    """None leaves in a folder what it tells already"""


def write(folder: Path, description: Description) -> Path:
    """Write what the recording is and return the file; replaced whole or not at all.

    Bringing it to the disk is the caller's work: that may take long.

    :raises OSError: where the folder cannot be written
    """
    text = json.dumps(_document(folder, description), ensure_ascii=False, indent=2, default=str)
    # Several services, and several threads of the page, may describe the same folder at once.
    temporary = folder / f".{NAME}.{os.getpid()}-{threading.get_ident()}"
    try:
        with temporary.open("w", encoding="utf-8", errors="replace") as file:
            file.write(text + "\n")
        return temporary.replace(folder / NAME)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def load(folder: Path) -> Any:
    """Return what a folder's description holds, whatever that is.

    :raises OSError: where it cannot be read or is no ordinary file; nothing else is waited for
    :raises ValueError: where it is no JSON, or larger than any description
    :raises RecursionError: where it is nested without end
    """
    # Whoever may write here could leave a pipe, which is waited for endlessly, or a link to anything.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(folder / NAME, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(folder / NAME))
        with open(descriptor, "rb", closefd=False) as file:
            text = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(text) > _LARGEST:
        raise ValueError("it is too large")
    return json.loads(text.decode("utf-8"))


def withdraw(folder: Path) -> None:
    """Take away the description of a recording that never began, and its folder where that is empty."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
        folder.rmdir()


def set_aside(folder: Path) -> bool:
    """Take the description of a folder away for now; False where there is none.

    :raises OSError: where that is impossible
    """
    try:
        (folder / NAME).replace(folder / _ASIDE)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def put_back(folder: Path) -> None:
    """Take the setting aside back, unless the folder was described anew; what fails is only logged."""
    try:
        if (folder / NAME).exists():
            (folder / _ASIDE).unlink(missing_ok=True)
        else:
            (folder / _ASIDE).replace(folder / NAME)
    except OSError as error:
        logger.warning("%s cannot be put back: %s", folder / NAME, error.strerror)


def drop_aside(folder: Path) -> None:
    """Delete a description that was set aside; what fails is only logged, as nobody reads it any more."""
    try:
        (folder / _ASIDE).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be deleted: %s", folder / _ASIDE, error.strerror)


def note(description: Description, *, create: bool = False) -> None:
    """Bring to the disk how a recording that is over stands; what fails is only logged.

    It is told in all folders of the recording that have a description.

    :param create: describe the recording's own folder too where it has no description yet
    """
    own = description.recording.directory
    for folder in _folders_of(description):
        _note(folder, description, create=create and folder == own)


def _folders_of(description: Description) -> list[Path]:
    """Return the recording's own folder and those of its name in which other files of it lie."""
    own = description.recording.directory
    files = [track.path for track in description.recording.tracks]
    files += [Path(file) for part in description.parts for file in part.files]
    others = [folder for file in files for folder in file.parents if folder.name == own.name]
    return list(dict.fromkeys((own, *others)))


def _note(folder: Path, description: Description, *, create: bool) -> None:
    try:
        if not create and not (folder / NAME).exists():
            return
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
        told = load(folder)
    except (OSError, ValueError, RecursionError):
        return ""
    uid = told.get("uid") if isinstance(told, dict) else None
    return uid if isinstance(uid, str) else ""


def _document(folder: Path, description: Description) -> dict[str, Any]:
    recording = description.recording
    document = asdict(recording.event)
    author = asdict(description.author) if description.author else _author_in(folder)
    if author:
        document["agent"] = author
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


def _author_in(folder: Path) -> Any:
    try:
        told = load(folder)
    except (OSError, ValueError, RecursionError):
        return None
    return told.get("agent") if isinstance(told, dict) else None


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
