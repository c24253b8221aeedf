"""Bring what was written to the disk itself, so that a power cut costs seconds, not the lecture."""

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)


def sync_file(path: Path) -> None:
    """Bring a file's data to the disk. May block.

    The kernel keeps written data for up to 30 s; any process may have it written, through a descriptor
    that only reads.

    :raises OSError: where the file is missing or the disk fails
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to the disk: created, renamed and deleted files. May block.

    :raises OSError: where the folder is missing or the disk fails
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot do that for folders; the server behind them does.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def replace_durably(temporary: Path, target: Path) -> None:
    """Bring a finished file to the disk, then give it its name: the name never stands for half a file."""
    sync_file(temporary)
    temporary.replace(target)
    sync_folder(target.parent)


def write_durably(target: Path, data: bytes) -> None:
    """Write a small file so that its name stands for the old or the new data, whatever happens. May block.

    Where the name is a link, the file that it leads to is written.

    :raises OSError: where that is impossible; the old file is as it was
    """
    target = Path(os.path.realpath(target))
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        temporary.write_bytes(data)
        replace_durably(temporary, target)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


class Syncer:
    """A thread that brings growing files to the disk every few seconds.

    A path may be a file that does not exist yet, or a folder, which stands for the files in it.

    :param interval: seconds between two rounds
    """

    def __init__(self, interval: float = 5.0) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._paths: set[Path] = set()
        self._known: dict[Path, tuple[int, int]] = {}
        self._failed: set[Path] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="syncer", daemon=True)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def add(self, path: Path) -> None:
        """Watch a file or folder from the next round on."""
        with self._lock:
            self._paths.add(path)

    def remove(self, path: Path) -> None:
        """Stop watching; a path that is not watched is no mistake."""
        with self._lock:
            self._paths.discard(path)

    def close(self, patience: float = 5.0) -> None:
        """Do a last round and end the thread.

        :param patience: seconds to wait; a disk that hangs longer is left behind
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def round(self) -> int:
        """Sync all watched files that changed since the last round and return how many there were."""
        with self._lock:
            watched = sorted(self._paths)
        files = list(_files(watched))
        self._known = {path: self._known[path] for path in files if path in self._known}
        return sum(self._sync(path) for path in files)

    def _loop(self) -> None:
        while not self._stop.wait(self._interval):
            self.round()
        self.round()

    def _sync(self, path: Path) -> bool:
        try:
            status = path.stat()
            state = (status.st_size, status.st_mtime_ns)
            if self._known.get(path) == state:
                return False
            sync_file(path)
            if path not in self._known:
                sync_folder(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._complain(path, error)
            return False
        self._known[path] = state
        self._failed.discard(path)
        return True

    def _complain(self, path: Path, error: OSError) -> None:
        if path not in self._failed:
            self._failed.add(path)
            logger.warning("“%s” cannot be brought to the disk: %s. A power cut would lose it.", path, error)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        # Recordings are moved and deleted by others at any time.
        with suppress(OSError):
            if path.is_dir():
                yield from (entry for entry in sorted(path.iterdir()) if entry.is_file())
            elif path.is_file():
                yield path
