"""Keys that were typed into a command line, taken out of sight of ``ps``.

The kernel shows the arguments of a process from that process's own memory, so the process can paint them
over. This takes half a millisecond, where replacing the process by another one would start Python twice;
it needs no privilege, and it is the same for ``pyca``, ``python -m pyca`` and any other way of starting. What
is left is the moment until it is done, about as long as Python needs to start, and whatever keeps command
lines on its own: the shell's history, ``sudo``, process accounting.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

_START, _END = 45, 46
"""arg_start and arg_end among the fields of /proc/self/stat behind the program's name"""
_SECRET = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^\0]*)")
_STAR = b"*"


def hide_arguments() -> bool:
    """Paint over all parts of addresses in this process's arguments that can hold a key or a password.

    :return: False where they can still be seen, because this system does not let us
    """
    try:
        start, end = _place()
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            shown = os.pread(memory.fileno(), end - start, start)
            hidden = covered(shown)
            return hidden == shown or os.pwrite(memory.fileno(), hidden, start) == len(hidden)
    except (OSError, ValueError, IndexError):
        return False


def covered(arguments: bytes) -> bytes:
    """Return arguments, each ended by a zero byte, with stars for what may be secret, as long as before.

    Of an address the scheme, the host and the first folder of its path are left: one can see what runs.
    """
    found = bytearray(arguments)
    for match in _SECRET.finditer(arguments):
        for begin, end in _secrets(match[1]):
            found[match.start(1) + begin : match.start(1) + end] = _STAR * (end - begin)
    return bytes(found)


def _secrets(address: bytes) -> Iterator[tuple[int, int]]:
    """Yield where, in an address without its scheme, secrets can be: user and password, path, parameters."""
    place = re.match(rb"[^/?#]*", address)
    host_end = place.end() if place else 0
    user_end = address.rfind(b"@", 0, host_end)
    if user_end > 0:
        yield 0, user_end
    application = re.compile(rb"/[^/?#]*(?=/)").match(address, host_end)
    rest = application.end() + 1 if application else host_end + 1
    if rest < len(address):
        yield rest, len(address)


def _place() -> tuple[int, int]:
    """Return where in memory the arguments begin and end."""
    fields = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return int(fields[_START]), int(fields[_END])
