"""One run of a program that makes pictures and sound: its processes and its pipes, from start to end."""

import contextlib
import logging
import os
import select
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.core.errors import PycaError
from pyca.live.flow.flv import Kind, Reader, Tag
from pyca.live.flow.leftovers import Leftovers
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.source.encoding import CameraCommand
from pyca.live.source.preparation import Preparation
from pyca.media.explain import explain
from pyca.media.progress import Progress, ProgressReader
from pyca.runtime.child import Child, Pipes
from pyca.runtime.ladder import GAP, StopLadder
from pyca.runtime.listen import Sayings, pipe_of_frames, pipe_of_words, read_all, room_of
from pyca.runtime.scarce import ends, held_pipe

logger = logging.getLogger(__name__)

HOPELESS = 20.0
"""seconds from the wish to its end after which a process that was killed is left to the system"""
_STEPS = ((0.0, int(signal.SIGINT)), (GAP, int(signal.SIGTERM)), (2 * GAP, int(signal.SIGKILL)))
_DYING = 2.0
"""seconds in which a killed process must be gone"""
_NOWHERE = Path(os.devnull)
_UNFIT = "not supported by the bitstream filter 'h264_mp4toannexb'"


@dataclass(frozen=True)
class Means:
    """What all programs work with."""

    surroundings: Surroundings
    watch: Watch
    leftovers: Leftovers


class Run:
    """The processes of one run. They are started by making it.

    :param prepared: how; it is done
    :param send: is told the tags as they come
    :raises PycaError: where they cannot be started
    """

    def __init__(self, prepared: Preparation, means: Means, send: Callable[[list[Tag]], None]) -> None:
        self._means = means
        self._clock = means.surroundings.clock
        self._send = send
        self._reader = Reader()
        self._progress_reader = ProgressReader()
        self._sayings = Sayings()
        self._ladder: StopLadder | None = None
        self._wrong = self._end = ""
        self._words = -1
        self._open: set[int] = set()
        self._children: list[Child] = []
        self.progress = Progress()
        self.started = self._clock.monotonic()
        self.pictured: float | None = None
        """when the last picture came"""
        self.notes: Sequence[str] = ()
        """what somebody who set the parameters may want to know"""
        self._start(prepared)

    @property
    def ended(self) -> bool:
        """True when no process is left."""
        return not self._children

    @property
    def wrong(self) -> bool:
        """True where what it sent was no FLV."""
        return bool(self._wrong)

    @property
    def unfit(self) -> bool:
        """True where what is to be copied is no H.264, which no patience changes."""
        return _UNFIT in self._said()

    def why(self) -> str:
        """Return what its processes said about their end, in words for an operator; empty without any."""
        return self._wrong or explain(self._said()) or self._end

    def stop(self) -> None:
        """Ask its processes to end, harder and harder. What they still send is thrown away."""
        if self._ladder is None:
            now = self._clock.monotonic()
            self._ladder = StopLadder(now, _STEPS)
            self.tick(now)

    def kill(self) -> None:
        """End its processes at once."""
        for child in self._children:
            child.signal(signal.SIGKILL)

    def tick(self, now: float) -> float | None:
        """Do what is due and return when something is due again; None for nothing."""
        for child in list(self._children):
            self._look_at(child)
        if self._ladder is None:
            return None
        if now >= self._ladder.end + HOPELESS:
            self._give_up()
        for number in self._ladder.due(now):
            for child in self._children:
                child.signal(number)
        return self._ladder.next_due() if self._children else None

    def _give_up(self) -> None:
        """Leave processes that do not even end when killed to the system, and to the next streamer."""
        for child in self._children:
            logger.error("process %d hangs in the system and cannot be ended: it is left to it", child.pid)
            self._means.watch.remove(child.fileno())
            child.close()
        self._children = []

    def close(self) -> None:
        """Release all descriptors. A process that is left is killed."""
        while self._children:
            child = self._children[0]
            child.signal(signal.SIGKILL)
            # So that no zombie stays; what hangs in a disk or device is left to the system.
            select.select([child.fileno()], [], [], _DYING)
            child.poll()
            self._let_go(child)
        for descriptor in list(self._open):
            self._close(descriptor)

    def _start(self, prepared: Preparation) -> None:
        command = prepared.command()
        self.notes = command.notes
        try:
            self._run(command, prepared)
        except BaseException:
            self.close()
            raise

    def _run(self, command: CameraCommand, prepared: Preparation) -> None:
        with ends(command.argv[0]) as theirs:
            progress, progress_in = prepared.pipe()
            theirs.hold(progress_in)
            self._listen(progress, self._take_progress)
            frames, frames_in = pipe_of_frames()
            theirs.hold(frames_in)
            self._listen(frames, self._take_frames)
            self._words, words_in = pipe_of_words()
            theirs.hold(words_in)
            self._listen(self._words, self._sayings.feed)
            source = subprocess.DEVNULL
            if command.before is not None:
                source, before_out = held_pipe(theirs, theirs)
                self._spawn(command.before, Pipes(stdout=before_out, stderr=words_in))
            self._spawn(command.argv, Pipes(source, frames_in, words_in, (progress_in,)))

    def _said(self) -> str:
        if self._words in self._open:
            # Its end is known before its last words are read.
            data, _end = read_all(self._words)
            self._sayings.feed(data)
        return str(self._sayings)

    def _spawn(self, argv: Sequence[str], pipes: Pipes) -> None:
        environ = self._means.surroundings.environ
        child = Child.start(argv, clock=self._clock, log_file=_NOWHERE, env=environ, pipes=pipes)
        self._children.append(child)
        self._means.leftovers.add(child)
        self._means.watch.add(child.fileno(), lambda _events: self._look_at(child))

    def _look_at(self, child: Child) -> None:
        if (ended := child.poll()) is not None:
            self._end = self._end or ended.message
            self._let_go(child)

    def _let_go(self, child: Child) -> None:
        """Forget a child that has ended. Where others work with it, they have nothing to do any more."""
        if child not in self._children:
            return
        self._children.remove(child)
        self._means.watch.remove(child.fileno())
        self._means.leftovers.remove(child)
        child.close()
        if self._children:
            self.stop()

    def _listen(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        room = room_of(descriptor)

        def ready(_events: int) -> None:
            data, end = read_all(descriptor)
            if end:
                self._close(descriptor)
            elif data:
                # The pipe was half full: more comes before the usual next round.
                if len(data) > room // 2:
                    self._means.watch.press()
                take(data)

        self._open.add(descriptor)
        self._means.watch.add(descriptor, ready)

    def _close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        self._means.watch.remove(descriptor)
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def _take_frames(self, data: bytes) -> None:
        if self._ladder is not None:
            return
        try:
            tags = self._reader.feed(data)
        except PycaError as error:
            self._wrong = str(error)
            self.stop()
            return
        if any(tag.kind == Kind.VIDEO and not tag.is_setup for tag in tags):
            self.pictured = self._clock.monotonic()
        if tags:
            self._send(tags)

    def _take_progress(self, data: bytes) -> None:
        for block in self._progress_reader.feed(data.decode("ascii", "replace")):
            self.progress = block
