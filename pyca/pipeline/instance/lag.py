"""Whether the messages of a stream get older, as they come faster than they are taken."""

_BEHIND = 60_000_000
"""nanoseconds, by which a message may be older than the youngest one was when it came"""


class Lag:
    """Compares the age of messages with the least age that there was.

    The clock of the sender may be another one: that is in the least age, too.
    """

    def __init__(self) -> None:
        self._least: int | None = None
        self._now = 0

    def is_behind(self, nanoseconds: int, now: int) -> bool:
        """Tell whether a message is older than it need be.

        :param nanoseconds: time of the message, since 1970 UTC
        :param now: when it was taken, likewise
        """
        self._now = now - nanoseconds
        self._least = self._now if self._least is None else min(self._least, self._now)
        return self._now - self._least > _BEHIND

    def accept(self) -> None:
        """Take the age of the last message for the least one: nothing newer is there, so a clock was set."""
        self._least = self._now
