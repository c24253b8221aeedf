"""Short messages between two processes of one machine, and open files with them."""

import contextlib
import json
import os
import select
import socket
import time
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from pyca.core.errors import ImagingError

LARGEST = 128 * 1024
"""bytes of one message"""
_FILE = array("i").itemsize
_ROOM = socket.CMSG_LEN(4 * _FILE)


class ChannelClosedError(Exception):
    """Nobody is at the other end any more."""


class ChannelFullError(ChannelClosedError):
    """Somebody may be there, but reads nothing."""


class Channel:
    """One end of a connected pair of sockets: whole messages, in order, without copies on a disk.

    Sending may be done by several threads, receiving by one.

    :param end: a Unix socket that keeps messages apart (SOCK_SEQPACKET)
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end

    @classmethod
    def pair(cls) -> "tuple[Channel, Channel]":
        """Return two connected ends; neither survives an exec.

        :raises OSError: where too many files are open
        """
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    @classmethod
    def of(cls, descriptor: int) -> "Channel":
        """Return the channel of a descriptor, which belongs to it from now on."""
        return cls(socket.socket(fileno=descriptor))

    def send(self, message: Mapping[str, Any], files: Iterable[int] = (), timeout: float = 1.0) -> None:
        """Send one message.

        :param message: of what JSON knows
        :param files: descriptors that the other side gets copies of
        :param timeout: seconds to wait where the other side reads nothing
        :raises ChannelClosedError: where nobody is there any more
        :raises ChannelFullError: where nobody reads, which is one of these
        :raises ImagingError: where the message is too large
        """
        data = json.dumps(message).encode()
        if len(data) > LARGEST:
            found = f"a message of {len(data)} bytes, of at most {LARGEST}"
            raise ImagingError(f"A process cannot be told what to do: {found}.")
        numbers = array("i", files)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)] if numbers else []
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._end.sendmsg([data], rights, socket.MSG_NOSIGNAL)
                return
            except BlockingIOError:
                if not _ready(self._end, select.POLLOUT, deadline - time.monotonic()):
                    raise ChannelFullError from None
            except OSError as error:
                raise ChannelClosedError from error

    def receive(self, timeout: float = 0.0) -> tuple[dict[str, Any], list[int]] | None:
        """Return the next message and the files that came with it; None where none came in time.

        The files are all that were sent, or none where too many are open here.

        :param timeout: seconds
        :raises ChannelClosedError: where none will come any more
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                # Not socket.recv_fds, which leaves the files open for whatever program is started next.
                data, extra, flags, _ = self._end.recvmsg(LARGEST, _ROOM, socket.MSG_CMSG_CLOEXEC)
                break
            except BlockingIOError:
                if timeout <= 0 or not _ready(self._end, select.POLLIN, deadline - time.monotonic()):
                    return None
            except OSError as error:
                raise ChannelClosedError from error
        if not data:
            raise ChannelClosedError
        message: dict[str, Any] = json.loads(data)
        files = [file for _, _, numbers in extra for file in _files(numbers)]
        if flags & socket.MSG_CTRUNC:
            close_files(files)
            files = []
        return message, files

    def fileno(self) -> int:
        """Return its descriptor, -1 where it is closed."""
        return self._end.fileno()

    def shut(self) -> None:
        """Let whoever receives here or there see that nothing comes any more."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the other side know that nothing comes any more."""
        self._end.close()


def close_files(files: Iterable[int]) -> None:
    """Close descriptors that came with a message and are of no use."""
    for file in files:
        with contextlib.suppress(OSError):
            os.close(file)


def _files(numbers: bytes) -> list[int]:
    found = array("i")
    found.frombytes(numbers[: len(numbers) // _FILE * _FILE])
    return found.tolist()


def _ready(end: socket.socket, event: int, seconds: float) -> bool:
    if seconds <= 0 or end.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(end, event)
    return bool(poll.poll(seconds * 1000))
