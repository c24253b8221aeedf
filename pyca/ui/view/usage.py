"""What the machine has and uses of memory and processors."""

import os
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Memory:
    """The machine's memory in bytes."""

    total: int
    available: int
    used: int
    free: int
    cached: int
    buffers: int


def memory() -> Memory:
    """Return how much memory is used for what; 0 stands for what this system does not tell."""
    found = psutil.virtual_memory()
    names = ("total", "available", "used", "free", "cached", "buffers")
    return Memory(*(int(getattr(found, name, 0)) for name in names))


def load() -> dict[str, float]:
    """Return the average number of processes that want to run, over 1, 5 and 15 minutes."""
    return dict(zip(("1m", "5m", "15m"), os.getloadavg(), strict=True))
