"""Descriptors of a program that is started: released together, also where the system has no more of them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pyca.core.errors import CommandError


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
