"""A camera that plays what was recorded in an HDF5 file (kind ``hdf5``).

``source`` is the file. It may have been written by bsread or cam_server in any of their layouts, or hold
images in any dataset (number, height, width). Played again and again, its pulse ids go on where a round ends.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import OfflineError, SourceError
from pyca.images.image import Size
from pyca.sources.frame import Frame
from pyca.sources.options import Option, boolean, integer, number, text
from pyca.sources.pace import Even, Pace, Recorded, Schedule
from pyca.sources.recording import Recording, find

if TYPE_CHECKING:
    import h5py

OPTIONS = (
    Option("dataset", None, text(optional=True)),
    Option("frame_rate", None, number(0, 10_000, optional=True)),
    Option("loop", True, boolean),
    Option("first", 0, integer(0)),
    Option("last", None, integer(0, optional=True)),
)
_USUAL_RATE = 10.0
"""frames per second of a file that does not say when its images were taken"""


@dataclass(frozen=True)
class Play:
    """What is played, and how.

    :param dataset: or channel; None: the only images in the file
    :param rate: frames per second, 0 for as many as are asked for, None for the times of the recording
    :param first: number of the first image
    :param last: number of the last image, None for the last in the file
    """

    path: str
    dataset: str | None = None
    rate: float | None = None
    loop: bool = True
    first: int = 0
    last: int | None = None


class Replay:
    """The camera that plays a file.

    :param wait: waits as :func:`time.sleep` does
    """

    def __init__(
        self, play: Play, *, clock: Clock | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._play = play
        self._clock = clock or SystemClock()
        self._wait = wait
        self._playing: _Playing | None = None
        self._lost = 0

    def open(self) -> None:
        """Open the file and find the images; the first is due now.

        :raises OfflineError: where the file is not there, or still being written
        :raises SourceError: where it cannot be read, or has not what is wanted
        """
        if self._playing is not None:
            return
        path = self._play.path
        file = _opened(path)
        try:
            recording = find(file, self._play.dataset)
            part = _part(self._play, recording)
            count = None if self._play.loop else len(part)
            pace = Pace(_schedule(self._play.rate, recording, part), self._clock, self._wait, count)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            file.close()
            raise SourceError(f"{path} is damaged: {error}") from error
        except BaseException:
            file.close()
            raise
        pace.begin()
        self._playing = _Playing(file, recording, part, pace)

    def size(self) -> Size:
        """Return width and height of the images."""
        _count, height, width = self._open().recording.shape
        return width, height

    def receive(self, timeout: float) -> Frame | None:
        """Return the image that is due; None where none is, or the last was played."""
        playing = self._open()
        due = playing.pace.next(timeout)
        if due is None:
            return None
        rounds, place = divmod(due, len(playing.part))
        where = playing.part[place]
        try:
            image = playing.recording.images[where]
        except (OSError, RuntimeError) as error:
            raise SourceError(f"{self._play.path}: image {where} cannot be read: {error}") from error
        except MemoryError as error:
            raise SourceError(f"{self._play.path}: there is no memory for image {where}.") from error
        image = image.astype(image.dtype.newbyteorder("="), copy=False)
        return Frame(image, playing.pace.nanoseconds(due), playing.pulse_id(rounds, where))

    def close(self) -> None:
        """Close the file."""
        playing, self._playing = self._playing, None
        if playing is not None:
            self._lost = playing.pace.lost
            playing.file.close()

    @property
    def lost(self) -> int:
        """Images that were skipped because nobody asked for them in time."""
        return self._playing.pace.lost if self._playing else self._lost

    def _open(self) -> "_Playing":
        if self._playing is None:
            raise SourceError(f"{self._play.path} is not open.")
        return self._playing


@dataclass(frozen=True)
class _Playing:
    """A file that is being played.

    :param part: the numbers of its images that are played
    """

    file: "h5py.File"
    recording: Recording
    part: range
    pace: Pace

    def pulse_id(self, rounds: int, where: int) -> int | None:
        """Return the pulse id of an image in a later round: higher than all in the round before."""
        ids = self.recording.pulse_ids
        return None if ids is None else int(ids[where]) + rounds * self._round

    @cached_property
    def _round(self) -> int:
        """What pulse ids grow by in a round; it takes all of them, so it is not asked for each image."""
        assert self.recording.pulse_ids is not None
        return int(_round_length(self.recording.pulse_ids[self.part.start : self.part.stop]))


def _part(play: Play, recording: Recording) -> range:
    count = recording.shape[0]
    last = count - 1 if play.last is None else play.last
    for key, value in (("first", play.first), ("last", last)):
        if value >= count:
            raise SourceError(
                f"{play.path}: {recording.name} holds {count} images, {key} is {value}.",
                f"set {key} to {count - 1} at most",
            )
    return range(play.first, last + 1)


def _schedule(rate: float | None, recording: Recording, part: range) -> Schedule | None:
    if rate is None and recording.nanoseconds is not None and len(part) > 1:
        moments = recording.nanoseconds[part.start : part.stop]
        return Recorded(((moments - moments[0]) / 1e9).tolist(), _round_length(moments) / 1e9)
    rate = _USUAL_RATE if rate is None else rate
    return Even(rate) if rate else None


def _round_length(values: NDArray[np.int64]) -> float:
    """Return what times or pulse ids grow by in a round: between rounds as between images usually."""
    if len(values) < 2:
        return 1
    return float(values[-1] - values[0]) + max(1.0, float(np.median(np.diff(values))))


def make(source: str, options: Mapping[str, Any]) -> Replay:
    """Return a camera that plays a file.

    :param source: path of the file
    :raises SourceError: where no file is named, or ``last`` is before ``first``
    """
    if not source.strip() or "\0" in source or not _is_path(source):
        raise SourceError("source is not the path of an HDF5 file.")
    first, last = options["first"], options["last"]
    if last is not None and last < first:
        raise SourceError(f"last is {last} and first is {first}: no image is between them.")
    dataset = options["dataset"] or None
    return Replay(Play(source, dataset, options["frame_rate"], options["loop"], first, last))


def _is_path(source: str) -> bool:
    try:
        return bool(os.fsencode(source))
    except UnicodeError:
        return False


def _opened(path: str) -> "h5py.File":
    import h5py

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            # To open a pipe would wait for its writer.
            raise SourceError(f"{path} is no HDF5 file: it is no file at all.")
        try:
            return h5py.File(path, "r")
        except OSError as error:
            if "open for write" not in str(error):
                raise
            # Its writer was killed, or lets others read: what is in it now is played.
            return h5py.File(path, "r", swmr=True)
    except FileNotFoundError as error:
        raise OfflineError(f"There is no file {path}.") from error
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK) or "unable to lock" in str(error):
            raise OfflineError(f"{path} is being written.", "wait until its writer has closed it") from error
        if error.errno == errno.EACCES:
            raise SourceError(f"{path} may not be read by this user.") from error
        raise SourceError(f"{path} is no HDF5 file, or it is damaged: {error}") from error
