"""Children that an engine has, kept in a file: one that was killed leaves none behind for the next.

Destinations end by themselves when nothing feeds them, and so does what writes into a pipe that nobody reads.
A program that hangs in a device does neither, and keeps the camera.
"""

import contextlib
import json
import logging
import signal
from pathlib import Path

from pyca.core.clock import Clock
from pyca.runtime.child import Child

logger = logging.getLogger(__name__)

_FILE = "children.json"


class Leftovers:
    """The file of one engine's children."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / _FILE
        self._clock = clock
        self._children: dict[int, float] = {}

    def end(self) -> int:
        """Kill what an earlier engine left, and return how many there were."""
        ended = 0
        for pid, started in self._read().items():
            child = Child.adopt(pid, started, clock=self._clock, log_file=self._file)
            if child is not None:
                logger.warning("process %d was left by a streamer that was killed, and is ended", pid)
                ended += child.signal(signal.SIGKILL)
                child.close()
        self._write()
        return ended

    def add(self, child: Child) -> None:
        """Note a child that was started."""
        self._children[child.pid] = child.pid_started
        self._write()

    def remove(self, child: Child) -> None:
        """Forget one that has ended."""
        self._children.pop(child.pid, None)
        self._write()

    def _read(self) -> dict[int, float]:
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            found = json.loads(self._file.read_text("utf-8"))
            return {int(pid): float(started) for pid, started in found.items()}
        return {}

    def _write(self) -> None:
        try:
            if self._children:
                self._file.write_text(json.dumps(self._children), "utf-8")
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            # The stream matters more: at worst a hanging camera program must be ended by hand.
            logger.warning("%s cannot be written: %s", self._file, error.strerror)
