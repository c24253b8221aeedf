"""Tells from pulse ids how many messages were lost."""

from collections import deque

_REMEMBERED = 256
"""messages"""
_LONGEST_GAP = 100_000
"""pulses; what is further away is another series"""


class Pulses:
    """Counts gaps between pulse ids.

    Pulses need not follow each other by one: a camera of 10 Hz at a machine of 100 Hz has every tenth. So the
    smallest step of late is taken for the usual one. What comes late closes its gap again, what comes twice
    is no loss, and ids that begin again from somewhere else are another series.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)
        self._steps: deque[int] = deque(maxlen=_REMEMBERED)
        self._highest: int | None = None
        self._open = 0
        """gaps that somebody may still close"""

    def note(self, pulse_id: int) -> None:
        """Count what is missing before this message."""
        if self._highest is None or not -_LONGEST_GAP < pulse_id - self._highest < _LONGEST_GAP:
            self._begin(pulse_id)
        elif pulse_id > self._highest:
            self._go_on(pulse_id, pulse_id - self._highest)
        elif pulse_id in self._seen:
            return
        elif pulse_id < min(self._seen):
            self._begin(pulse_id)
        elif self._open:
            self._open -= 1
            self.lost -= 1
        self._seen.append(pulse_id)

    def _begin(self, pulse_id: int) -> None:
        self._seen.clear()
        self._steps.clear()
        self._highest = pulse_id
        self._open = 0

    def _go_on(self, pulse_id: int, step: int) -> None:
        self._steps.append(step)
        missing = round(step / min(self._steps)) - 1
        self._highest = pulse_id
        self._open = min(self._open + missing, _REMEMBERED)
        self.lost += missing
