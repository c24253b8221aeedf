"""Descriptors: as many as a service may have, and those of a program that is started, released together."""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pyca.core.errors import CommandError

_MOST = 65_536
"""More descriptors than any service needs. Some libraries close every one that there could be."""


def allow_many() -> int:
    """Let this process, and those that it starts, have as many descriptors as the system grants it.

    Returns the limit that holds now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


class Ends(ExitStack):
    """Descriptors that are closed at its end."""

    def hold(self, descriptor: int) -> int:
        """Return a descriptor that is now ours to close."""
        self.callback(os.close, descriptor)
        return descriptor


@contextmanager
def ends(program: str) -> Iterator[Ends]:
    """Hold what a program is given until it has it.

    :raises CommandError: where the system cannot give what is asked for inside
    """
    try:
        with Ends() as held:
            yield held
    except OSError as error:
        raise CommandError(
            f"{program} cannot be started: {error.strerror}", "close programs, or allow pyCA more open files"
        ) from error


def held_pipe(reader: Ends, writer: Ends) -> tuple[int, int]:
    """Return the ends of a pipe, each held by whom it belongs to."""
    ours, theirs = os.pipe()
    return reader.hold(ours), writer.hold(theirs)
