"""The operator's log command, at most one at once: however slow it is, no page waits long for it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.runtime.output import Output, last_output

LIMIT = 10.0
"""Seconds that the command may take before it is killed."""
PATIENCE = 3.0
"""Seconds that the request which started it waits; the next one gets what it says later."""
SHORT_PATIENCE = 0.3
"""Seconds that others wait, so that a slow command cannot hold all threads of the server."""
FRESH = 2.0
"""Seconds for which what it said is good enough for somebody else."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    output: Output | None
    """None where it said nothing yet"""
    trouble: str = ""
    waiting: bool = False
    """True where it runs still, so that this is what it said before"""


class LogCommand:
    """Runs one command in the background and remembers what it said last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._argv: tuple[str, ...] = ()
        self._last = Answer(None)
        self._ended = float("-inf")
        self._done = threading.Event()
        self._done.set()

    def ask(self, argv: Sequence[str], clock: Clock, keep: int) -> Answer:
        """Return what a command says now, or what it said last where it takes too long.

        :param keep: bytes of its output that are kept
        """
        patience = SHORT_PATIENCE
        with self._lock:
            if tuple(argv) != self._argv:
                self._argv, self._last, self._ended = tuple(argv), Answer(None), float("-inf")
            if self._done.is_set() and clock.monotonic() - self._ended >= FRESH:
                self._done.clear()
                patience = PATIENCE
                threading.Thread(
                    target=self._run, args=(tuple(argv), clock, keep), name="log command", daemon=True
                ).start()
        ended = self._done.wait(patience)
        with self._lock:
            last = self._last
        return last if ended else Answer(last.output, last.trouble, waiting=True)

    def _run(self, argv: tuple[str, ...], clock: Clock, keep: int) -> None:
        answer = Answer(None, "The log command failed.")
        try:
            output = last_output(argv, clock, limit=LIMIT, keep=keep)
            answer = Answer(output, _trouble(output))
        except CommandError as error:
            answer = Answer(None, f"{error}.")
        finally:
            with self._lock:
                if argv == self._argv:
                    self._last, self._ended = answer, clock.monotonic()
            self._done.set()


def _trouble(output: Output) -> str:
    """Return in words what went wrong with the command, nothing where all is well."""
    if output.code is None:
        return f"The command did not end within {LIMIT:.0f} seconds. Below is what it said so far."
    if output.code:
        return f"The command ended with exit code {output.code}. Try it as the user that pyCA runs as."
    return ""
