"""Cameras that another program reads for us: started, watched, and started again when they come back."""

import logging
import os
import re
import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.core.backoff import Backoff
from pyca.core.clock import SystemClock
from pyca.core.errors import CommandError, OfflineError, SourceError
from pyca.images.image import Size
from pyca.media.explain import explain
from pyca.runtime.child import Child, Pipes
from pyca.runtime.following import following
from pyca.runtime.listen import Sayings, pipe_of_frames, pipe_of_words
from pyca.runtime.scarce import ends
from pyca.sources.drain import Drain, Layout
from pyca.sources.frame import Frame
from pyca.sources.source import OFFLINE_SECONDS

logger = logging.getLogger(__name__)

_PAUSES = Backoff(first=0.5, limit=10.0)
_FIRST_IMAGE = 15.0
"""seconds that a camera may need for its first image"""
_POLITE = 0.2
"""seconds in which a program may take leave of its camera"""
_DYING = 0.1
"""seconds in which a killed program is gone, unless it hangs in the system, and then its reader"""
_HOPELESS = 30.0
"""seconds after which a killed program is left to the system"""
_NOWHERE = Path(os.devnull)
_COMES_IN = re.compile(r"graph .* input .* w:(\d+) h:(\d+) ")
"""what FFmpeg says whenever it gets to know the size of what it reads (since version 4, at least to 9)"""
_LINE_END = re.compile(r"[\r\n]")
_LONGEST_LINE = 10_000
"""characters of a line that are looked at"""
_CAUSE = re.compile(r"\[(?:panic|fatal|error|warning)\] ?")
_OTHER = re.compile(r"\[(?:info|verbose)\]")


@dataclass(frozen=True)
class Recipe:
    """What to run, and what is known about it.

    :param name: of the camera, as it may be shown to anybody
    :param command: returns the program's words
    :param check: raises a :class:`SourceError` where the camera is not there; answers within
        :data:`OFFLINE_SECONDS`
    :param layout: of what it writes; None where that says it itself
    :param size: of its images where that was wanted
    :param follows: True where the images shall have another size when what comes in has one, for which the
        program is started again
    :param stall: seconds without an image after which a camera is given up, and asked anew
    :param first: seconds in which the first image surely is there where all is well; None where nobody knows
    :param unasked: seconds in which the program of a camera that ``check`` cannot ask has found out whether
        it is there, and ends where it is not; None for others
    :param called: True where the camera calls the program: without an image it is not there
    :param lasting: False where the program ends by itself when all is shown
    """

    name: str
    command: Callable[[Mapping[str, str]], Sequence[str]]
    check: Callable[[], None]
    layout: Layout | None = None
    size: Size | None = None
    follows: bool = False
    stall: float = 5.0
    first: float | None = None
    unasked: float | None = None
    called: bool = False
    lasting: bool = True


class ProgramSource:
    """A camera that a program reads. The contract is :class:`pyca.sources.source.Source`."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._open = False
        self._run: _Run | None = None
        self._failures = 0
        self._next = 0.0
        self._lost = 0
        self._away = ""
        self._missed = 0.0
        """since when it is away, or when that was told last"""
        self._over = False
        self._size: Size | None = None

    def open(self) -> None:
        """See the contract."""
        self.close()
        self._lost, self._failures, self._away, self._over, self._size = 0, 0, "", False, None
        begin = time.monotonic()
        self._recipe.check()
        self._run = run = self._started()
        left = OFFLINE_SECONDS - (time.monotonic() - begin)
        size = run.drain.wait_for_size(self._recipe.first or self._recipe.unasked or max(left, 0.0))
        if size is None and (run.drain.ended or self._recipe.called):
            why = run.why() if run.drain.ended else "it has not called"
            self._put_away()
            sort = SourceError if self._recipe.first else OfflineError
            raise sort(f"{self._recipe.name} delivers nothing: {why}")
        self._open = True

    def size(self) -> Size:
        """See the contract."""
        if not self._open:
            raise SourceError(f"{self._recipe.name} is not open")
        run = self._run
        # A camera that is away for a moment comes back with what it had.
        known = run.drain.wait_for_size(0 if self._size else OFFLINE_SECONDS) if run else None
        self._size = known or self._size or self._recipe.size
        if self._size is None:
            raise SourceError(f"{self._recipe.name} has not sent an image yet, and its size is not known")
        return self._size

    def receive(self, timeout: float) -> Frame | None:
        """See the contract."""
        if not self._open:
            raise SourceError(f"{self._recipe.name} is not open")
        end = time.monotonic() + timeout
        if self._run and self._recipe.follows and self._run.size_changed:
            self._look_after()
        while True:
            left = max(end - time.monotonic(), 0.0)
            if self._run is None:
                time.sleep(min(left, max(self._next - time.monotonic(), 0.0)) if not self._over else left)
            elif frame := self._run.drain.take(left):
                self._note_image(self._run)
                return frame
            self._look_after()
            if time.monotonic() >= end:
                self._tell_where_away()
                return None

    def close(self) -> None:
        """See the contract."""
        self._open = False
        self._put_away()

    @property
    def lost(self) -> int:
        """Images that the program wrote and nobody got."""
        return self._lost + (self._run.drain.lost if self._run else 0)

    def _tell_where_away(self) -> None:
        now = time.monotonic()
        if self._away and now - self._missed >= OFFLINE_SECONDS:
            self._missed = now
            raise OfflineError(f"{self._recipe.name} is away: {self._away}")

    def _look_after(self) -> None:
        """Replace a program that has ended or hangs, when it is time to.

        :raises SourceError: where it sent something that is no image
        """
        run, now = self._run, time.monotonic()
        if run is None:
            if not self._over and now >= self._next:
                self._start_again()
            return
        if self._recipe.follows and run.size_changed:
            logger.info("%s sends images of another size", self._recipe.name)
            self._put_away()
            self._next = now
            return
        stalled = now - (run.drain.came or run.started) > max(
            self._recipe.stall, _FIRST_IMAGE if run.drain.came is None else 0
        )
        if not (run.drain.ended or stalled):
            return
        if run.drain.ended and run.drain.came and not self._recipe.lasting:
            logger.info("%s has come to its end", self._recipe.name)
            self._put_away()
            self._over = True
            return
        garbage = run.drain.garbage
        self._note_failure(f"nothing came for {self._recipe.stall:g} s" if stalled else run.why())
        if garbage:
            raise SourceError(f"{self._recipe.name}: {garbage}")

    def _start_again(self) -> None:
        try:
            self._run = self._started()
        except (CommandError, SourceError) as error:
            self._note_failure(str(error))

    def _note_failure(self, why: str) -> None:
        self._put_away()
        self._failures += 1
        self._next = time.monotonic() + _PAUSES.pause(self._failures)
        if not self._away:
            logger.warning("%s is away: %s; it is tried again and again", self._recipe.name, why)
            self._missed = time.monotonic()
        self._away = why

    def _note_image(self, run: "_Run") -> None:
        self._size = run.drain.size
        self._failures = 0
        if self._away:
            logger.info("%s is back", self._recipe.name)
            self._away = ""

    def _started(self) -> "_Run":
        """Start the program.

        :raises SourceError: where that is not possible
        """
        try:
            return _Run(self._recipe, dict(os.environ))
        except CommandError as error:
            raise SourceError(f"{self._recipe.name}: {error.message}", error.remedy) from error

    def _put_away(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()
            self._lost += run.drain.lost


class _Run:
    """One run of the program, which begins by making it."""

    def __init__(self, recipe: Recipe, environ: Mapping[str, str]) -> None:
        self._sayings = Sayings()
        self._came_in: set[tuple[str, ...]] = set()
        self._rest = ""
        self.started = time.monotonic()
        argv = following(recipe.command(environ), environ)
        with ends(argv[0]) as ours, ends(argv[0]) as theirs:
            images, images_in = pipe_of_frames()
            ours.hold(images)
            theirs.hold(images_in)
            words, words_in = pipe_of_words()
            ours.hold(words)
            theirs.hold(words_in)
            pipes = Pipes(stdout=images_in, stderr=words_in)
            self._child = Child.start(argv, clock=SystemClock(), log_file=_NOWHERE, env=environ, pipes=pipes)
            ours.pop_all()
        self.drain = Drain(images, words, self._hear, recipe.layout)
        self.drain.start()

    @property
    def size_changed(self) -> bool:
        """True when what comes in has another size than at the beginning."""
        return len(self._came_in) > 1

    def why(self) -> str:
        """Return why nothing comes, in words for an operator."""
        if self.drain.garbage:
            return self.drain.garbage
        said = [line for line in str(self._sayings).splitlines() if not _OTHER.search(line)]
        return explain("\n".join(_CAUSE.sub("", line) for line in said)) or "it ended without a word"

    def end(self) -> None:
        """End the program: politely, for cameras that count their readers, and then at once."""
        for number, patience in ((signal.SIGTERM, _POLITE), (signal.SIGKILL, _DYING)):
            if not self._child.signal(number):
                break
            self._wait_for_end(patience)
        if self._child.poll() is None:
            # On a machine that does many things at once nobody waits for its last breath.
            threading.Thread(target=self._bury, name="last-breath", daemon=True).start()
        else:
            self._child.close()
        self.drain.stop(_DYING)

    def _wait_for_end(self, seconds: float) -> None:
        # Unlike select, poll takes descriptors of any number.
        poll = select.poll()
        poll.register(self._child, select.POLLIN)
        poll.poll(seconds * 1000)

    def _bury(self) -> None:
        self._wait_for_end(_HOPELESS)
        self._child.poll()
        self._child.close()

    def _hear(self, data: bytes) -> None:
        self._sayings.feed(data)
        # Progress is told in lines that end with \r.
        *lines, rest = _LINE_END.split(self._rest + data.decode("utf-8", "replace"))
        self._rest = rest[-_LONGEST_LINE:]
        self._came_in.update(match.groups() for line in lines if (match := _COMES_IN.search(line)))
