"""The time that code of users may take for one frame, and the memory of its process."""

import faulthandler
import resource
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol, TypeVar

from pyca.core.errors import ImagingError

T = TypeVar("T")
Abandon = Callable[[str], None]
"""ends the process, after it has told the server why"""
_AGAIN = 0.25
"""seconds after which a script that has caught the end of its time is ended again"""
_MOST = 4
"""times that it is"""
_PATIENCE = 2.0
"""times the limit after which it is written where a process hangs that never comes back to Python"""
_LAST = 2.0
"""seconds beside that"""
_STDERR = 2
_LEAST = 0.02
"""seconds between two looks at threads"""


class TooLongError(BaseException):
    """The time is over. No error that scripts catch by ``except Exception``."""


class Guard(Protocol):
    """Calls the code of users, for as long as that may take."""

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function.

        :raises TooLongError: where it takes too long
        """

    def wait(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call, from within such a call, what is not the users'; then the time begins anew."""


class Unlimited:
    """Waits for as long as it takes."""

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function."""
        return function(*arguments)

    wait = call


class Alarm:
    """Ends what takes too long, in the main thread, by a signal.

    What catches the end of its time again and again is given up with its process. Where it never comes back
    to Python, such as a loop in C, file and line are written to ``stderr``: the server ends the process, as
    nothing in it can.

    :param seconds: for one call
    :param abandon: told why, and expected to end the process
    """

    def __init__(self, seconds: float, abandon: Abandon) -> None:
        self._seconds = seconds
        self._abandon = abandon
        self._is_on = False
        self._rung = 0
        signal.signal(signal.SIGALRM, self._ring)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function.

        :raises TooLongError: where it takes too long
        """
        try:
            self._on()
            try:
                return function(*arguments)
            finally:
                self._off()
        except TooLongError:
            # It may have rung while it was being put off.
            self._off()
            raise

    def wait(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call, from within such a call, what may take long."""
        self._off()
        try:
            return function(*arguments)
        finally:
            self._on()

    def _on(self) -> None:
        self._rung, self._is_on = 0, True
        _tell_later(self._seconds)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN)

    def _off(self) -> None:
        self._is_on = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_on:
            return
        self._rung += 1
        if self._rung > _MOST:
            self._abandon(f"A script takes longer than {self._seconds:g} s for a frame, and cannot be ended.")
        raise TooLongError


class Watchdog:
    """Looks after calls in several threads. No thread can be ended there: the process is given up.

    Where one holds up all of Python, file and line are written to ``stderr``, as :class:`Alarm` does.

    :param seconds: for one call
    :param abandon: told why, and expected to end the process
    :param where: returns file and line at which a thread is
    """

    def __init__(self, seconds: float, abandon: Abandon, where: Callable[[int], str]) -> None:
        self._seconds = seconds
        self._abandon = abandon
        self._where = where
        self._began: dict[int, float] = {}
        """of each thread that is in a call, by the monotonic clock"""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function."""
        ident = threading.get_ident()
        self._began[ident] = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self._began.pop(ident, None)

    def wait(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call, from within such a call, what may take long."""
        ident = threading.get_ident()
        self._began.pop(ident, None)
        try:
            return function(*arguments)
        finally:
            self._began[ident] = time.monotonic()

    def close(self) -> None:
        """Look no longer."""
        self._over.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while not self._over.wait(max(_LEAST, self._seconds / 4)):
            # Put off again and again: it is told where that is not possible any more.
            _tell_later(self._seconds)
            now = time.monotonic()
            for ident, began in list(self._began.items()):
                if now - began > self._seconds:
                    self._over.set()
                    self._abandon(
                        f"Script {self._where(ident) or 'of a thread'}: it takes longer than "
                        f"{self._seconds:g} s for a frame."
                    )
                    return


def _tell_later(seconds: float) -> None:
    """Have file and line of all threads written, also where Python stands still.

    :param seconds: that a call may take; it is told long after that
    """
    faulthandler.dump_traceback_later(seconds * _PATIENCE + _LAST, file=_STDERR)


def limit_memory(megabytes: int) -> None:
    """Limit the data of this process; what needs more gets a MemoryError. For ever, 0 for no limit.

    :param megabytes: 10⁶ bytes
    :raises ImagingError: where the machine allows no such limit
    """
    if not megabytes:
        return
    wanted = megabytes * 1_000_000
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
    except (ValueError, OSError) as error:
        raise ImagingError(f"The memory of a script cannot be limited to {megabytes} MB: {error}.") from error
