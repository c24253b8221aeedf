"""What a forked child does before and after its work."""

import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable

from pyca.core.errors import PycaError
from pyca.runtime import keptlog

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_RESET = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def fork(target: Callable[[], int], notify: str = "") -> int:
    """Run ``target`` in a forked child and return its pid. Only from a process with one thread.

    The child has its own process group, so that a terminal's Ctrl-C reaches only the parent, and is told to
    end when the parent dies, however it dies.

    :param target: returns the exit code
    :param notify: the child's ``NOTIFY_SOCKET``; the parent's own is never passed on
    """
    _flush()
    # Loaded before the fork: the child of a large process should have nothing left to import.
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
    parent = os.getpid()
    gc.freeze()
    # Held back, or a signal that comes before the child has let go of our handlers would be lost.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _RESET)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid
    code = os.EX_SOFTWARE
    try:
        os.setpgid(0, 0)
        _reset_signals(mask)
        _follow_parent(libc, parent)
        _report_to(notify)
        code = _outcome(target)
    finally:
        # Not sys.exit: what the parent registered to happen at its end must not happen here as well.
        _flush()
        os._exit(code)


def _reset_signals(mask: set[int]) -> None:
    signal.set_wakeup_fd(-1)
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _follow_parent(libc: ctypes.CDLL | None, parent: int) -> None:
    """Get SIGTERM when the parent dies, also when it died just before we asked."""
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(os.EX_TEMPFAIL)


def _report_to(notify: str) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)
    if notify:
        os.environ["NOTIFY_SOCKET"] = notify


def _outcome(target: Callable[[], int]) -> int:
    try:
        return target()
    except PycaError as error:
        logger.critical("%s", error)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except Exception:
        logger.exception("The service ended unexpectedly")
        return os.EX_SOFTWARE


def _flush() -> None:
    # Its thread must not be there when a process forks, nor what it has still to write when one ends.
    keptlog.rest()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has been closed takes nothing more.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
