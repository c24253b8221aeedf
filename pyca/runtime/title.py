"""How a process is called in lists of processes."""

import ctypes
import sys
from pathlib import Path

_PR_SET_NAME = 15
_LONGEST = 15
"""bytes of the short name"""
_ARGUMENTS_START, _ARGUMENTS_END = 47, 48
"""fields of /proc/PID/stat, counted from 0"""


def entitle(title: str) -> None:
    """Give this process a name of its own, for ``ps`` and ``top``; where it cannot be done nothing happens.

    The command line is written over in its place, so it takes as many bytes as this process was started with.
    """
    if not sys.platform.startswith("linux"):
        return
    name = title.encode()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name[:_LONGEST], 0, 0, 0)
    start, end = _arguments()
    if end > start > 0:
        ctypes.memset(start, 0, end - start)
        # The last byte stays 0: it ends the last argument.
        ctypes.memmove(start, name, min(len(name), end - start - 1))


def _arguments() -> tuple[int, int]:
    """Return where in memory the command line lies; proc(5)."""
    try:
        # The program's own name may hold anything, also blanks and brackets.
        fields = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return int(fields[_ARGUMENTS_START - 2]), int(fields[_ARGUMENTS_END - 2])
    except (OSError, ValueError, IndexError):
        return 0, 0
