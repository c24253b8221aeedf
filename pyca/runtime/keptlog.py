"""A small log that every service keeps by itself, so that the page can show one where nothing is configured.

One file for each service, because two processes that turn over one file lose what they write. It is a
convenience: whatever keeps it from being written, a full disk or a folder of somebody else, is no error,
and a disk that hangs keeps nobody waiting.
"""

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

LARGEST = 128 * 1024
"""Bytes of one file; a service has two, the present one and the one before it."""
MOST = 1000
"""Messages that wait for a disk that does not answer; what comes then is only counted."""
PATIENCE = 2.0
"""Seconds for which the end of a process waits for such a disk."""
FORM = "%(asctime)s [%(name)s:%(lineno)s:%(funcName)s()] [%(levelname)s] %(message)s"

# A pipe in its place would be waited for, and a link could lead to a file of somebody else.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


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


class KeptLog(logging.Handler):
    """Writes what is worth knowing to a small file, in a thread that begins with the first message.

    :param folder: made with the first message
    :param service: names the file
    """

    def __init__(self, folder: Path, service: str) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(FORM))
        self._file = _File(folder / f"{service}.log")
        self._work: SimpleQueue[str | None] = SimpleQueue()
        self._turn = threading.Lock()
        """for what follows; whoever ends logging holds the handler's own lock while this is closed"""
        self._lost = 0
        self._late = False
        """True where the thread did not end in time"""
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Have a message written soon; it gets its words here, after the filters had theirs."""
        try:
            text = self.format(record)
        except (TypeError, ValueError, KeyError):
            # Arguments that do not fit their message; the other handlers say so.
            return
        with self._turn:
            if self._work.qsize() >= MOST:
                self._lost += 1
                return
            self._work.put(text)
            self._begin()

    def rest(self) -> None:
        """Have all written and end the thread, until there is another message; the wait has a limit."""
        with self._turn:
            thread, patience = self._thread, 0.0 if self._late else PATIENCE
            if thread is None:
                return
            if not self._late:
                self._work.put(None)
        thread.join(patience)
        self._late = thread.is_alive()

    def close(self) -> None:
        """Let go of the file; a disk that hangs must not disturb the end of a service."""
        self.rest()
        super().close()

    def _begin(self) -> None:
        if self._thread and self._thread.is_alive():
            return
        thread = threading.Thread(target=self._run, name="kept log", daemon=True)
        # What cannot be begun now is with the next message.
        with suppress(RuntimeError):
            thread.start()
            self._thread, self._late = thread, False

    def _run(self) -> None:
        while True:
            text = self._work.get()
            if text is not None:
                self._file.write(text)
                self._tell_lost()
                continue
            self._file.close()
            with self._turn:
                if self._work.empty():
                    self._thread = None
                    return

    def _tell_lost(self) -> None:
        with self._turn:
            lost, self._lost = self._lost, 0
        if lost:
            words = f"{lost} messages are not kept here: the disk did not take them in time"
            self._file.write(self.format(_warning(words)))


def rest() -> None:
    """Have the logs that this process keeps written; they have no thread then until the next message."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, KeptLog):
            handler.rest()


class _File:
    """A file that is turned over when it is full. Nothing is buffered here, so an end has nothing to do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: int | None = None

    def write(self, text: str) -> None:
        """Add a message; where that fails it is forgotten, and the next one finds the file opened anew."""
        data = f"{text}\n".encode("utf-8", "replace")
        try:
            file = self._ready(len(data))
            os.write(file, data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        opened, self._opened = self._opened, None
        with suppress(OSError):
            if opened is not None:
                os.close(opened)

    def _ready(self, size: int) -> int:
        """Return the file, opened and with room for so many bytes."""
        opened = self._open() if self._opened is None else self._opened
        if os.fstat(opened).st_size + size > LARGEST:
            self.close()
            os.replace(self._path, before(self._path))
            opened = self._open()
        return opened

    def _open(self) -> int:
        self._path.parent.mkdir(mode=0o750, exist_ok=True)
        self._opened = os.open(self._path, _FLAGS, 0o640)
        return self._opened


def _warning(words: str) -> logging.LogRecord:
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, None, None, "kept")
