"""What the machine has and uses."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from pyca.runtime.disk import existing


@dataclass(frozen=True)
class Memory:
    """The machine's memory in bytes."""

    total: int
    available: int
    used: int
    free: int
    cached: int
    buffers: int


@dataclass(frozen=True)
class Space:
    """A disk in bytes."""

    total: int
    used: int
    free: int


def memory() -> Memory:
    """Return how much memory is used for what; 0 stands for what this system does not tell."""
    found = psutil.virtual_memory()
    names = ("total", "available", "used", "free", "cached", "buffers")
    return Memory(*(int(getattr(found, name, 0)) for name in names))


def space(folder: Path) -> Space | None:
    """Return how full the disk is that a folder is on or will be on; None where it cannot be read."""
    try:
        found = shutil.disk_usage(existing(folder))
    except OSError:
        return None
    return Space(found.total, found.used, found.free)


def load() -> dict[str, float]:
    """Return the average number of processes that want to run, over 1, 5 and 15 minutes."""
    return dict(zip(("1m", "5m", "15m"), os.getloadavg(), strict=True))
