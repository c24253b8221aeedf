"""Clients that are connected and do not take what is sent to them."""

import logging
import time

_log = logging.getLogger(__name__)

PATIENCE = 2.0
"""seconds that a message may wait for somebody who takes it"""
_RECENTLY = 10.0
"""seconds for which a client that was too slow is trouble"""


class SlowClients:
    """Notices them, and says so in the log, once until all is well again. By several threads.

    :param patience: seconds that a message may wait
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._waits_since: float | None = None
        self._dropped = 0
        self._dropped_at: float | None = None
        self._told = ""

    def wait(self) -> None:
        """Note that a message cannot be sent now."""
        if self._waits_since is None:
            self._waits_since = time.monotonic()

    def go_on(self, dropped: int) -> None:
        """Note that a message was sent or left out.

        :param dropped: messages that were left out until now, for one client at least
        """
        self._waits_since = None
        if dropped > self._dropped:
            self._dropped, self._dropped_at = dropped, time.monotonic()

    def trouble(self, clients: int) -> str:
        """Return what is wrong with those who are connected; empty where nothing is.

        :param clients: how many are
        """
        found = self._found(time.monotonic()) if clients else ""
        if found and not self._told:
            _log.warning("%s", found)
        self._told = found
        return found

    def _found(self, now: float) -> str:
        since, dropped_at = self._waits_since, self._dropped_at
        if since is not None and now - since >= self._patience:
            return "A client is connected and takes nothing: the stream waits for it."
        if dropped_at is not None and now - dropped_at < _RECENTLY:
            return "A client does not take in time what is sent: it misses messages."
        return ""
