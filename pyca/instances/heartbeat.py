"""Whether a process still does anything."""

_LONGEST = 1.0
"""seconds that count between two looks: who looks may have been held up itself"""


class Heartbeat:
    """Knows for how long the figures of a process have been the same, by the looks of one thread."""

    def __init__(self) -> None:
        self._noted = 0.0
        self._looked: float | None = None
        self._silent = 0.0

    def look(self, noted: float, now: float) -> float:
        """Return for how many seconds nothing was noted.

        :param noted: when the process says that it noted its figures, by whatever clock; only whether it
            changes counts
        :param now: of the monotonic clock
        """
        passed = min(_LONGEST, now - self._looked) if self._looked is not None else 0.0
        self._silent = self._silent + passed if noted == self._noted else 0.0
        self._noted, self._looked = noted, now
        return self._silent
