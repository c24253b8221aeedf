"""A small log that every service keeps by itself, so that the page can show one where nothing is configured.

One file for each service, because two processes that turn over one file lose what they write. It is a
convenience: whatever keeps it from being written, a full disk or a folder of somebody else, is no error.
"""

import logging
import logging.handlers
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

LARGEST = 128 * 1024
"""Bytes of one file; a service has two, the present one and the one before it."""
FORM = "%(asctime)s [%(name)s:%(lineno)s:%(funcName)s()] [%(levelname)s] %(message)s"


def folder_beside(database: Path) -> Path:
    """Return the folder of the logs that the services of one database keep."""
    return database.absolute().with_name(f"{database.stem}-log")


def kept_files(folder: Path) -> list[Path]:
    """Return the logs of a folder, one for each service; none where it cannot be read."""
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".log")
    except OSError:
        return []


def before(file: Path) -> Path:
    """Return the file that a log had until it was turned over last."""
    return file.with_name(f"{file.name}.1")


class KeptLog(logging.handlers.RotatingFileHandler):
    """Writes what is worth knowing to a small file.

    :param folder: made with the first message
    :param service: names the file
    """

    def __init__(self, folder: Path, service: str) -> None:
        path = folder / f"{service}.log"
        super().__init__(
            path, maxBytes=LARGEST, backupCount=1, encoding="utf-8", errors="replace", delay=True
        )
        self.setLevel(logging.INFO)
        self.setFormatter(logging.Formatter(FORM))

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(mode=0o750, exist_ok=True)
        return open(self.baseFilename, "a", encoding="utf-8", errors="replace", opener=_opener)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Forget the message; the next one finds the file opened anew."""
        stream, self.stream = self.stream, None
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.close()

    def close(self) -> None:
        """Let go of the file; a disk that is full now must not disturb the end of a service."""
        with suppress(OSError, ValueError):
            super().close()


def _opener(path: str, flags: int) -> int:
    # A pipe in its place would be waited for, and a link could lead to a file of somebody else.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW, 0o640)
