"""Helpers for tests of files: messages, and what is in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

NOW = 1_700_000_000_123_456_789


@dataclass
class Record:
    pulse_id: int
    values: Mapping[str, Any]
    nanoseconds: int = NOW
    timestamps: Mapping[str, int] = field(default_factory=dict)


def image(number: int, width: int = 40, height: int = 30) -> NDArray[np.uint16]:
    """Noise that begins with its number."""
    made = np.random.default_rng(number).poisson(50, (height, width)).astype(np.uint16)
    made[0, 0] = number
    return made


def contents(path: Path, *, swmr: bool = False) -> dict[str, Any]:
    """Return all datasets of a file with their values, by their paths."""
    import bitshuffle.h5  # noqa: F401

    found: dict[str, Any] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path, "r", swmr=swmr) as file:
        file.visititems(note)
    return found
