"""Files on disk: digest and copy, in constant memory."""

import errno
import hashlib
import os
from pathlib import Path

from pyca.ingest.target import Progress

CHUNK = 1 << 20
"""bytes that are in memory at a time"""


def checksum(path: Path, progress: Progress) -> str:
    """Return the sha256 of a file in hex.

    :param progress: told how many bytes have been read
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done)
    return digest.hexdigest()


def place(source: Path, target: Path, progress: Progress) -> bool:
    """Make ``target`` a file with the content of ``source``; what stood there before is replaced.

    Both names share the bytes where the file system allows it: an archive on the same disk costs no space,
    and deleting either name leaves the other whole. Elsewhere the bytes are copied.

    :return: True where the bytes were copied
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        # Another disk, a file system without links or with its limit reached, somebody else's file.
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        _copy(source, target, progress)
        return True
    progress(target.stat().st_size)
    return False


def _copy(source: Path, target: Path, progress: Progress) -> None:
    done = 0
    with source.open("rb", buffering=0) as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
            done += len(chunk)
            progress(done)
        facts = os.fstat(reader.fileno())
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
