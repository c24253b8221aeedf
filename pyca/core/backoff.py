"""How long to wait before trying again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential pauses with jitter, so that two hundred agents do not return together.

    :param first: seconds before the second try
    :param limit: the longest pause in seconds
    :param jitter: share of the pause by which it varies, 0.2 means ±20 %
    """

    first: float = 1.0
    limit: float = 300.0
    factor: float = 2.0
    jitter: float = 0.2

    def pause(self, failures: int) -> float:
        """Return the pause in seconds after the given number of failures in a row (≥ 1)."""
        exponent = min(max(failures - 1, 0), 64)
        pause = min(self.first * self.factor**exponent, self.limit)
        return pause * (1 + random.uniform(-self.jitter, self.jitter))
