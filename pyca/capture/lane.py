"""One input of one recording: its parts, one after the other, until the event is over."""

import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pyca.capture.context import Context
from pyca.capture.feedguard import FeedGuard
from pyca.capture.inputs import Job
from pyca.capture.part import RunningPart, adopt_part, start_part
from pyca.capture.place import FULL, choose
from pyca.capture.salvage import found_parts, keep
from pyca.capture.watch import PERIOD
from pyca.core.alarm import AlarmKind
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.states import Outcome
from pyca.core.units import show_size
from pyca.media.ffmpeg import substitute
from pyca.media.levels import Sounding
from pyca.runtime.child import Exit
from pyca.runtime.disk import free_bytes, is_there

logger = logging.getLogger(__name__)

SLACK = 1.0
"""A command that ends so few seconds before the event has done its work."""
SELF_ENDING_SLACK = 3.0
"""The same for commands that were told their length: FFmpeg's own clock starts with the first frame."""
UNNOTED = 3
"""Parts in a row of which the database may not have heard."""
QUIET = 10.0
"""Seconds without a fault of sound or picture after which its alarm is over."""
STABLE = 10.0
"""A part that lived so long was no failed start: the next one follows at once."""


class Listener(Protocol):
    """Who wants to know what happens to an input."""

    def part_started(self, part: RunningPart) -> None:
        """Take note of a part that was started."""
        ...

    def part_ended(self, part: RunningPart, ended: Exit) -> None:
        """Take note of a part that ended, and how."""
        ...

    def files_kept(self, moved: dict[str, str]) -> None:
        """Take note of files that were moved out of a command's way, as old → new name."""
        ...

    def alert(self, kind: AlarmKind, text: str, source: str) -> None:
        """Raise an alarm for this input."""
        ...

    def clear(self, kind: AlarmKind, source: str) -> None:
        """Say that the alarm for this input is over."""
        ...


class Lane:
    """Keeps one input recording.

    :param fallback: the folder for what finds no room in the job's own one
    :param clock: the recording's own clock
    """

    def __init__(
        self,
        job: Job,
        fallback: Path | None,
        context: Context,
        clock: Clock,
        listener: Listener,
        environ: dict[str, str],
    ) -> None:
        self.job = job
        self.part: RunningPart | None = None
        self.errors: list[str] = []
        self.parts = 0
        self.interrupted = False
        self._usual = job
        self._fallback = job.within(fallback) if fallback else None
        self._context = context
        self._clock = clock
        self._listener = listener
        self._environ = environ
        self._backoff = Backoff(first=0.5, limit=30.0, jitter=0.1)
        self._failures = 0
        self._retry: float | None = None
        self._argv: list[str] | None = None
        self._length = 0.0
        self._full = False
        self._listen_due = 0.0
        self._faulty: dict[AlarmKind, float] = {}
        self._refused = False
        self._guard = FeedGuard(context.fitness, self._tell_of_feed)
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
            self._length = end - start
            self._argv = self._make_ready(self.parts + 1, self._length)
            self._guard.ask(self.job, self._argv)

    def adopt(self, part: RunningPart) -> None:
        """Go on with a command that was already running."""
        self.part, self.parts = part, part.number

    def resume(self, parts: int, now: float, end: float) -> None:
        """Go on after a gap; the next part starts at the next tick."""
        self.parts, self.interrupted = parts, True
        if self.take_over(end):
            return
        self._retry = now
        self.errors.append(f"{self.job.name}: interrupted while the capture service was not running")

    def take_over(self, end: float) -> bool:
        """Go on with a command of which an earlier run of the service could not note anything any more."""
        places = [self._usual, self._fallback] if self._fallback else [self._usual]
        # This look is all that stands between an ordinary event and its start.
        numbers = range(self.parts + 1, self.parts + 1 + UNNOTED)
        expected = {file for job in places for number in numbers for file in job.files(number)}
        if not any(is_there(file) for file in expected):
            return False
        for job in places:
            for found in found_parts("", [job], ()):
                files = tuple(Path(file) for file in found.files)
                process = self._context.commands.writing(files)
                if process is None:
                    continue
                known = replace(found, pid=process[0], pid_started=process[1])
                part = adopt_part(job, known, end, self._context, self._clock)
                if part is not None:
                    logger.warning("%s: a command that nobody noted goes on recording", job.name)
                    self.job, self._argv = job, None
                    self.adopt(part)
                    self._listener.part_started(part)
                    return True
        return False

    def start(self, end: float) -> None:
        """Start the next part."""
        number = self.parts + 1
        self._retry = None
        try:
            length = end - self._clock.now()
            if self.job.self_ending and abs(length - self._length) > SLACK:
                self._argv = None  # the clock was set meanwhile: the command would go by the old length
            argv = self._argv or self._make_ready(number, length)
            if self._guard.refuses(self.job, argv):
                argv = self._make_ready(number, length)
            # The first part too: an earlier run may have ended before the database heard of its files.
            self._keep(keep(self.job.files(number)))
            part = start_part(self.job, number, argv, end, self._context, self._clock)
        except PycaError as error:
            self._refused = isinstance(error.__cause__, OSError) and self.job is self._usual
            self._failed(str(error))
            return
        except OSError as error:
            where = error.filename or self.job.folder
            self._refused = self.job is self._usual
            self._failed(f"{where}: {error.strerror} (check that pyCA may write there)")
            return
        finally:
            self._argv = None
        self.part, self.parts = part, number
        self._listener.part_started(part)
        if self.job is self._fallback:
            self._alert(AlarmKind.DISK, f"recorded to {self.job.folder}: {self._usual.folder} has no room")

    def _make_ready(self, number: int, seconds: float) -> list[str]:
        """Choose a folder and return the command line."""
        self.job = self._choose()
        self.job.make_folders()
        return substitute(self._guard.guarded(self.job).argv(number, seconds), self._environ)

    def _choose(self) -> Job:
        if self._refused and self._fallback:
            # The disk took no file a moment ago, whatever it says of its room.
            return self._fallback
        return choose(self._usual, self._fallback, self._context.settings.capture.minimum_free)

    def _keep(self, moved: dict[str, str]) -> None:
        for old, new in moved.items():
            logger.warning("%s was there already and is kept as %s", old, new)
        self._listener.files_kept(moved)

    def stop(self, now: float) -> None:
        """End this input now; nothing is started again."""
        self._stopping, self._retry = True, None
        if self.part:
            self.part.stop(now)

    def hasten(self) -> None:
        """End what does not end by itself; called again and again while the service waits to end."""
        if self.part:
            self.part.hasten(self._clock.now(), self._clock.monotonic())

    def move_end(self, end: float) -> None:
        """Follow a new end of the event."""
        if self.part:
            self.part.move_end(end)

    def tick(self, end: float) -> None:
        """Look after the running part, start the next one where one is due."""
        now = self._clock.now()
        if self.part:
            ended = self.part.tick(now, self._clock.monotonic())
            if ended is None:
                self._look_after(self.part)
                return
            self._finish(self.part, ended, end)
        if self._retry is not None and (self._retry <= now or self._room_again()):
            if end - now > SLACK:
                self.start(end)
            else:
                self._retry = None

    def loudness(self) -> Sounding | None:
        """Return how loud the input is; None where it does not run, or does not measure that."""
        heard = self.part.signal.loudness() if self.part and self.part.signal else None
        if heard is None:
            return None
        ago = self._clock.monotonic() - heard.moment
        return Sounding(heard.rms, heard.peak, self._context.clock.now() - ago)

    def next_due(self) -> float:
        """Return the moment at which this input wants attention."""
        if self.part:
            return self.part.next_due(self._clock.now())
        if self._retry is None:
            return float("inf")
        return min(self._retry, self._clock.now() + PERIOD) if self._full else self._retry

    def _finish(self, part: RunningPart, ended: Exit, end: float) -> None:
        self.part = None
        part.child.close()
        lived = self._clock.monotonic() - part.monotonic
        self._listener.part_ended(part, ended)
        if self._stopping or self._complete(part, lived, end):
            return
        self.interrupted = True
        self._failures = 0 if lived >= STABLE else self._failures
        reason = part.explain(ended)
        if ended.outcome is Outcome.FINISHED:
            reason += ", but the event was not over"
        full, early = self._full_disk(), lived < STABLE
        at_once = not early or (not full and self._guard.failed(part.job, reason))
        self._failed(full or reason, at_once=at_once)

    def _full_disk(self) -> str:
        """Tell where the disk is full: what the command had to say about it found no place there either."""
        free = free_bytes(self.job.folder)
        if free is None or free > FULL:
            return ""
        return f"{self.job.name}: the disk is full, {show_size(free)} are free in {self.job.folder}"

    def _room_again(self) -> bool:
        """Tell whether a full disk has been cleared: then the next part need not wait for its turn."""
        return self._full and not self._full_disk()

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

    def _look_after(self, part: RunningPart) -> None:
        """Tell whether the command does what it should."""
        now = self._clock.monotonic()
        if now - part.monotonic >= STABLE:
            self._clear(AlarmKind.COMMAND)
        self._listen(part, now)
        warning = part.watch.warning
        if warning and warning not in self.errors:
            self.errors.append(warning)
        trouble = part.trouble or warning
        if not trouble and part.watch.pausing(now):
            trouble = "the command has stopped writing"
        if trouble:
            self._alert(AlarmKind.NO_DATA, trouble)
        elif part.watch.grown:
            self._clear(AlarmKind.NO_DATA)

    def _listen(self, part: RunningPart, now: float) -> None:
        """Tell whether sound and picture are what they should be."""
        if part.signal is None or now < self._listen_due:
            return
        self._listen_due = now + PERIOD
        faults = {fault.kind: fault.detail for fault in part.signal.faults(now)}
        for kind in map(AlarmKind, self.job.input.watch_for):
            if kind in faults:
                self._faulty[kind] = now
                self._alert(kind, faults[kind])
            elif now - self._faulty.get(kind, now - QUIET) >= QUIET:
                self._clear(kind)

    def _failed(self, reason: str, *, at_once: bool = False) -> None:
        self._failures += 1
        self._full = bool(self._full_disk())
        at_once = at_once or (self._full and self._choose() is not self.job)
        pause = 0.0 if at_once else self._backoff.pause(self._failures)
        self._retry = self._clock.now() + pause
        self.errors.append(reason)
        logger.error("%s; next try in %.1f s", reason, pause)
        self._alert(AlarmKind.COMMAND, reason)

    def _alert(self, kind: AlarmKind, text: str) -> None:
        self._listener.alert(kind, text, self.job.name)

    def _tell_of_feed(self, text: str) -> None:
        if text:
            self._alert(AlarmKind.LIVE, text)
        else:
            self._clear(AlarmKind.LIVE)

    def _clear(self, kind: AlarmKind) -> None:
        self._listener.clear(kind, self.job.name)
