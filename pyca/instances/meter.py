"""What the process of an instance takes."""

from contextlib import suppress

import psutil

from pyca.instances.statistics import WINDOW
from pyca.runtime.nursery import Ward


class Meter:
    """Measures the share of a processor that a process takes.

    :param ward: the process
    """

    def __init__(self, ward: Ward) -> None:
        self._ward = ward
        self._process: psutil.Process | None = None
        self._began = 0.0
        """when the window began, by the monotonic clock"""
        self.cpu = 0.0
        """per cent of a processor, in the last window"""

    def measure(self, now: float) -> None:
        """Measure anew where a window is over. By one thread.

        :param now: of the monotonic clock
        """
        if now - self._began >= WINDOW and (process := self.process) is not None:
            self._began = now
            with suppress(psutil.Error):
                self.cpu = process.cpu_percent()

    @property
    def process(self) -> psutil.Process | None:
        """Return the process, None where it is not known, or there is none any more."""
        if self._process is None and self._ward.pid:
            with suppress(psutil.Error):
                self._process = psutil.Process(self._ward.pid)
        return self._process
