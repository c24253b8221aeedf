"""One input of one recording: its parts, one after the other, until the event is over."""

import contextlib
import logging
from collections.abc import Callable

from pyca.capture.inputs import Job
from pyca.capture.part import RunningPart, start_part
from pyca.capture.salvage import keep
from pyca.config.settings import Capture
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.states import Outcome
from pyca.core.units import show_size
from pyca.media.ffmpeg import substitute
from pyca.runtime.child import Exit
from pyca.runtime.disk import free_bytes

logger = logging.getLogger(__name__)

SLACK = 1.0
"""A command that ends so few seconds before the event has done its work."""
SELF_ENDING_SLACK = 3.0
"""The same for commands that were told their length: FFmpeg's own clock starts with the first frame."""
FULL = 4_000_000
"""Free bytes below which a command's end is put down to the disk."""
STABLE = 10.0
"""A part that lived so long was no failed start: the next one follows at once."""


class Lane:
    """Keeps one input recording.

    :param on_start: called with each part that was started
    :param on_end: called with each part that ended, and how
    :param on_keep: called with old → new name of files that were moved out of a command's way
    """

    def __init__(
        self,
        job: Job,
        capture: Capture,
        clock: Clock,
        *,
        environ: dict[str, str],
        on_start: Callable[[RunningPart], None],
        on_end: Callable[[RunningPart, Exit], None],
        on_keep: Callable[[dict[str, str]], None],
    ) -> None:
        self.job = job
        self.part: RunningPart | None = None
        self.errors: list[str] = []
        self.parts = 0
        self.interrupted = False
        self._capture = capture
        self._clock = clock
        self._environ = environ
        self._on_start = on_start
        self._on_end = on_end
        self._on_keep = on_keep
        self._backoff = Backoff(first=0.5, limit=30.0, jitter=0.1)
        self._failures = 0
        self._retry: float | None = None
        self._argv: list[str] | None = None
        self._stopping = False

    @property
    def ended(self) -> bool:
        """True where nothing runs and nothing will."""
        return self.part is None and self._retry is None

    def prepare(self, end: float, start: float) -> None:
        """Do ahead of time what can be done, so that the start itself is only the start.

        What fails here is tried again, and told, at the start.
        """
        with contextlib.suppress(PycaError, OSError):
            self.job.make_folders()
            self._argv = substitute(self.job.argv(self.parts + 1, end - start), self._environ)

    def adopt(self, part: RunningPart) -> None:
        """Go on with a command that was already running."""
        self.part, self.parts = part, part.number

    def resume(self, parts: int, now: float) -> None:
        """Go on after a gap; the next part starts at the next tick."""
        self.parts, self._retry, self.interrupted = parts, now, True
        self.errors.append(f"{self.job.name}: interrupted while the capture service was not running")

    def start(self, end: float) -> None:
        """Start the next part."""
        number = self.parts + 1
        self._retry = None
        try:
            argv = self._argv or self._late_argv(number, end)
            # The first part too: an earlier run may have ended before the database heard of its files.
            self._keep(keep(self.job.files(number)))
            part = start_part(self.job, number, argv, end, self._capture, self._clock)
        except PycaError as error:
            self._failed(str(error))
            return
        except OSError as error:
            where = error.filename or self.job.folder
            self._failed(f"{where}: {error.strerror} (check that pyCA may write there)")
            return
        finally:
            self._argv = None
        self.part, self.parts = part, number
        self._on_start(part)

    def _keep(self, moved: dict[str, str]) -> None:
        for old, new in moved.items():
            logger.warning("%s was there already and is kept as %s", old, new)
        self._on_keep(moved)

    def _late_argv(self, number: int, end: float) -> list[str]:
        self.job.make_folders()
        return substitute(self.job.argv(number, end - self._clock.now()), self._environ)

    def stop(self, now: float) -> None:
        """End this input now; nothing is started again."""
        self._stopping, self._retry = True, None
        if self.part:
            self.part.stop(now)

    def move_end(self, end: float) -> None:
        """Follow a new end of the event."""
        if self.part:
            self.part.move_end(end)

    def tick(self, end: float) -> None:
        """Look after the running part, start the next one where one is due."""
        now = self._clock.now()
        if self.part:
            ended = self.part.tick(now, self._clock.monotonic())
            self._warn(self.part.watch.warning)
            if ended is None:
                return
            self._finish(self.part, ended, end)
        if self._retry is not None and self._retry <= now:
            if end - now > SLACK:
                self.start(end)
            else:
                self._retry = None

    def next_due(self) -> float:
        """Return the moment at which this input wants attention."""
        if self.part:
            return self.part.next_due(self._clock.now())
        return self._retry if self._retry is not None else float("inf")

    def _finish(self, part: RunningPart, ended: Exit, end: float) -> None:
        self.part = None
        part.child.close()
        lived = self._clock.monotonic() - part.monotonic
        self._on_end(part, ended)
        if self._stopping or self._complete(part, lived, end):
            return
        self.interrupted = True
        self._failures = 0 if lived >= STABLE else self._failures
        reason = part.explain(ended)
        if ended.outcome is Outcome.FINISHED:
            reason += ", but the event was not over"
        self._failed(self._full_disk() or reason, at_once=lived >= STABLE)

    def _full_disk(self) -> str:
        """Tell where the disk is full: what the command had to say about it found no place there either."""
        free = free_bytes(self.job.folder)
        if free is None or free > FULL:
            return ""
        return f"{self.job.name}: the disk is full, {show_size(free)} are free in {self.job.folder}"

    def _complete(self, part: RunningPart, lived: float, end: float) -> bool:
        """Tell whether the command ended because its work was done; its exit code proves nothing."""
        missing = end - self._clock.now()
        if missing <= SLACK:
            return True
        if not part.job.self_ending:
            return False
        # Told a length and kept it. Where the event was extended meanwhile a continuation follows at once.
        kept = lived >= part.asked - SELF_ENDING_SLACK
        if kept and missing > SELF_ENDING_SLACK:
            self._retry = self._clock.now()
        return kept

    def _warn(self, warning: str) -> None:
        if warning and warning not in self.errors:
            self.errors.append(warning)
            logger.error("%s: %s", self.job.name, warning)

    def _failed(self, reason: str, *, at_once: bool = False) -> None:
        self._failures += 1
        pause = 0.0 if at_once else self._backoff.pause(self._failures)
        self._retry = self._clock.now() + pause
        self.errors.append(reason)
        logger.error("%s; next try in %.1f s", reason, pause)
