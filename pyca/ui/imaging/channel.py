"""One connection to the camera server, whose refusals reach those who are still sending."""

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from pyca.ui.connections import Connection

LINGER_SECONDS = 5.0
"""that the rest of a refused body may take"""
LINGER_BYTES = 1_000_000_000
"""of such a rest, which is not kept"""
_PIECE = 262_144


class _Warnings(logging.LoggerAdapter[logging.Logger]):
    """Says nothing of viewers who leave, which is what viewers do."""

    def info(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


class Channel(Connection):
    """Sends a refusal, and then takes what still comes for a while, without keeping it.

    Where a connection is closed while its other side sends, that side is told of a broken connection, and
    most programs never look for the answer.
    """

    logger = _Warnings(logging.getLogger("waitress"), {})
    _is_refused = False
    _left: int | None = None
    """bytes that are taken yet, None before the refusal was sent"""
    _until = 0.0

    def service(self) -> None:
        """Answer a request."""
        self._is_refused = self._is_refused or self.requests[0].error is not None
        super().service()

    def handle_write(self) -> None:
        """Send what is there; behind a refusal say that nothing follows."""
        if self._is_refused and self.close_when_flushed and self._left is None:
            self._flush_exception(self._flush_some)
            if not self.will_close:
                if not self.total_outbufs_len:
                    self._linger()
                return
        super().handle_write()

    def handle_read(self) -> None:
        """Take what came."""
        if self._left is None:
            super().handle_read()
            return
        try:
            self._left -= len(self.recv(_PIECE))
        except OSError:
            self._left = 0
        if self._left <= 0 or time.monotonic() > self._until:
            self.handle_close()

    def _linger(self) -> None:
        self.close_when_flushed = False
        self._left, self._until = LINGER_BYTES, time.monotonic() + LINGER_SECONDS
        with suppress(OSError):  # it has hung up
            self.socket.shutdown(socket.SHUT_WR)
