"""All disks that pyCA uses, each once, with what it is used for."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pyca.config.settings import Settings
from pyca.runtime.disk import existing
from pyca.store.database import Database


@dataclass(frozen=True)
class DiskUse:
    """A disk and its uses."""

    uses: tuple[tuple[str, Path], ...]
    """what for, and the folder"""
    total: int | None = None
    """bytes; None where the disk does not answer"""
    free: int = 0
    low: bool = False
    """True where less is free than new recordings need"""
    seconds_left: float | None = None
    """recording time until it is low; None where it takes no recordings or their rate is unknown"""
    trouble: str = ""

    @property
    def used(self) -> int:
        """Bytes that are not free."""
        return max((self.total or 0) - self.free, 0)


def look(settings: Settings, database: Database, rate: float) -> list[DiskUse]:
    """Return the disks in the order of their importance.

    :param rate: bytes per second that a recording takes, 0 where that is unknown
    """
    found: dict[int | str, DiskUse] = {}
    for use, folder in _places(settings, database):
        try:
            place = existing(folder)
            device: int | str = os.stat(place).st_dev
            usage = shutil.disk_usage(place)
        except OSError as error:
            reason = error.strerror or str(error)
            found[str(folder)] = DiskUse(((use, folder),), trouble=f"The disk does not answer: {reason}.")
            continue
        if device in found:
            found[device] = replace(found[device], uses=(*found[device].uses, (use, folder)))
            continue
        low, left = False, None
        if use in _RECORDED:
            room = max(usage.free - settings.capture.minimum_free, 0)
            low, left = usage.free < settings.capture.minimum_free, room / rate if rate else None
        found[device] = DiskUse(((use, folder),), usage.total, usage.free, low, left)
    return list(found.values())


_RECORDED = ("recordings", "recordings in need")


def _places(settings: Settings, database: Database) -> Iterable[tuple[str, Path]]:
    yield "recordings", settings.capture.directory
    if settings.capture.fallback_directory:
        yield "recordings in need", settings.capture.fallback_directory
    if settings.standalone:
        yield "archive", settings.ingest.archive
    if database.file:
        yield "database", database.file.parent
