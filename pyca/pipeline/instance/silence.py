"""What becomes of a source that says nothing."""

from pyca.core.backoff import Backoff

_AGAIN = Backoff(first=0.5, limit=2.0)
"""a source that was off is used soon after it is on"""


class Silence:
    """Measures how long a source has said nothing. All moments are of the monotonic clock, in seconds.

    :param now: when it was opened
    """

    def __init__(self, now: float) -> None:
        self._heard = now
        self._asked = now
        self._again = 0.0
        """when it is looked for again, 0 where the last search found it"""
        self._failures = 0

    def hear(self, now: float) -> None:
        """Note that something came."""
        self._heard = self._asked = now
        self._again = 0.0
        self._failures = 0

    def fail(self, now: float) -> None:
        """Note that it was looked for, and is not there."""
        self._failures += 1
        self._again = now + _AGAIN.pause(self._failures)

    def lasts(self, seconds: float, now: float) -> bool:
        """Tell whether nothing has come for this time; 0 or less: never."""
        return seconds > 0 and now - self._heard >= seconds

    def ask(self, seconds: float, now: float) -> bool:
        """Tell whether it has to be looked for now, which is noted.

        :param seconds: of silence after which it is, 0 or less: never
        """
        due = now >= self._again if self._again else seconds > 0 and now - self._asked >= seconds
        if due:
            self._asked = now
            self._again = 0.0
        return due

    def is_final(self, seconds: float, now: float) -> bool:
        """Tell whether it has been looked for in vain for as long as it was silent before.

        :param seconds: of silence after which it is looked for
        """
        return self._failures > 0 and self.lasts(2 * seconds, now)
