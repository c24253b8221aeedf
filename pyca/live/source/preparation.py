"""Finding out how a program is run: that asks devices and other programs, and may take seconds."""

import os
from collections.abc import Callable
from threading import Thread

from pyca.live.source.encoding import CameraCommand
from pyca.runtime.listen import pipe_of_words

MakeCommand = Callable[[int], CameraCommand]
"""is told the descriptor to which progress goes, and gives FLV on standard output"""


class Preparation:
    """Makes one command in a thread of its own, so that nobody waits for it.

    Who gives it up closes it; a thread that still asks something then works for nobody.
    """

    def __init__(self, make: MakeCommand) -> None:
        self._make = make
        self._made: CameraCommand | None = None
        self._error: Exception | None = None
        self._pipe: tuple[int, int] | None = pipe_of_words()
        # As a daemon it keeps nobody from ending, whatever hangs in a device.
        self._thread = Thread(target=self._work, args=(self._pipe[1],), name="live-command", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """True when there is a command, or the reason why there is none."""
        return not self._thread.is_alive()

    def command(self) -> CameraCommand:
        """Return the command, when it is done.

        :raises PycaError: where there can be none now
        """
        if self._made is None:
            raise self._error or RuntimeError("nothing was prepared")
        return self._made

    def pipe(self) -> tuple[int, int]:
        """Hand over the ends of the pipe for progress: ours, and the one that the command names."""
        if self._pipe is None:
            raise RuntimeError("the pipe was handed over already")
        pipe, self._pipe = self._pipe, None
        return pipe

    def close(self) -> None:
        """Release what was not handed over."""
        for descriptor in self._pipe or ():
            os.close(descriptor)
        self._pipe = None

    def _work(self, progress: int) -> None:
        try:
            self._made = self._make(progress)
        # Whoever takes the command gets it.
        except Exception as error:
            self._error = error
