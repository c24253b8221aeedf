"""Ends connections of a process so that nothing of what waits in them is sent any more, where that can be."""

import ctypes
import os
import socket
import stat
import struct
from contextlib import suppress

_GET_DESCRIPTOR = 438
"""pidfd_getfd(2), which has this number on all machines; it is as old as Linux 5.6"""
_RESET = struct.pack("ii", 1, 0)
"""linger for no time at all: what waits is thrown away"""


def drop_what_waits(pid: int, pidfd: int) -> int:
    """Let the end of a process reset its TCP connections.

    By itself the system goes on sending what a process has written, also after its end: that may be seconds.

    :return: how many connections; none where the system does not allow it, or there are none
    """
    count = 0
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                count += _drop(pid, pidfd, int(name))
    return count


def _drop(pid: int, pidfd: int, number: int) -> bool:
    if not stat.S_ISSOCK(os.stat(f"/proc/{pid}/fd/{number}").st_mode):
        return False
    ours = ctypes.CDLL(None, use_errno=True).syscall(_GET_DESCRIPTOR, pidfd, number, 0)
    if ours < 0:
        return False
    with socket.socket(fileno=ours) as shared:
        if shared.type != socket.SOCK_STREAM or shared.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return True
