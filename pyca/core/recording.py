"""A recording: what became of an event. Parts are its attempts, tracks its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pyca.core.event import Event
from pyca.core.states import EventState, Outcome


@dataclass(frozen=True)
class Track:
    """One media file of a recording."""

    path: Path
    flavor: str
    input: str = ""
    part: int = 1
    size: int = 0
    """bytes"""
    duration: float | None = None
    """seconds as probed; None where the file tells nothing"""
    streams: tuple[str, ...] = ()
    """short descriptions such as “video h264 1920x1080 25 fps”"""
    checksum: str = ""
    """sha256 in hex, filled in by ingest"""
    id: int | None = None


@dataclass(frozen=True)
class Part:
    """One run of one input's capture command."""

    uid: str
    input: str
    number: int
    started: float
    pid: int = 0
    pid_started: float = 0.0
    """the process's start time, so that a reused pid is never taken for the recorder"""
    files: tuple[str, ...] = ()
    flavors: tuple[str, ...] = ()
    """one for each file"""
    ended: float | None = None
    outcome: Outcome | None = None
    exit_code: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class Recording:
    """An event that has begun. ``event`` is a snapshot that follows later schedule changes."""

    event: Event
    state: EventState
    directory: Path
    started: float | None = None
    ended: float | None = None
    error: str = ""
    tracks: tuple[Track, ...] = ()

    @property
    def uid(self) -> str:
        """The event's id."""
        return self.event.uid


def runs(recording: Recording, now: float, by_hand: float | None = None) -> bool:
    """Tell whether the recorder is at work, or still tries: a command does not start, or no place is free.

    :param now: seconds since 1970 UTC
    :param by_hand: the end that somebody chose
    """
    if recording.state is EventState.RECORDING:
        return True
    tries = recording.state is EventState.FAILED_RECORDING and recording.ended is None
    # One that was ended by hand is in the recorder's hands until that has noted its end.
    return tries and max(recording.event.end, by_hand or 0.0) > now


def length_of(recording: Recording) -> float | None:
    """Return the recorded seconds: those of the longest input, all its parts together."""
    lengths: dict[tuple[str, str], float] = {}
    for track in recording.tracks:
        key = (track.input, track.flavor)
        lengths[key] = lengths.get(key, 0.0) + (track.duration or 0.0)
    return max(lengths.values(), default=0.0) or None


def data_rate(recordings: Iterable[Recording]) -> float:
    """Return the bytes per second that these recordings took on average, 0 where nothing is known."""
    return mean_rate((sum(track.size for track in one.tracks), length_of(one)) for one in recordings)


def mean_rate(taken: Iterable[tuple[int, float | None]]) -> float:
    """Return the bytes per second of recordings on average, 0 where nothing is known.

    :param taken: bytes and recorded seconds of each; one that lacks either does not count
    """
    known = [(size, length) for size, length in taken if size and length]
    seconds = sum(length for _, length in known)
    return sum(size for size, _ in known) / seconds if seconds else 0.0


class UploadStep(StrEnum):
    """The resume points of a delivery."""

    BEGIN = "begin"
    TRACKS = "tracks"
    FINISH = "finish"
    AMBIGUOUS = "ambiguous"
    """the final call was sent and never answered"""
    SETTLED = "settled"
    """somebody saw that the server has it; ingest has not cleaned up behind it yet"""
    DONE = "done"
    DELETING = "deleting"
    """the files on this machine are being deleted, whether it was delivered or not"""
    GONE = "gone"
    """nothing is left on this machine; only what is known about the recording stays"""


@dataclass(frozen=True)
class Upload:
    """How far the delivery of a recording has come."""

    uid: str
    target: str
    step: UploadStep = UploadStep.BEGIN
    node: str = ""
    """address of the ingest service or folder that this delivery is pinned to"""
    package: str = ""
    """the media package as the server returned it last"""
    tracks_done: int = 0
    bytes_sent: int = 0
    bytes_total: int = 0
    rate: float = 0.0
    """bytes per second"""
    attempts: int = 0
    next_attempt: float = 0.0
    """not before this moment, seconds since 1970 UTC"""
    error: str = ""
    permanent: bool = False
    """True where only an operator can help"""
    location: str = ""
    """where the recording is now: a folder of the archive or the server's address"""

    @property
    def files_gone(self) -> bool:
        """True where the files on this machine were deleted, or are about to be."""
        return self.step in (UploadStep.DELETING, UploadStep.GONE)
