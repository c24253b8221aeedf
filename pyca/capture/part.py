"""One run of one input's command, from its start to its last byte."""

import logging
import signal
from dataclasses import dataclass
from pathlib import Path

from pyca.capture.context import Context
from pyca.capture.inputs import Job
from pyca.capture.signal import Signal, signal_of
from pyca.capture.watch import PERIOD, FileWatch, last_written
from pyca.config.settings import Capture
from pyca.core.clock import Clock
from pyca.core.recording import Part
from pyca.core.states import Outcome
from pyca.media.explain import explain
from pyca.runtime.child import Child, Exit
from pyca.runtime.ladder import StopLadder

logger = logging.getLogger(__name__)

DEAF = 30.0
"""Seconds after SIGKILL that are left to a command before it is given up."""
CLOSING = 10.0
"""Seconds for which a command may leave its files untouched while the service wants to end."""
STUCK = ((0.0, int(signal.SIGINT)), (3.0, int(signal.SIGTERM)), (6.0, int(signal.SIGKILL)))
"""A frozen source may leave FFmpeg deaf for the first signal."""


@dataclass
class RunningPart:
    """A command that runs, with its stop ladder.

    :param asked: how long it was told to record, in seconds
    """

    job: Job
    number: int
    child: Child
    ladder: StopLadder
    files: tuple[Path, ...]
    started: float
    monotonic: float
    asked: float
    watch: FileWatch
    signal: Signal | None
    row: int | None = None
    """the part's id in the database, once it is written"""
    killed: float | None = None
    trouble: str = ""
    """why pyCA ended it before its time"""
    _written: list[tuple[int, int]] | None = None
    _written_at: float = 0.0

    def move_end(self, end: float) -> None:
        """Follow a new end of the event. A command that was told its length keeps to it."""
        self.ladder = self.ladder.moved(end)

    def stop(self, now: float) -> None:
        """End the command now, whatever the event says."""
        self.ladder = self.ladder.now_stop(now)

    def hasten(self, now: float, monotonic: float) -> None:
        """End the command soon where it does not close its files: nobody can wait for it now."""
        written = [last_written(file) for file in self.files]
        if written != self._written:
            self._written, self._written_at = written, monotonic
        elif not self.trouble and monotonic - self._written_at >= CLOSING:
            self.trouble = f"{self.job.name}: the command did not close its files and is ended"
            self.ladder = StopLadder(now, STUCK)

    def tick(self, now: float, monotonic: float) -> Exit | None:
        """Send what is due and return how the command ended; None while it runs."""
        ended = self.child.poll(self.job.input.exit_code)
        if ended is None and self._deaf(now):
            return Exit(Outcome.KILLED, None, f"{self.child.name} cannot be ended and is left alone")
        if ended is None:
            self._look(now, monotonic)
            for number in self.ladder.due(now):
                self.killed = now if number == signal.SIGKILL else self.killed
                logger.info("%s: signal %d to the command", self.job.name, number)
                self.child.signal(number)
        return ended

    def next_due(self, now: float) -> float:
        """Return the moment of the next signal or the next look at the files."""
        moment = self.ladder.next_due()
        look = now + PERIOD  # at the files, and at whether it listens at all
        return look if moment is None else min(moment, look)

    def _deaf(self, now: float) -> bool:
        """Tell whether not even SIGKILL ended it: it may run as another user, and is not waited for."""
        return self.killed is not None and now > self.killed + DEAF

    def _look(self, now: float, monotonic: float) -> None:
        """End a command that has stopped writing, quickly: what comes next records again."""
        if self.ladder.begun or not self.watch.stuck(monotonic):
            return
        self.trouble = f"{self.job.name}: the command stopped writing and is replaced"
        self.ladder = StopLadder(now, STUCK)

    def explain(self, ended: Exit) -> str:
        """Return why the command ended, in words, with what it said last."""
        if self.trouble:
            return self.trouble
        if ended.outcome is Outcome.STOPPED:
            return f"{self.job.name}: {ended.message}"
        reason = explain(self.child.tail())
        return f"{self.job.name}: {ended.message}" + (f": {reason}" if reason else "")

    def record(self, uid: str) -> Part:
        """Return the part as it is stored."""
        return Part(
            uid=uid,
            input=self.job.name,
            number=self.number,
            started=self.started,
            pid=self.child.pid,
            pid_started=self.child.pid_started,
            files=tuple(str(file) for file in self.files),
            flavors=self.job.input.flavors,
        )


def start_part(
    job: Job, number: int, argv: list[str], end: float, context: Context, clock: Clock
) -> RunningPart:
    """Start a command. This is the moment that must not be late: nothing slow may stand here.

    :param argv: the command line, prepared before
    :param clock: the recording's own clock
    :raises CommandError: where it cannot be started
    """
    started, monotonic = clock.now(), clock.monotonic()
    child = context.commands.start(
        argv, clock=clock, log_file=job.log_file(number), output=job.health_file(number)
    )
    return RunningPart(
        job=job,
        number=number,
        child=child,
        ladder=plan_ladder(job, end, context.settings.capture),
        files=job.files(number),
        started=started,
        monotonic=monotonic,
        asked=end - started,
        watch=FileWatch(job.files(number), monotonic),
        signal=_signal(job, number, context),
    )


def adopt_part(job: Job, part: Part, end: float, context: Context, clock: Clock) -> RunningPart | None:
    """Take over a command that outlived the service; None where it is gone."""
    child = context.commands.adopt(
        part.pid, part.pid_started, clock=clock, log_file=job.log_file(part.number)
    )
    if child is None:
        return None
    files = tuple(Path(file) for file in part.files)
    return RunningPart(
        job=job,
        number=part.number,
        child=child,
        ladder=plan_ladder(job, end, context.settings.capture),
        files=files,
        watch=FileWatch(files, clock.monotonic()),
        signal=_signal(job, part.number, context),
        started=part.started,
        monotonic=clock.monotonic() - (clock.now() - part.started),
        asked=end - part.started,
        row=part.id,
    )


def _signal(job: Job, number: int, context: Context) -> Signal | None:
    return signal_of(job, number, context.settings.health, context.looker)


def plan_ladder(job: Job, end: float, capture: Capture) -> StopLadder:
    """Return when this command gets which signal."""
    return StopLadder.plan(
        end,
        self_ending=job.self_ending,
        sigcustom=capture.sigcustom,
        sigcustom_time=capture.sigcustom_time,
        sigterm_time=capture.sigterm_time,
        sigkill_time=capture.sigkill_time,
    )
