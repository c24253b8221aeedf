"""The door for the recorder: a socket to which it passes on what it records."""

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from pyca.core.clock import Clock
from pyca.core.errors import CommandError, PycaError
from pyca.core.live import LONGEST_SOCKET
from pyca.live.flow.flv import Reader, Tag
from pyca.live.flow.watch import Watch
from pyca.runtime.listen import read_all

logger = logging.getLogger(__name__)

SILENCE = 3.0
"""seconds without anything after which a connection may be replaced, and its picture is not shown any more"""
_MUCH = 32 * 1024
"""bytes at once that tell of a sender that waits for us"""
_MODE = 0o660
_WAITING = 4
_PAUSE = 5.0
"""seconds until the door is opened anew after it has failed"""


class Feed:
    """Takes one recorder at a time.

    :param send: is told the tags as they come
    :param lost: is called when no more come from this connection
    :param note: is told what happens: a level such as “warning”, and a text
    """

    def __init__(
        self,
        path: Path,
        watch: Watch,
        clock: Clock,
        *,
        send: Callable[[Sequence[Tag]], None],
        lost: Callable[[], None],
        note: Callable[[str, str], None],
    ) -> None:
        self._path = path
        self._watch = watch.guarded(self._break)
        self._clock = clock
        self._send = send
        self._lost = lost
        self._note = note
        self._listener: socket.socket | None = None
        self._link: socket.socket | None = None
        self._reader = Reader()
        self._heard = 0.0
        self._silent = False
        self._crowded = False
        self._again: float | None = None
        """when to open the door anew after a failure"""

    def open(self) -> None:
        """Wait for recorders from now on.

        :raises CommandError: where that is not possible
        """
        if self._listener is not None:
            return
        if len(os.fsencode(self._path)) > LONGEST_SOCKET:
            raise CommandError(
                f"the path of the socket {self._path} is too long",
                f"choose a [live] directory so that it has no more than {LONGEST_SOCKET} bytes",
            )
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            # One that was left by a streamer that was killed; two of us never share a folder.
            self._path.unlink(missing_ok=True)
            listener.bind(str(self._path))
            self._path.chmod(_MODE)
            listener.listen(_WAITING)
        except OSError as error:
            listener.close()
            raise CommandError(
                f"the socket {self._path} cannot be made: {error.strerror}",
                "check that its folder exists and that pyCA may write there",
            ) from error
        listener.setblocking(False)
        self._listener = listener
        self._watch.add(listener.fileno(), self._accept)

    def close(self) -> None:
        """Wait for recorders no longer, and end the connection."""
        self._again = None
        self._hang_up()
        if self._listener is not None:
            self._watch.remove(self._listener.fileno())
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)

    def tick(self, now: float) -> float:
        """Notice silence and return when to be called again."""
        if self._again is not None and now >= self._again:
            self._reopen(now)
        if self._link is None or self._silent:
            return now + SILENCE
        if now >= self._heard + SILENCE:
            self._silent = True
            self._note("warning", "the recorder is connected and passes nothing on")
            self._lost()
        return self._heard + SILENCE if not self._silent else now + SILENCE

    def _break(self) -> None:
        """Close the door for a moment after something that nobody has foreseen."""
        self._note("error", "the door for the recorder has failed, and the log says why")
        self.close()
        self._again = self._clock.monotonic() + _PAUSE

    def _reopen(self, now: float) -> None:
        self._again = now + _PAUSE
        try:
            self.open()
        except PycaError as error:
            logger.debug("%s", error)
            return
        self._again = None

    def _accept(self, _events: int) -> None:
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError, ConnectionError):
            link, _address = self._listener.accept()
            now = self._clock.monotonic()
            if self._link is not None and now < self._heard + SILENCE:
                link.close()
                self._turned_away()
                return
            self._hang_up()
            link.setblocking(False)
            self._link, self._heard, self._silent, self._reader = link, now, False, Reader()
            self._crowded = False
            self._watch.add(link.fileno(), self._read)
            self._note("info", "a recorder is connected")

    def _turned_away(self) -> None:
        """Tell it once for each connection that stays: it will knock again and again."""
        if not self._crowded:
            self._crowded = True
            self._note("warning", "a second recorder was turned away: another one is passing something on")

    def _read(self, _events: int) -> None:
        assert self._link is not None
        data, end = read_all(self._link.fileno())
        if end:
            self._note("info", "the recorder has ended its connection")
            self._hang_up()
            return
        if len(data) > _MUCH:
            self._watch.press()
        try:
            tags = self._reader.feed(data)
        except PycaError as error:
            self._note("warning", f"the recorder's connection was ended: {error.message}")
            self._hang_up()
            return
        if tags:
            self._heard, self._silent = self._clock.monotonic(), False
            self._send(tags)

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._watch.remove(link.fileno())
            link.close()
            self._lost()
