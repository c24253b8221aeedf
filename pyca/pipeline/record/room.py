"""Whether there is room for more, asked before HDF5 is: a file whose disk was full cannot be closed."""

import errno
import os
import resource
from pathlib import Path

from pyca.core.errors import MachineError

_SPARE = 1 << 20
"""bytes for what HDF5 keeps about a file"""


def check_room(path: Path, size: int, needed: int) -> None:
    """Return where there is room for more.

    :param path: of a file that exists
    :param size: bytes that it has now
    :param needed: bytes that are to come
    :raises MachineError: where the disk is full, or the largest size that this process may write is reached
    """
    needed += _SPARE
    try:
        disk = os.statvfs(path)
    except OSError as error:
        raise failed(path, error) from error
    if disk.f_bavail * disk.f_frsize < needed:
        raise failed(path, full := OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from full
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if largest != resource.RLIM_INFINITY and size + needed > largest:
        raise failed(path, large := OSError(errno.EFBIG, os.strerror(errno.EFBIG))) from large


def failed(path: Path, error: Exception, *, is_new: bool = False) -> MachineError:
    """Return what to tell where a file could not be written.

    :param is_new: whether it could not even be begun
    """
    number = error.errno if isinstance(error, OSError) else None
    what = f"{path} cannot be {'made' if is_new else 'written any further'}"
    kept = "" if is_new else "What was written until now can be read"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"{what}: the disk is full.", kept or "Make room")
    return MachineError(f"{what}: {os.strerror(number) if number else error}.", kept)
