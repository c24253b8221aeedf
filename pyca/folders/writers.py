"""One writer at a time in a folder, among threads and servers."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyca.core.errors import BusyError, MachineError


class Writers:
    """Those who write to a folder. Readers never wait for them: each file is replaced as a whole.

    :param patience: seconds in which another one must have written its file
    """

    def __init__(self, folder: Path, patience: float = 5.0) -> None:
        self.patience = patience
        self._folder = folder
        self._lock = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads and servers from writing.

        :raises BusyError: where another one does not come to an end
        :raises MachineError: where the folder is gone
        """
        if not self._lock.acquire(timeout=self.patience):
            raise BusyError(
                f"Somebody has been writing to “{self._folder}” for {self.patience:g} s.", "Try again."
            )
        try:
            descriptor = _opened(self._folder)
            try:
                _lock(descriptor, self._folder, self.patience)
                yield
            finally:
                # This ends the lock too.
                os.close(descriptor)
        finally:
            self._lock.release()


def _opened(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise MachineError(f"The folder “{folder}” is gone: {error.strerror}.") from error


def _lock(descriptor: int, folder: Path, patience: float) -> None:
    """Keep other servers from writing until the folder's descriptor is closed."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                text = f"Another server has been writing to “{folder}” for {patience:g} s."
                raise BusyError(text, "Try again.") from error
            time.sleep(0.01)
        except OSError:
            # A network file system may have no locks: then each file still is replaced as a whole.
            return
        else:
            return
