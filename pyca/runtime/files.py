"""Reading files that somebody else makes, who may put anything in their place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EFBIG, EINVAL
from pathlib import Path
from stat import S_ISREG


@contextmanager
def open_regular(path: Path) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file for reading, and nothing else: a named pipe would be waited for without end.

    :return: its descriptor, and what is known of it
    :raises OSError: where it cannot be opened, or is a folder, pipe, socket or device
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            raise OSError(EINVAL, "it is no regular file", str(path))
        yield descriptor, status
    finally:
        os.close(descriptor)


def read_regular(path: Path, most: int) -> bytes:
    """Return what a regular file holds.

    :param most: bytes that it may hold at most
    :raises OSError: with ``strerror``, where it cannot be read, is no regular file, or holds more
    """
    with open_regular(path) as (descriptor, _), open(descriptor, "rb", closefd=False) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(EFBIG, f"it is larger than {most} bytes", str(path))
    return data
