"""How instances have ended, for whoever asks afterwards."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from pyca.runtime.signals import signal_name

MOST = 1000
"""instances whose end is remembered"""


@dataclass(frozen=True)
class Ending:
    """The end of one instance.

    :param exitcode: 0 where it did what it was to do or was stopped; the negative number of a signal
    :param reason: in words
    :param moment: seconds since 1970 UTC
    :param by_itself: whether it ended of its own accord, and was neither stopped nor did it crash
    """

    exitcode: int
    reason: str
    moment: float = field(default_factory=time.time)
    by_itself: bool = False

    @property
    def told(self) -> str:
        """When, how and why, in words."""
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.moment))
        return f"it ended at {when} with exit code {self.exitcode}: {self.reason}"


class Endings:
    """Remembers the last end of each instance, of a bounded number of them. Thread-safe.

    :param most: how many are remembered; the oldest ones are forgotten first
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Ending] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, name: str, ending: Ending) -> None:
        """Remember the end of an instance."""
        with self._lock:
            self._kept[name] = ending
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def of(self, name: str) -> Ending | None:
        """Return how an instance ended last; None where nothing is known."""
        with self._lock:
            return self._kept.get(name)

    def everything(self) -> dict[str, Ending]:
        """Return all that is remembered, the oldest first."""
        with self._lock:
            return dict(self._kept)

    def forget(self, name: str) -> None:
        """Remember nothing of an instance any more."""
        with self._lock:
            self._kept.pop(name, None)


def how_ended(code: int | None) -> str:
    """Return how a process ended that has not told why, as what goes on behind “its process”.

    :param code: exit code, the negative number of a signal; None where nobody knows
    """
    return f"was killed ({signal_name(-code)})" if code is not None and code < 0 else "ended unexpectedly"
