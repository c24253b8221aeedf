"""How much of what a process has sent still waits for the other side's acknowledgement, as Linux tells."""

import os
import re
import socket
import struct
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_ESTABLISHED_OR_CLOSING = frozenset({0x01, 0x04, 0x05, 0x08, 0x09, 0x0B})
"""states in which data may be on its way: not while connecting, listening or after the end"""
_FAMILIES = {"tcp": socket.AF_INET, "tcp6": socket.AF_INET6}

# Linux, include/uapi/linux/netlink.h, sock_diag.h and inet_diag.h
_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_ANY = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBxI")
_ANSWER = struct.Struct("=BBBB48x5I")
_LIMIT = 0.1
"""seconds; the kernel answers at once"""


@dataclass(frozen=True)
class _Connection:
    """One TCP connection of this machine."""

    family: int
    local: tuple[bytes, int]
    remote: tuple[bytes, int]


class Queues:
    """The TCP send queues of a process.

    To find its connections costs milliseconds where a machine can have many; to ask about one that is known
    costs microseconds.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self._folder = proc / str(pid)
        self._known: list[_Connection] = []

    def waiting(self) -> int | None:
        """Return the bytes in its send queues.

        :return: None where nobody can know: another system, no permission, the process is gone, or it has no
            TCP connection, such as for SRT
        """
        sizes = [_ask(connection) for connection in self._known]
        known = [size for size in sizes if size is not None]
        if known and len(known) == len(sizes):
            return sum(known)
        try:
            found = list(_connections(self._folder))
        except OSError:
            return None
        self._known = [connection for connection, _size in found]
        return sum(size for _connection, size in found) if found else None


def _connections(folder: Path) -> Iterator[tuple[_Connection, int]]:
    """Yield the connections of a process, each with its send queue."""
    sockets = set(_sockets(folder / "fd"))
    for name, family in _FAMILIES.items():
        table = folder / "net" / name
        # A machine without IPv6 has no second table.
        if not sockets or not table.exists():
            continue
        for line in table.read_text("ascii", "replace").splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[9] in sockets and int(words[3], 16) in _ESTABLISHED_OR_CLOSING:
                sockets.discard(words[9])
                connection = _Connection(family, _end(words[1]), _end(words[2]))
                yield connection, int(words[4].partition(":")[0], 16)


def _sockets(folder: Path) -> Collection[str]:
    found = []
    for entry in os.scandir(folder):
        try:
            target = os.readlink(entry.path)
        except OSError:
            continue  # it was closed meanwhile
        if match := _SOCKET.fullmatch(target):
            found.append(match[1])
    return found


def _end(text: str) -> tuple[bytes, int]:
    """Return address and port of one end, which are written as numbers of this machine's byte order."""
    address, _, port = text.partition(":")
    words = [int(address[place : place + 8], 16) for place in range(0, len(address), 8)]
    return struct.pack(f"={len(words)}I", *words), int(port, 16)


def _ask(connection: _Connection) -> int | None:
    """Return the send queue of a connection; None where it is gone, or the system does not tell."""
    (local, local_port), (remote, remote_port) = connection.local, connection.remote
    question = b"".join(
        (
            _QUESTION.pack(connection.family, socket.IPPROTO_TCP, 0, _ANY),
            struct.pack(">HH16s16s", local_port, remote_port, local, remote),
            struct.pack("=III", 0, _ANY, _ANY),
        )
    )
    with (
        suppress(OSError, AttributeError, struct.error),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel,
    ):
        kernel.settimeout(_LIMIT)
        kernel.send(_HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _REQUEST, 1, 0) + question)
        answer = kernel.recv(4096)
        if _HEADER.unpack_from(answer)[1] == _BY_FAMILY:
            _family, state, _timer, _retries, _expires, _in, out, *_more = _ANSWER.unpack_from(
                answer, _HEADER.size
            )
            return int(out) if state in _ESTABLISHED_OR_CLOSING else None
    return None
