"""Read on in a file that FFmpeg's health report goes to."""

import os
from pathlib import Path

from pyca.runtime.files import open_regular

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
            with open_regular(self.path) as (descriptor, status):
                return self._read(descriptor, status)
        except OSError:
            return ""

    def _read(self, descriptor: int, status: os.stat_result) -> str:
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._inode, self._offset = status.st_ino, 0
        self._offset = max(self._offset, status.st_size - _MOST)
        data = os.pread(descriptor, status.st_size - self._offset, self._offset)
        self._offset += len(data)
        return data.decode("ascii", "replace")
