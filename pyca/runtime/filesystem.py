"""What kind of disk a folder is on, and how fast it takes what is written."""

import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "ncpfs"}
)
_MEMORY = frozenset({"tmpfs", "ramfs"})
_SMALL_FILES = frozenset({"vfat", "msdos"})
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Filesystem:
    """The file system that a path is on."""

    kind: str
    """as the kernel names it, such as ext4; empty where it does not tell"""
    mounted: Path

    @property
    def is_network(self) -> bool:
        """True where another machine, or a program, keeps the files: such disks hang and know few locks."""
        return self.kind in _NETWORK or self.kind == "fuse" or self.kind.startswith("fuse.")

    @property
    def is_memory(self) -> bool:
        """True where everything is gone after a reboot."""
        return self.kind in _MEMORY

    @property
    def has_small_files(self) -> bool:
        """True where no file can be larger than 4 GiB."""
        return self.kind in _SMALL_FILES


def filesystem(path: Path, mounts: Path = MOUNTS) -> Filesystem:
    """Return the file system of an existing path.

    :param mounts: the kernel's table of mounted disks
    """
    real = Path(os.path.realpath(path))
    best = Filesystem("", Path("/"))
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return best
    for line in lines:
        _, place, kind, *_ = line.split(" ")
        mounted = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), place))
        # The later of two on the same folder covers the earlier one.
        if real.is_relative_to(mounted) and mounted.is_relative_to(best.mounted):
            best = Filesystem(kind, mounted)
    return best


def write_speed(folder: Path, size: int, monotonic: Callable[[], float] = time.monotonic) -> float:
    """Return the bytes per second that arrive on the disk of a folder. No file is left, nor ever seen.

    :param size: bytes to write
    :raises OSError: where nothing can be written there
    """
    piece = os.urandom(min(size, 2**20))
    with tempfile.TemporaryFile(dir=folder, prefix=".pyca-", buffering=0) as file:
        begun = monotonic()
        written = 0
        while written < size:
            written += file.write(piece[: size - written])
        os.fsync(file.fileno())
        return written / max(monotonic() - begun, 1e-6)
