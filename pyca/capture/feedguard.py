"""Takes what is passed on to the stream out of a command, where the recording could suffer by it."""

import logging
from collections.abc import Callable

from pyca.capture.feeds import Fitness
from pyca.capture.inputs import Job

logger = logging.getLogger(__name__)


class FeedGuard:
    """Decides for each part of one input whether it passes on what it records.

    :param fitness: knows what programs lack
    :param tell: is told why nothing is passed on, and an empty text when that is over
    """

    def __init__(self, fitness: Fitness, tell: Callable[[str], None]) -> None:
        self._fitness = fitness
        self._tell = tell
        self._off = False

    def guarded(self, job: Job) -> Job:
        """Return what is run for the next part."""
        return job.without_feed() if self._off else job

    def ask(self, job: Job, argv: list[str]) -> str:
        """Return what a command's program lacks. What is not known yet is asked in the background."""
        return self._fitness.lack(argv[0], job.input.command) if job.feeding else ""

    def refuses(self, job: Job, argv: list[str]) -> bool:
        """Tell whether a command must not be run as it is: its program is known to lack something."""
        lack = "" if self._off else self.ask(job, argv)
        if lack:
            self._cut(job, f"{argv[0]} has {lack}")
        return bool(lack)

    def failed(self, job: Job, reason: str) -> bool:
        """Take note of a part that failed soon after its start; True where the next one shall follow at once.

        Whether it failed for what it passed on cannot be known. One that fails without as well does not.
        """
        if self._off:
            self._off = False
            self._tell("")
        elif job.feeding:
            self._cut(job, f"a command that did so failed: {reason}")
        return self._off

    def _cut(self, job: Job, reason: str) -> None:
        self._off = True
        text = f"nothing is passed on to the stream: {reason}"
        logger.error("%s: %s", job.name, text)
        self._tell(text)
