"""What a library for Channel Access has to do for a camera."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

EPICS_EPOCH = 631_152_000
"""1990-01-01 UTC in seconds since 1970: times of Channel Access count from there"""


@dataclass(frozen=True, slots=True)
class Update:
    """What a process variable (PV) says now.

    :param values: its elements: numbers of its own type, of either byte order, or texts; nobody writes to
        them again
    :param nanoseconds: since 1970 UTC, as the IOC has it
    :param problem: why there are no values, in words; empty where there are
    """

    values: NDArray[Any] | list[str]
    nanoseconds: int
    problem: str = ""


OnUpdate = Callable[[Update], None]
OnConnection = Callable[[bool], None]


class Client(Protocol):
    """The connection of one camera. Callbacks come from threads of the library and must be quick."""

    name: str
    """of the library"""

    def subscribe(self, pv: str, update: OnUpdate, connection: OnConnection, *, text: bool = False) -> None:
        """Follow a PV from now on, through all losses of the connection; its present value comes at once.

        :param text: its values are wanted as the IOC shows them to people, such as the words of an ``mbbi``
        """

    def search_again(self) -> None:
        """Look again for what has not been found, or was lost: searches of the libraries become rare."""

    def close(self) -> None:
        """End all subscriptions. Afterwards there are no callbacks and no connections."""


def unix_time(seconds: int, nanoseconds: int) -> int:
    """Convert a time of Channel Access to nanoseconds since 1970 UTC.

    :param seconds: since 1990; 0 is what a record has that was never processed, and counts as now
    """
    return (seconds + EPICS_EPOCH) * 1_000_000_000 + nanoseconds if seconds else time.time_ns()
