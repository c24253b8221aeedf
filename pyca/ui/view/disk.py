"""How much disk is left, in bytes and in recording time."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyca.core.recording import Recording, data_rate
from pyca.runtime.disk import existing


@dataclass(frozen=True)
class Disk:
    """The disk that recordings go to."""

    free: int
    total: int
    low: bool
    """True where less is free than new recordings need"""
    seconds_left: float | None
    """recording time until it is low; None where no recording tells how much one takes"""


def look(directory: Path, minimum_free: int, recent: Iterable[Recording]) -> Disk | None:
    """Return the state of the disk, None where it cannot be read.

    :param minimum_free: bytes that stay free
    :param recent: what was recorded last; its data rate is taken for the next recordings
    """
    try:
        usage = shutil.disk_usage(existing(directory))
    except OSError:
        return None
    rate = data_rate(recent)
    left = max(usage.free - minimum_free, 0)
    return Disk(usage.free, usage.total, usage.free < minimum_free, left / rate if rate else None)
