"""Descriptors that children write to: what they say, and what they send."""

import contextlib
import fcntl
import logging
import os
import sys
import termios
from collections import deque

from pyca.core.secrecy import mask_words

logger = logging.getLogger(__name__)

_KEPT = 100
_CHUNK = 1024 * 1024
_LEAST_ROOM = 64 * 1024
_LONGEST_LINE = 1000
_ROOM = 1024 * 1024
"""bytes that a pipe of frames holds: some seconds, so that a busy moment of ours stops no camera"""


def roomy(pipe: int, room: int = _ROOM) -> None:
    """Let a pipe hold more than usual where the system allows it."""
    # The usual size does too, with more awakenings.
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, room)


def pipe_of_frames() -> tuple[int, int]:
    """Return the ends of a pipe that holds more than usual where it may; ours does not block."""
    reader, writer = pipe_of_words()
    roomy(writer)
    return reader, writer


def pipe_of_words() -> tuple[int, int]:
    """Return the ends of a pipe for text; ours does not block."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer


def room_of(pipe: int) -> int:
    """Return how many bytes a pipe holds; where nobody can tell, the least that is usual."""
    with contextlib.suppress(OSError, AttributeError):
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    return _LEAST_ROOM


def waiting_in(pipe: int) -> int:
    """Return how many bytes wait in a pipe, nothing where nobody can tell."""
    size = bytearray(4)
    with contextlib.suppress(OSError):
        fcntl.ioctl(pipe, termios.FIONREAD, size)
    return int.from_bytes(size, sys.byteorder)


def read_all(descriptor: int) -> tuple[bytes, bool]:
    """Return what can be read at once, and whether that was the end."""
    try:
        data = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return b"", False
    except OSError:
        return b"", True
    return data, not data


class Sayings:
    """The last lines that a child said, without passwords."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        text = self._rest + data.decode("utf-8", "replace").replace("\r", "\n")
        *lines, self._rest = text.split("\n")
        for line in lines:
            if line.strip():
                self._lines.append(mask_words(line[:_LONGEST_LINE]))
                logger.debug("%s", self._lines[-1])
        self._rest = self._rest[-_LONGEST_LINE:]

    def __str__(self) -> str:
        rest = [mask_words(self._rest)] if self._rest.strip() else []
        return "\n".join([*self._lines, *rest])
