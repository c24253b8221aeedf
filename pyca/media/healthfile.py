"""Read on in a file that FFmpeg's health report goes to."""

import os
from pathlib import Path
from stat import S_ISREG

_MOST = 512 * 1024
"""bytes per look: about 50 minutes of health report"""


class HealthFile:
    """Returns what was appended to a file since the last look.

    It may be missing, grow, shrink or be replaced. A regular file and no pipe, because FFmpeg must be able to
    write when nobody reads: it outlives a crash of the capture service. Whoever takes over a running command
    reads the end of what is there, so that a lasting fault is known again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._inode: int | None = None

    def read(self) -> str:
        """Return the new text, empty where there is none. Of very much only the end is returned."""
        try:
            # Opening a named pipe would wait for its writer.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return ""
        try:
            return self._read(descriptor)
        except OSError:
            return ""
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> str:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            return ""
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._inode, self._offset = status.st_ino, 0
        self._offset = max(self._offset, status.st_size - _MOST)
        data = os.pread(descriptor, status.st_size - self._offset, self._offset)
        self._offset += len(data)
        return data.decode("ascii", "replace")
