"""Messages without content, for functions that need no source."""

from pyca.core.clock import SystemClock
from pyca.pipeline.instance.feed import Item
from pyca.sources.pace import Even, Pace

RATE = 10.0
"""per second, where nobody asks for another one"""


class MadeFeed:
    """Makes messages at a fixed rate; their pulse ids are 0, 1, 2 … What comes too late is left out.

    :param rate: per second
    """

    garbled = 0
    address = ""

    def __init__(self, rate: float = RATE) -> None:
        self._pace = Pace(Even(rate), SystemClock())
        self._rate = rate
        self._first = 0
        """pulse id of the first one at this rate"""
        self._next = 0
        self._lost = 0
        """at rates before"""

    @property
    def lost(self) -> int:
        """Return how many nobody asked for in time."""
        return self._lost + self._pace.lost

    def rate(self, rate: float) -> None:
        """Make so many per second from now on."""
        if rate != self._rate:
            self._rate, self._lost, self._first = rate, self.lost, self._next
            self._pace = Pace(Even(rate), SystemClock())
            self._pace.begin()

    def open(self) -> None:
        """Begin: the first one is due now."""
        self._pace.begin()

    def receive(self, timeout: float) -> Item | None:
        """Return the next one, None where none is due in time.

        :param timeout: seconds
        """
        number = self._pace.next(timeout)
        if number is None:
            return None
        pulse_id = self._first + number
        self._next = pulse_id + 1
        return Item(pulse_id, self._pace.nanoseconds(number), {})

    def renew(self) -> None:
        """Do nothing: it never fails to come."""

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
