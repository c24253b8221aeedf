"""A file as the outlet of a pipeline: written by a thread of its own, so that a slow disk holds up no stream.

Messages that the disk does not take in time are left out and counted, which is said in the log and in
``trouble``.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pyca.bsread.message import Value
from pyca.core.errors import ImagingError, MachineError, WireError

if TYPE_CHECKING:
    from pyca.pipeline.files.configuration import Configuration

_log = logging.getLogger(__name__)

MOST = 200
"""messages that may wait"""
MOST_BYTES = 256 << 20
"""of the messages that wait; one may always"""
_PAUSE = 1.0
"""seconds without messages after which what was written is handed to the operating system"""
_PATIENCE = 10.0
"""seconds in which everything that waits is written at the end"""
_LAST = 3.0
"""seconds that the disk has after that for what it is writing"""
_RECENTLY = 10.0
"""seconds for which a message that was left out is trouble"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message, as :class:`pyca.pipeline.record.writer.Writer` takes it."""

    pulse_id: int
    nanoseconds: int
    values: Mapping[str, Value]
    size: int
    timestamps: Mapping[str, int] = field(default_factory=dict)


class Sink(Protocol):
    """What the thread writes to."""

    path: Path

    @property
    def parts(self) -> int:
        """How often formats have changed, and once more."""

    def write(self, record: Any) -> None:
        """Add one message."""

    def flush(self) -> None:
        """Make everything outlive this process."""

    def close(self) -> None:
        """Write the rest."""


class FileOutlet:
    """Writes messages to a file.

    :param opened: makes the file
    :param most: messages that may wait to be written
    :param most_bytes: of the messages that wait
    :param patience: seconds that :meth:`close` waits for the disk
    """

    def __init__(
        self,
        opened: Callable[[], Sink],
        *,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        patience: float = _PATIENCE,
    ) -> None:
        self._opened = opened
        self._most = most
        self._most_bytes = most_bytes
        self._patience = patience
        self._sink: Sink | None = None
        self._thread: threading.Thread | None = None
        self._turn = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
        self._is_ending = False
        self._failure: MachineError | None = None
        self._refused: WireError | None = None
        self._left_out_at: float | None = None
        self.clients = 1
        self.sent = 0
        self.dropped = 0
        self.sent_bytes = 0
        self.header_changes = 0

    @property
    def trouble(self) -> str:
        """What is wrong with the file now, empty where nothing is."""
        failure, left_out = self._failure, self._left_out_at
        if failure is not None:
            return str(failure)
        if left_out is not None and time.monotonic() - left_out < _RECENTLY:
            return f"The disk is slower than the stream: {self.dropped} messages are not in the file."
        return ""

    def open(self) -> str:
        """Make the file and return its path.

        :raises ImagingError: where the file may not be written there
        :raises MachineError: where it cannot be
        """
        self._sink = self._opened()
        self._thread = threading.Thread(target=self._run, args=(self._sink,), name="file", daemon=True)
        self._thread.start()
        _log.info("The stream is written to %s.", self._sink.path)
        return str(self._sink.path)

    def send(self, pulse_id: int, nanoseconds: int, values: Mapping[str, Value]) -> None:
        """Let one message be written. Its arrays must not be changed any more.

        :raises WireError: where a message before this one could not be written; this one will be
        :raises MachineError: where nothing can be written any more
        """
        size = sum(getattr(value, "nbytes", 8) for value in values.values())
        with self._turn:
            if self._failure is not None or self._sink is None or self._is_ending:
                self.dropped += 1
                raise self._failure or MachineError("The file is not open.")
            is_full = len(self._queue) >= self._most or self._waiting + size > self._most_bytes
            if is_full and self._queue:
                self._leave_out()
            else:
                self._queue.append(_Waiting(pulse_id, nanoseconds, values, size))
                self._waiting += size
                self._turn.notify()
            refused, self._refused = self._refused, None
        if refused is not None:
            raise refused

    def close(self, *, at_once: bool = False) -> None:
        """Write what waits, and close the file; a disk that hangs is given up after a while.

        :param at_once: makes no difference to a file
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._turn:
            self._is_ending = True
            self._turn.notify()
        thread.join(self._patience)
        with self._turn:
            lost = len(self._queue)
            self._queue.clear()
            self.dropped += lost
        if lost:
            _log.error("The disk is too slow: the last %d messages are not in the file.", lost)
            thread.join(min(self._patience, _LAST))
        if thread.is_alive():
            _log.error("The disk does not answer: the file was not closed.")
        if self.dropped:
            _log.warning("%d messages are not in the file, %d are.", self.dropped, self.sent)

    def _leave_out(self) -> None:
        self.dropped += 1
        now = time.monotonic()
        if self._left_out_at is None or now - self._left_out_at >= _RECENTLY:
            _log.warning("The disk is slower than the stream: messages are left out of the file.")
        self._left_out_at = now

    def _run(self, sink: Sink) -> None:
        """Write until the end, in the thread."""
        while True:
            one = self._next()
            if one is None and self._is_ending:
                break
            self._tried(sink, one)
            self.header_changes = sink.parts
        try:
            sink.close()
        except Exception as error:  # as below
            self._fail(_of_disk(error))

    def _next(self) -> _Waiting | None:
        with self._turn:
            if not self._queue and not self._is_ending:
                self._turn.wait(_PAUSE)
            if not self._queue:
                return None
            one = self._queue.popleft()
            self._waiting -= one.size
            return one

    def _tried(self, sink: Sink, one: _Waiting | None) -> None:
        """Write one message, or make what was written outlive us while none comes."""
        try:
            if one is None:
                sink.flush()
                return
            sink.write(one)
        except ImagingError as error:
            with self._turn:
                self.dropped += one is not None
                if not isinstance(error, MachineError):
                    self._refused = WireError(error.message, error.remedy)
                    return
            self._fail(error)
        except Exception as error:  # whatever it is: a thread that is gone would look like a slow disk
            with self._turn:
                self.dropped += one is not None
            self._fail(_of_disk(error))
        else:
            self.sent += 1
            self.sent_bytes += one.size

    def _fail(self, error: MachineError) -> None:
        """Note that nothing can be written any more; what waits is left out."""
        with self._turn:
            if self._failure is None:
                self._failure = error
                _log.error("%s", error)
            self.dropped += len(self._queue)
            self._queue.clear()
            self._waiting = 0


def _of_disk(error: Exception) -> MachineError:
    """Return what to tell where writing has failed in a way that nobody has foreseen."""
    if isinstance(error, MachineError):
        return error
    _log.error("The file cannot be written.", exc_info=error)
    text = " ".join(str(error).split())
    return MachineError(f"The file cannot be written any further: {type(error).__name__}: {text}.")


def file_outlet(configuration: "Configuration", folder: Path) -> FileOutlet:
    """Return the outlet of a pipeline of mode FILE.

    Nothing is ever written over a file that is there: “run.h5” becomes “run-2.h5”, as its address tells.

    :param folder: that all files of pipelines are below
    :raises ImagingError: where the file's name leads elsewhere
    :raises MachineError: where its folder cannot be made
    """
    # Only pipelines that write files load HDF5.
    from pyca.pipeline.record.places import names, placed
    from pyca.pipeline.record.writer import ExistingError, Writer

    path = placed(folder, configuration.file or "")

    def opened() -> Writer:
        for one in names(path):
            with suppress(ExistingError):
                return Writer(
                    one,
                    layout=configuration.layout,
                    localtime=configuration.localtime,
                    change=configuration.change,
                    records=configuration.records,
                    compression=configuration.data_compression,
                )
        raise ImagingError(f"{path} and all names like it are there already.", "Choose another name")

    return FileOutlet(opened)
