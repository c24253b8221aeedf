"""A file that a server sends by itself, and that says when it is closed."""

import io
from collections.abc import Callable


class LentFile(io.BufferedReader):
    """A file opened for reading.

    :param opened: an open file; it belongs to this one from now on
    """

    def __init__(self, opened: io.BufferedReader) -> None:
        self.closing: Callable[[], object] | None = None
        """called once, when it is closed"""
        super().__init__(opened.detach())

    def close(self) -> None:
        """Close it, however often this is asked for."""
        super().close()
        closing, self.closing = self.closing, None
        if closing is not None:
            closing()
