"""A bell between rooms: whoever changes the database rings, whoever waits for it wakes."""

import contextlib
import errno
import hashlib
import logging
import socket
import sys

from pyca.core.errors import RunningError

logger = logging.getLogger(__name__)

_HAS_ABSTRACT = sys.platform.startswith("linux")


def _address(scope: str, name: str) -> str:
    return f"\0pyca-{hashlib.sha256(scope.encode()).hexdigest()[:16]}-{name}"


class Bell:
    """The receiving end. One per service and database, so it also guards against a second start.

    The address is abstract: it needs no file and is gone with its process. Where the system has none, the
    bell never rings and everybody relies on the next due moment.

    :param scope: what the services share: the address of the database
    :param name: the service's name
    :raises RunningError: where the service runs already for this scope
    """

    def __init__(self, scope: str, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        if not _HAS_ABSTRACT:
            return
        try:
            self._socket.bind(_address(scope, name))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                self._socket.close()
                raise RunningError(
                    f"{name} is already running for this database", "stop the other one or use it"
                ) from error
            logger.warning("No bell for %s, changes are seen later: %s", name, error)

    def fileno(self) -> int:
        """Return the descriptor that is readable once somebody has rung."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Forget all rings so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(1)

    def close(self) -> None:
        """Take the bell away; another process may then start."""
        self._socket.close()


def ring(scope: str, name: str) -> None:
    """Wake a service where it runs. Never waits, never fails."""
    if not _HAS_ABSTRACT:
        return
    # A full queue means that the bell is ringing already, a refusal that nobody is at home.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"!", _address(scope, name))
