"""A program that is kept going: started, watched, replaced when it ends, hangs or never shows anything."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from pyca.core.backoff import Backoff
from pyca.core.errors import PycaError
from pyca.core.live import Program
from pyca.live.flow.flv import Tag
from pyca.live.source.preparation import MakeCommand, Preparation
from pyca.live.source.run import Means, Run

logger = logging.getLogger(__name__)

STALL = 3.0
"""seconds without a picture after which a program hangs"""
FIRST_PICTURE = 15.0
"""seconds that a camera may need for its first picture"""
_PAUSES = Backoff(first=0.5, limit=15.0)
_STEADY = 30.0
"""seconds of pictures after which earlier failures are forgotten"""
_SOON = 0.05
"""seconds between two looks at whether the next run is prepared"""
_UNFORESEEN = "it has failed, and the log says why"

_NAMES = {Program.CAMERA: "the input", Program.SLATE: "the standby picture"}


class Producer:
    """Keeps one program running from start to stop.

    :param send: is told the tags as they come
    :param lost: is called when no more tags come from the present run
    :param note: is told what happens: a level such as “warning”, and a text
    """

    def __init__(
        self,
        program: Program,
        means: Means,
        *,
        send: Callable[[Sequence[Tag]], None],
        lost: Callable[[], None],
        note: Callable[[str, str], None],
    ) -> None:
        self._means = replace(means, watch=means.watch.guarded(self._break))
        self._clock = means.surroundings.clock
        self._name = _NAMES.get(program, str(program))
        self._send = send
        self._lost = lost
        self._note = note
        self._make: MakeCommand | None = None
        self._preparation: Preparation | None = None
        self._run: Run | None = None
        self._leaving: Run | None = None
        self._next = 0.0
        self._failures = 0
        self.restarts = 0
        """how often a run was replaced because it failed"""
        self.error = ""
        """why the last run failed; empty since pictures came again"""
        self.hopeless = False
        """True where no run has ever given a picture, and none will"""
        self._dropped = 0
        self._shown = False
        self._told: set[str] = set()
        self._noted = ""

    @property
    def wanted(self) -> bool:
        """True from start to stop."""
        return self._make is not None

    @property
    def idle(self) -> bool:
        """True when no process is left and none is wanted."""
        return not self.wanted and self._run is None and self._leaving is None

    @property
    def dropped(self) -> int:
        """Frames that all runs had to leave out."""
        return self._dropped + ((self._run and self._run.progress.dropped) or 0)

    def start(self, make: MakeCommand) -> None:
        """Make a program run from now on; one that runs already is replaced by it."""
        self.stop()
        self._make = make
        self._failures = 0
        self._next = 0.0

    def stop(self, *, at_once: bool = False) -> None:
        """Let the program end.

        :param at_once: kill it: what it has is needed elsewhere now
        """
        self._make = None
        self.error = ""
        self._forget_preparation()
        self._end_run()
        if at_once and self._leaving is not None:
            self._leaving.kill()

    def tick(self, now: float) -> float:
        """Do what is due and return when to be called again."""
        try:
            return self._tick(now)
        except Exception:
            logger.exception("%s has failed", self._name)
            self._break()
            return now

    def close(self) -> None:
        """Kill what is left, and release it."""
        self.stop()
        if self._leaving is not None:
            self._leaving.close()
            self._leaving = None

    def _tick(self, now: float) -> float:
        due = [now + STALL]
        if self._leaving is not None:
            due.append(self._leaving.tick(now) or now + STALL)
            if self._leaving.ended:
                due.pop()
                self._leaving.close()
                self._leaving = None
        if self._run is not None:
            due.append(self._look_at(self._run, now))
        elif self._make is not None and self._leaving is None:
            # A device has one user: the next run waits for the end of the one before.
            due.append(self._prepare(self._make, now))
        return min(due)

    def _prepare(self, make: MakeCommand, now: float) -> float:
        """Find out how the next run is made, and begin it when that is known."""
        if now < self._next:
            return self._next
        if self._preparation is None:
            self._preparation = Preparation(make)
        if not self._preparation.done:
            return now + _SOON
        try:
            self._begin(self._preparation)
        except PycaError as error:
            self._failed(str(error), now)
        finally:
            self._forget_preparation()
        return max(self._next, now)

    def _forget_preparation(self) -> None:
        preparation, self._preparation = self._preparation, None
        if preparation is not None:
            preparation.close()

    def _begin(self, preparation: Preparation) -> None:
        self._run = Run(preparation, self._means, self._send)
        for text in self._run.notes:
            if text not in self._told:
                self._told.add(text)
                self._note("info", text)

    def _look_at(self, run: Run, now: float) -> float:
        run.tick(now)
        since = run.started if run.pictured is None else run.pictured
        patience = FIRST_PICTURE if run.pictured is None else STALL
        if run.ended or run.wrong:
            self.hopeless = self.hopeless or (run.unfit and not self._shown)
            self._failed(run.why() or "it ended by itself", now)
        elif now >= since + patience:
            words = "gave no picture" if run.pictured is None else "stopped giving pictures"
            why = run.why()
            self._failed(f"it {words} for {patience:.0f} s" + (f": {why}" if why else ""), now)
        elif run.pictured is not None:
            self.error = ""
            self._shown = True
            if run.pictured > run.started + _STEADY:
                self._failures = 0
        return max(since + patience, now)

    def _failed(self, why: str, now: float) -> None:
        self._failures += 1
        self.restarts += 1
        self.error = f"{self._name}: {why}"
        pause = _PAUSES.pause(self._failures)
        self._next = now + pause
        # What fails for days shall not fill the log: each time as often as it has failed before.
        if self.error != self._noted or self._failures.bit_count() == 1:
            self._noted = self.error
            self._note("warning", f"{self.error}; next try in {pause:.1f} s")
        self._end_run()

    def _break(self) -> None:
        """Begin anew after something that nobody has foreseen: it must not cost the whole stream."""
        runs = [run for run in (self._run, self._leaving) if run is not None]
        self._run = self._leaving = None
        for run in runs:
            try:
                run.close()
            except Exception:
                logger.exception("%s cannot be ended", self._name)
        self._lost()
        if self.wanted:
            self._failed(_UNFORESEEN, self._clock.monotonic())

    def _end_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self._dropped += run.progress.dropped or 0
        run.stop()
        if self._leaving is not None:
            self._leaving.close()
        self._leaving = run
        self._lost()
