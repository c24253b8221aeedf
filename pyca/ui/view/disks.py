"""How much room is left on the disks that pyCA uses, in bytes and in recording time."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pyca.config.settings import Settings
from pyca.runtime.disk import existing
from pyca.store.database import Database

RECORDINGS = "recordings"
_RECORDED = (RECORDINGS, "fallback")
"""the uses that recordings are written for"""


@dataclass(frozen=True)
class Disk:
    """A disk in bytes."""

    total: int
    used: int
    """by files; on many disks a little is neither used nor free"""
    free: int
    low: bool = False
    """True where less is free than new recordings need"""
    seconds_left: float | None = None
    """recording time until it is low; None where it takes no recordings or their rate is unknown"""


@dataclass(frozen=True)
class DiskUse:
    """A disk and its uses."""

    uses: tuple[tuple[str, Path], ...]
    """what for, and the folder"""
    disk: Disk | None = None
    """None where it does not answer"""
    trouble: str = ""


def of_recordings(settings: Settings, rate: float = 0.0) -> Disk | None:
    """Return the disk that recordings go to, None where it cannot be read.

    :param rate: bytes per second that a recording takes, 0 where that is unknown
    """
    try:
        return _look(RECORDINGS, settings.capture.directory, settings, rate)
    except OSError:
        return None


def by_use(settings: Settings, database: Database, rate: float) -> dict[str, Disk]:
    """Return the disks by what they are used for; those that do not answer are left out.

    :param rate: bytes per second that a recording takes, 0 where that is unknown
    """
    found = {}
    for use, folder in _places(settings, database):
        try:
            found[use] = _look(use, folder, settings, rate)
        except OSError:
            continue
    return found


def each_once(settings: Settings, database: Database, rate: float) -> list[DiskUse]:
    """Return every disk once with all its uses, in the order of their importance.

    :param rate: bytes per second that a recording takes, 0 where that is unknown
    """
    found: dict[int | str, DiskUse] = {}
    for use, folder in _places(settings, database):
        try:
            device: int | str = os.stat(existing(folder)).st_dev
            disk = _look(use, folder, settings, rate)
        except OSError as error:
            reason = error.strerror or str(error)
            found[str(folder)] = DiskUse(((use, folder),), trouble=f"The disk does not answer: {reason}.")
            continue
        if device in found:
            found[device] = replace(found[device], uses=(*found[device].uses, (use, folder)))
        else:
            found[device] = DiskUse(((use, folder),), disk)
    return list(found.values())


def _look(use: str, folder: Path, settings: Settings, rate: float) -> Disk:
    """Return the disk that a folder is on or will be on.

    :raises OSError: where it does not answer
    """
    usage = shutil.disk_usage(existing(folder))
    disk = Disk(usage.total, usage.used, usage.free)
    if use not in _RECORDED:
        return disk
    needed = settings.capture.minimum_free
    left = max(usage.free - needed, 0) / rate if rate else None
    return replace(disk, low=usage.free < needed, seconds_left=left)


def _places(settings: Settings, database: Database) -> Iterator[tuple[str, Path]]:
    """Yield what disks are used for, and where; where recordings are written comes first."""
    yield RECORDINGS, settings.capture.directory
    if settings.capture.fallback_directory:
        yield "fallback", settings.capture.fallback_directory
    if settings.standalone:
        yield "archive", settings.ingest.archive
    if database.file:
        yield "database", database.file.parent
