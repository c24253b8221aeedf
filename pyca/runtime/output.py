"""What a short command says: its last words, within a time limit."""

import logging
import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.runtime.process import environment

logger = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_SLICE = 0.2
"""seconds between two looks at whether the command is still wanted"""
_DYING = 2.0
"""seconds in which a killed command must be gone, or it is left alone"""


@dataclass(frozen=True)
class Output:
    """What a command wrote and how it ended."""

    text: str
    """the end of what it wrote, errors included"""
    cut: bool
    """True where it wrote more than was kept"""
    code: int | None
    """exit code, negative for a signal; None where it was killed, or left alone as it cannot be"""


def last_output(
    argv: Sequence[str],
    clock: Clock,
    *,
    limit: float,
    keep: int,
    env: Mapping[str, str] | None = None,
    cancelled: Event | None = None,
) -> Output:
    """Run a command to its end and return the end of what it wrote.

    :param limit: seconds after which the command is killed
    :param keep: bytes that are kept, so that a talkative command cannot fill memory
    :param env: the whole environment; by default ours without what is meant for us alone
    :param cancelled: kills the command before its time is over
    :raises CommandError: where it cannot be started
    """
    deadline = clock.monotonic() + limit

    def left() -> float:
        return 0.0 if cancelled and cancelled.is_set() else deadline - clock.monotonic()

    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(env),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"the program {argv[0]} cannot be started: {reason}", "try it by hand") from error
    # Not “with process”, which waits without end for what cannot be killed.
    assert process.stdout is not None
    with process.stdout as pipe:
        said, cut = _read(pipe.fileno(), left, keep)
        code = _wait(process, left)
        if code is None:
            _kill(process)
    return Output(said.decode("utf-8", "replace"), cut, code)


def _wait(process: subprocess.Popen[bytes], left: Callable[[], float]) -> int | None:
    """Return the exit code, None where the time is over before."""
    while (code := process.poll()) is None and (seconds := left()) > 0:
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(seconds, _SLICE))
    return code


def _kill(process: subprocess.Popen[bytes]) -> None:
    # What has become another user, such as by sudo, is not ours to kill; nor does what hangs in a disk end.
    with suppress(PermissionError, subprocess.TimeoutExpired):
        # The group, because its children hold the pipe as well.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_DYING)
        return
    logger.warning("process %d cannot be killed and is left alone", process.pid)


def _read(pipe: int, left: Callable[[], float], keep: int) -> tuple[bytes, bool]:
    """Return the last bytes that come before a pipe ends or the time is over, and whether there were more."""
    said, cut = bytearray(), False
    waiter = select.poll()
    waiter.register(pipe, select.POLLIN)
    while (seconds := left()) > 0:
        if not waiter.poll(min(seconds, _SLICE) * 1000):
            continue
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            break
        said += chunk
        if len(said) > keep:
            cut = True
            del said[:-keep]
    return bytes(said), cut
