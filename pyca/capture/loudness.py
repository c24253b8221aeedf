"""Tells the page how loud each running input is, about once a second."""

import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue

from pyca.capture.recorder import Recorder
from pyca.core.clock import Clock
from pyca.media.levels import Sounding, write

logger = logging.getLogger(__name__)

PERIOD = 0.9
"""Seconds between two writes: the inputs report once a second, and not all at once."""
PATIENCE = 2.0
"""Seconds for which the end of the service waits for a disk that does not answer."""

Levels = Mapping[str, Sounding]


def heard(recorders: Iterable[Recorder]) -> Levels:
    """Return how loud the inputs are; of one that two recordings share, what was heard last."""
    known = [(lane.job.name, lane.loudness()) for recorder in recorders for lane in recorder.lanes]
    found = [(name, level) for name, level in known if level]
    return dict(sorted(found, key=lambda one: one[1].at))


class Loudness:
    """Writes the levels in a thread of its own: a disk that hangs must not keep the recorder waiting.

    The thread starts with the first level and sleeps while nothing is recorded.

    :param folder: where the file goes
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._due = float("-inf")
        self._shown: Levels | None = None
        self._work: SimpleQueue[Levels | None] = SimpleQueue()
        self._free = threading.Event()
        self._free.set()
        self._thread: threading.Thread | None = None

    def show(self, levels: Levels) -> None:
        """Have the levels written soon; where the disk is still busy with the last ones, at a later call.

        :param levels: by input; none where nothing is recorded
        """
        if not self._free.is_set() or levels == self._shown:
            return
        now = self._clock.monotonic()
        if levels and self._shown and now < self._due:
            return
        if not self._begun():
            return
        self._due, self._shown = now + PERIOD, dict(levels)
        self._free.clear()
        self._work.put(self._shown)

    def close(self) -> None:
        """Take the file away and end."""
        if self._thread is None:
            return
        if self._shown:
            self._work.put({})
        self._work.put(None)
        self._thread.join(PATIENCE)

    def _begun(self) -> bool:
        """Tell whether the thread runs; one that cannot be begun now is tried again at the next call."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="loudness", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                logger.debug("sound levels are not written: %s", error)
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while (levels := self._work.get()) is not None:
            try:
                write(self._folder, levels)
            except OSError as error:
                logger.debug("%s: sound levels are not written: %s", self._folder, error.strerror)
            self._free.set()
