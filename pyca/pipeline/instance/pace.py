"""Which messages are processed, and when it is over."""

import enum

from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.feed import Item

_EARLY = 0.25
"""share of the time between two messages by which one may come early and still be in time"""
_ANEW_SECONDS, _ANEW_MESSAGES = 2.0, 10
"""that are all stale, and more, are not from before: their sender has begun anew"""


class Verdict(enum.Enum):
    """What becomes of a message."""

    TAKE = enum.auto()
    LEAVE = enum.auto()
    """as the configuration wants it"""
    STALE = enum.auto()
    """left out, as it is older than the one before"""
    OVER = enum.auto()
    """nothing more is wanted, this one neither"""


class Pace:
    """Looks at messages as they come.

    :param rate_is_kept: whether the source keeps to the wanted rate by itself
    """

    def __init__(self, configuration: Configuration, *, rate_is_kept: bool = False) -> None:
        self._rate_is_kept = rate_is_kept
        self._last: tuple[int, int] | None = None
        """pulse id and time of the last one that was taken"""
        self._stale = 0
        """stale messages in a row"""
        self._stale_since = 0.0
        """when the first of them came"""
        self._due = 0.0
        self.configure(configuration)

    def configure(self, configuration: Configuration) -> None:
        """Do as a configuration says from the next message on."""
        self._configuration = configuration
        self._factor = configuration.downsampling or 1
        self._passed = 0
        """messages of each so many, of which the first one is let through"""
        rate = None if self._rate_is_kept else configuration.max_frame_rate
        self._interval = 1 / rate if rate else 0.0

    def look(self, item: Item, now: float) -> Verdict:
        """Tell what becomes of a message.

        :param now: when it came, by the monotonic clock, seconds
        """
        wanted = self._configuration
        start, stop = wanted.pid_range or (1, 0)
        if stop and item.pulse_id > stop:
            # Also while it is paused: nothing that is wanted will come any more.
            return Verdict.OVER
        outside = wanted.pid_range is not None and (start == 0 or item.pulse_id < start)
        if wanted.paused or outside:
            return Verdict.LEAVE
        if self._is_stale(item, now):
            return Verdict.STALE
        if not self._is_next() or not self._is_due(now):
            return Verdict.LEAVE
        self._last = item.pulse_id, item.nanoseconds
        return Verdict.TAKE

    def is_last(self, item: Item) -> bool:
        """Tell whether nothing is wanted behind a message that was taken."""
        wanted = self._configuration.pid_range
        return wanted is not None and 0 < wanted[0] <= wanted[1] == item.pulse_id

    def _is_stale(self, item: Item, now: float) -> bool:
        if not self._is_older(item):
            self._stale = 0
            return False
        if not self._stale:
            self._stale_since = now
        self._stale += 1
        if self._stale <= _ANEW_MESSAGES or now - self._stale_since < _ANEW_SECONDS:
            return True
        # Nothing would ever be taken again.
        self._stale = 0
        return False

    def _is_older(self, item: Item) -> bool:
        if self._last is None:
            return False
        pulse_id, nanoseconds = self._last
        wanted = self._configuration
        by_id = wanted.enforce_pid and item.pulse_id < pulse_id
        return by_id or (wanted.enforce_timestamp and item.nanoseconds < nanoseconds)

    def _is_next(self) -> bool:
        """Tell whether a message is the first of each so many."""
        first = self._passed == 0
        self._passed = (self._passed + 1) % self._factor
        return first

    def _is_due(self, now: float) -> bool:
        if not self._interval:
            return True
        if now < self._due - self._interval * _EARLY:
            return False
        # From when it was due and not from when it came, or the rate would be lower than wanted.
        due = self._due + self._interval
        self._due = due if due > now else now + self._interval
        return True
