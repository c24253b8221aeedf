"""When to send which signal to a command that shall end."""

import signal
from dataclasses import dataclass, field

GAP = 3.0
"""Seconds between two signals. FFmpeg takes a second one during its clean-up as “leave at once” and then
writes no trailer."""
PATIENCE = 10.0
"""Seconds from the custom signal to SIGTERM where the configuration names no time."""
OFF = -1

Steps = tuple[tuple[float, int], ...]
"""(seconds after the end, signal number), in order"""


@dataclass
class StopLadder:
    """The signals that end a command, each harsher than the one before.

    :param end: when the event is over, seconds since 1970 UTC
    :param steps: signals for the planned end
    :param urgent: signals for an operator's stop, counted from that moment
    """

    end: float
    steps: Steps
    urgent: Steps = ()
    _next: int = field(default=0, init=False)
    _last: float = field(default=float("-inf"), init=False)

    @classmethod
    def plan(
        cls,
        end: float,
        *,
        self_ending: bool,
        sigcustom: int = signal.SIGINT,
        sigcustom_time: float = OFF,
        sigterm_time: float = OFF,
        sigkill_time: float = 120,
    ) -> "StopLadder":
        """Return the ladder for a configuration.

        A command that does not end by itself and has no signal configured gets ``sigcustom`` at the end
        and SIGTERM ten seconds later.

        :param self_ending: True where the command knows its length, by ``{{time}}``
        :param sigcustom_time: seconds after the end, −1 is off; so are the other times
        """
        kill = (sigkill_time, int(signal.SIGKILL))
        configured = ((sigcustom_time, sigcustom), (sigterm_time, int(signal.SIGTERM)))
        polite = _climb(*configured)
        default = _climb((0.0, sigcustom), (PATIENCE, int(signal.SIGTERM)), kill)
        first = polite[0][0] if polite else 0.0
        urgent = _climb(*((after - first, number) for after, number in polite), kill) if polite else default
        steps = _climb(*configured, kill) if polite or self_ending else default
        return cls(end, steps, urgent)

    @property
    def begun(self) -> bool:
        """True once a signal was due."""
        return self._next > 0

    def next_due(self) -> float | None:
        """Return the moment of the next signal; None after the last."""
        if self._next >= len(self.steps):
            return None
        return max(self.end + self.steps[self._next][0], self._last + GAP)

    def due(self, now: float) -> list[int]:
        """Return the signals to send now and tick them off.

        Never two within three seconds, even when the service or the clock comes late.
        """
        moment = self.next_due()
        if moment is None or moment > now:
            return []
        number = self.steps[self._next][1]
        self._next += 1
        self._last = now
        return [number]

    def moved(self, end: float) -> "StopLadder":
        """Return the ladder for another end. One that has begun stays: the command is leaving already."""
        return self if self.begun else StopLadder(end, self.steps, self.urgent)

    def now_stop(self, now: float) -> "StopLadder":
        """Return a ladder that starts at once. One that has begun stays."""
        return self if self.begun else StopLadder(now, self.urgent or self.steps, self.urgent)


def _climb(*steps: tuple[float, int]) -> Steps:
    """Put steps in order, without those switched off and those that would hit a killed process."""
    ordered = sorted((step for step in steps if step[0] >= 0), key=lambda step: step[0])
    kills = [index for index, step in enumerate(ordered) if step[1] == signal.SIGKILL]
    return tuple(ordered[: kills[0] + 1] if kills else ordered)
