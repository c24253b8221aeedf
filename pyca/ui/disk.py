"""How much disk is left, in bytes and in recording time."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyca.core.recording import Recording
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


def data_rate(recordings: Iterable[Recording]) -> float:
    """Return the bytes per second that these recordings took on average, 0 where nothing is known."""
    size = seconds = 0.0
    for recording in recordings:
        length = length_of(recording)
        taken = sum(track.size for track in recording.tracks)
        if length and taken:
            size, seconds = size + taken, seconds + length
    return size / seconds if seconds else 0.0


def length_of(recording: Recording) -> float | None:
    """Return the recorded seconds: those of the longest input, all its parts together."""
    lengths: dict[tuple[str, str], float] = {}
    for track in recording.tracks:
        key = (track.input, track.flavor)
        lengths[key] = lengths.get(key, 0.0) + (track.duration or 0.0)
    return max(lengths.values(), default=0.0) or None
