"""What the process of every instance does, whatever it is an instance of."""

import logging
import os
import re
import time
from collections.abc import Callable
from typing import Protocol

from pyca.core.errors import PycaError
from pyca.instances import faults
from pyca.instances.logs import to_server
from pyca.instances.statistics import Statistics
from pyca.runtime.channel import Channel, ChannelClosedError

logger = logging.getLogger(__name__)
_MOST_KINDS = 100
"""of complaints that are remembered"""


class Instance(Protocol):
    """One instance in its process."""

    def open(self) -> None:
        """Begin, and tell the server so.

        :raises PycaError: where it is impossible
        """

    def work(self) -> int:
        """Work until it is over; returns the exit code.

        :raises ChannelClosedError: where the server is gone
        """

    def close(self) -> None:
        """Let go of everything."""


def run(make: Callable[[Statistics], Instance], channel: Channel, files: list[int]) -> int:
    """Be an instance until it ends; returns the exit code.

    :param make: of the writer's side of the statistics
    :param channel: to the server
    :param files: the memory of the statistics
    """
    to_server(channel)
    statistics = Statistics(files[0])
    os.close(files[0])
    try:
        instance = make(statistics)
        instance.open()
    except PycaError as error:
        channel.send({"failed": faults.described(error)})
        return 0
    except ChannelClosedError:
        return 0
    try:
        return instance.work()
    except ChannelClosedError:
        logger.debug("The server is gone")
        return 0
    finally:
        instance.close()


class Attendance:
    """Knows how long nobody has listened.

    :param statistics: the writer's side
    """

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self._needed = time.monotonic()
        """when there was a client last"""

    def is_over(self, clients: int, timeout: float, now: float) -> bool:
        """Tell whether it ends, as nobody has listened or asked for long enough; then that is published.

        :param clients: that listen now
        :param timeout: seconds; 0 or less: it never ends so
        :param now: of the monotonic clock
        """
        figures = self._statistics.figures
        figures.clients = clients
        if clients:
            self._needed = now
        if timeout <= 0 or now - max(self._needed, self._statistics.touched()) <= timeout:
            return False
        # First said, then looked at again: who asks at this moment sees one or the other.
        figures.closing = 1
        self._statistics.publish()
        if now - self._statistics.touched() > timeout:
            return True
        figures.closing = 0
        return False


class Complaints:
    """Says what is wrong once for each kind of fault.

    :param log: of the instance
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._kinds: set[str] = set()

    def note(self, error: PycaError) -> None:
        """Say it, unless something was said already that differs in numbers only."""
        kind = re.sub(r"\d+", "0", error.message)
        if kind not in self._kinds and len(self._kinds) < _MOST_KINDS:
            self._kinds.add(kind)
            self._log.warning("%s", error)
