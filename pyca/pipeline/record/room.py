"""Whether there is room for more, asked before HDF5 is: a file whose disk was full cannot be closed."""

import errno
import os
import re
import resource
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from pyca.core.errors import MachineError

_SPARE = 1 << 20
"""bytes for what HDF5 keeps about a file"""
_MOST_SAID = 300
"""letters of an error of HDF5"""


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


class Ballast:
    """Room that is held ready, so that a file can be closed though its disk was filled up meanwhile.

    It is a file without a name, which is gone with this process too.

    :param folder: on the disk that matters
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def hold(self, size: int) -> None:
        """Hold so many bytes and a few more, instead of those until now; none where the disk has not."""
        self.drop()
        with suppress(OSError):
            # Closed by drop().
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
            os.posix_fallocate(self._file.fileno(), 0, size + _SPARE)

    def drop(self) -> None:
        """Give the room back."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def abandon(descriptor: int) -> None:
    """Let whatever is written to an open file from now on go nowhere.

    :raises OSError: where there is no memory for it
    """
    nowhere = os.memfd_create("pyca-abandoned", os.MFD_CLOEXEC)
    try:
        os.dup2(nowhere, descriptor, inheritable=False)
    finally:
        os.close(nowhere)


def failed(path: Path, error: Exception, *, is_new: bool = False) -> MachineError:
    """Return what to tell where a file could not be written.

    :param is_new: whether it could not even be begun
    """
    number = error.errno if isinstance(error, OSError) else None
    what = f"{path} cannot be {'made' if is_new else 'written any further'}"
    kept = "" if is_new else "What was written until now can be read"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"{what}: the disk is full.", kept or "Make room")
    why = os.strerror(number) if number else " ".join(str(error).split())[:_MOST_SAID]
    return MachineError(f"{what}: {why}.", kept)


def cause_of(error: Exception) -> Exception:
    """Return the system's error that is behind one of HDF5, which often only its text tells."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (told := re.search(r"errno = (\d+)", str(error))):
        number = int(told[1])
    return error if number is None else OSError(number, os.strerror(number))
