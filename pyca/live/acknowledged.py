"""How much of what a process has sent still waits for the other side's acknowledgement, as Linux tells."""

import os
import re
from collections.abc import Collection
from pathlib import Path

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_ESTABLISHED_OR_CLOSING = {"01", "04", "05", "08", "09", "0B"}
"""states in which data may be on its way: not while connecting, listening or after the end"""


def unacknowledged(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return the bytes in the TCP send queues of a process.

    :return: None where nobody can know: another system, no permission, the process is gone, or it has no
        TCP connection, such as for SRT
    """
    folder = proc / str(pid)
    try:
        sockets = set(_sockets(folder / "fd"))
        if not sockets:
            return None
        # The second table is read only where the first does not know them: each costs milliseconds.
        queues = _queues(folder / "net" / "tcp", sockets) or _queues(folder / "net" / "tcp6", sockets)
    except OSError:
        return None
    return sum(queues) if queues else None


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


def _queues(table: Path, sockets: Collection[str]) -> list[int]:
    """Return the send queues of those connections of a table that belong to the given sockets."""
    if not table.exists():
        return []  # a machine without IPv6
    found = []
    for line in table.read_text("ascii", "replace").splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[9] in sockets and words[3] in _ESTABLISHED_OR_CLOSING:
            found.append(int(words[4].partition(":")[0], 16))
    return found
