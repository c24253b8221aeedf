"""What a short command says: its last words, within a time limit."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.runtime.process import environment

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Output:
    """What a command wrote and how it ended."""

    text: str
    """the end of what it wrote, errors included"""
    cut: bool
    """True where it wrote more than was kept"""
    code: int | None
    """exit code, negative for a signal; None where the time was over and the command was killed"""


def last_output(
    argv: Sequence[str], clock: Clock, *, limit: float, keep: int, env: Mapping[str, str] | None = None
) -> Output:
    """Run a command to its end and return the end of what it wrote.

    :param limit: seconds after which the command is killed
    :param keep: bytes that are kept, so that a talkative command cannot fill memory
    :param env: the whole environment; by default ours without what is meant for us alone
    :raises CommandError: where it cannot be started
    """
    deadline = clock.monotonic() + limit
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
    with process:
        assert process.stdout is not None
        said, cut = _read(process.stdout.fileno(), clock, deadline, keep)
        code: int | None
        try:
            code = process.wait(max(deadline - clock.monotonic(), 0))
        except subprocess.TimeoutExpired:
            code = None
            # The group, because its children hold the pipe as well.
            os.killpg(process.pid, signal.SIGKILL)
    return Output(said.decode("utf-8", "replace"), cut, code)


def _read(pipe: int, clock: Clock, deadline: float, keep: int) -> tuple[bytes, bool]:
    """Return the last bytes that come before a pipe ends or the time is over, and whether there were more."""
    said, cut = bytearray(), False
    waiter = select.poll()
    waiter.register(pipe, select.POLLIN)
    while (left := deadline - clock.monotonic()) > 0:
        if not waiter.poll(left * 1000):
            continue
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            break
        said += chunk
        if len(said) > keep:
            cut = True
            del said[:-keep]
    return bytes(said), cut
