"""One process that passes a stream on, from its start to its end."""

import os
import select
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pyca.live.flow.flv import Tag
from pyca.live.flow.form import Form
from pyca.live.flow.hidden import opened, placed
from pyca.live.flow.watch import WRITE, Watch
from pyca.live.plan import Surroundings
from pyca.live.send.abrupt import drop_what_waits
from pyca.live.send.acknowledged import Queues
from pyca.live.send.backlog import Backlog
from pyca.live.send.outlets import Outlet
from pyca.media.progress import Progress, ProgressReader
from pyca.runtime.child import Child, Exit, Pipes
from pyca.runtime.listen import read_all, roomy, waiting_in
from pyca.runtime.scarce import Ends, ends, held_pipe

STEP = 3.0
"""seconds between two ways of ending a process, each harsher than the one before"""

HOPELESS = 20.0
"""seconds from the wish to its end after which a process that was killed is left to the system"""
OLD = 20 * 86400.0
"""seconds; FFmpeg counts milliseconds of FLV and RTMP in 31 bits, which are full after 24.8 days"""

_LADDER = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_TAIL = 16 * 1024
"""bytes of what it says that are kept"""
_WINDOW = 4.0
"""seconds over which the bitrate is taken"""
_PAUSE = 2.0
"""seconds without anything offered from which silence is no fault"""
_LOOK = 2.0
"""seconds between two questions to the system"""
_FIRST_LOOK = 0.4
"""the same until bytes were acknowledged for the first time"""
_DYING = 1.0
"""seconds in which a killed process must be gone"""
_ROOM = 256 * 1024
"""bytes that its pipe holds: what it has been given cannot be taken back"""
_MUCH = 16 * 1024
_SOON = 0.25
"""seconds of stream that a process may hold and be trusted to have passed on at once"""
_MUCH_SENDING = 64 * 1024
_SENDING = 1.0
"""the same for what waits in its connections or is under way in the network"""
_MOST_WRITES = 8
"""writes for one process in one go, before others have their turn"""


class Relay:
    """A running process: fed without waiting for it, and watched.

    :param first: bytes that it is given before everything that is offered
    :param changed: called when its figures grow for the first time, and when it has ended
    :raises CommandError: where it cannot be started
    """

    def __init__(
        self,
        outlet: Outlet,
        around: Surroundings,
        watch: Watch,
        first: bytes,
        changed: Callable[[], None],
    ) -> None:
        self.outlet = outlet
        self._form = Form(in_band=outlet.in_band)
        self.backlog = Backlog(self._form.begin(first))
        self.exit: Exit | None = None
        self.grown = False
        """True once its figures have grown and, where that is known, bytes were acknowledged"""
        self._watch = watch
        self._changed = changed
        self._clock = around.clock
        now = self._clock.monotonic()
        self._started = now
        self._progress = Progress()
        self._reader = ProgressReader()
        self._grown_at = self._acknowledged_at = self._offering = self._offered = now
        self._acknowledged = 0
        self._can_know = False
        self._looked = float("-inf")
        self._rates: deque[tuple[float, int]] = deque([(now, 0)])
        self._said = bytearray()
        self._ending: float | None = None
        self._rung = 0
        self._input, self._readers, self._child = self._start(outlet, around)
        self._queues = Queues(self._child.pid)
        watch.add(self._child.fileno(), lambda _: self._see_end())
        self._pump()

    @property
    def sent(self) -> int:
        """Bytes that it has handed on."""
        return self._progress.size or 0

    @property
    def said(self) -> str:
        """The end of what it wrote to stderr, without its secrets."""
        said = self._said.decode("utf-8", "replace")
        if len(self._said) >= _TAIL:
            said = said.partition("\n")[2]  # the first line may begin within a secret
        return self.outlet.hide(said)

    def bitrate(self) -> float:
        """Bits per second of the last seconds."""
        (begun, before), (ended, after) = self._rates[0], self._rates[-1]
        if self._clock.monotonic() > ended + _WINDOW:
            return 0.0  # it tells nothing any more
        return max(0.0, (after - before) * 8 / (ended - begun)) if ended > begun else 0.0

    @property
    def ending(self) -> bool:
        """True once it was asked to end."""
        return self._ending is not None

    def offer(self, tags: Sequence[Tag]) -> bool:
        """Give it what comes next.

        :return: True where it cannot go on, as what decoders must know has changed
        """
        if self._ending is not None:
            return False
        now = self._clock.monotonic()
        if now - self._offered > _PAUSE:
            self._offering = now
        self._offered = now
        shaped = self._form.shaped(tags)
        if self._form.changed and self.outlet.renew:
            return True
        self.backlog.offer(shaped)
        self._pump()
        return False

    def forget(self) -> bool:
        """Give it nothing of what waits for it.

        :return: True where it holds so much already that it would go on with that for a while
        """
        held = self.backlog.forget() + (waiting_in(self._input) if self._input >= 0 else 0)
        rate = self.bitrate() / 8
        if held > max(_MUCH, rate * _SOON):
            return True
        # What is on its way through the network is here too, and cannot be held back.
        sending = self._queues.waiting() if self.outlet.network and self.exit is None else 0
        return (sending or 0) > max(_MUCH_SENDING, rate * _SENDING)

    def stalled(self, now: float) -> str:
        """Return in which way it has come to a standstill, empty where it has not."""
        if now - self._offered > _PAUSE or (self.outlet.waits and not self.grown):
            return ""
        alive = self._acknowledged_at if self._can_know else self._grown_at
        if now - max(alive, self._offering) < self.outlet.patience:
            return ""
        quiet = now - max(self._grown_at, self._offering) >= self.outlet.patience
        what = "has gone out" if quiet else "of what went out was acknowledged"
        return f"nothing {what} for {self.outlet.patience:.0f} s"

    def look(self, now: float) -> None:
        """Ask the system what has been acknowledged."""
        if self.exit is not None or not self.outlet.network:
            return
        if now < self._looked + (_LOOK if self.grown else _FIRST_LOOK):
            return
        self._looked = now
        waiting = self._queues.waiting()
        self._can_know = waiting is not None
        acknowledged = self.sent - (waiting or 0)
        if self._can_know and acknowledged > self._acknowledged:
            self._acknowledged = acknowledged
            self._acknowledged_at = now

    def finish(self, now: float, *, at_once: bool = False) -> None:
        """Ask it to end: what waits is still given, then its input is closed.

        :param at_once: interrupt it, which ends a process that is still connecting
        """
        if self._ending is not None:
            return
        self._ending = now
        if at_once:
            self._close_input()
            self._child.signal(signal.SIGINT)
            self._rung = 1
        else:
            self._pump()

    def kill(self, *, silent: bool = False) -> None:
        """End it at once: it hangs.

        :param silent: what it has handed to the system shall not be sent either
        """
        if silent and self.exit is None:
            drop_what_waits(self._child.pid, self._child.fileno())
        self._ending = self._clock.monotonic() if self._ending is None else self._ending
        self._close_input()
        self._child.signal(signal.SIGKILL)
        self._rung = len(_LADDER)

    def is_unkillable(self, now: float) -> bool:
        """Tell whether it has not even ended after it was killed, as where it hangs in a disk."""
        killed = self._ending is not None and self._rung == len(_LADDER)
        return killed and self.exit is None and now >= (self._ending or now) + HOPELESS

    def is_old(self) -> bool:
        """Tell whether it should be replaced before it has sent so long that times begin anew."""
        return self._clock.monotonic() >= self._started + OLD

    def abandon(self, patience: float = _DYING) -> None:
        """End it at once and forget it: its descriptors are closed, and nobody is told of its end.

        :param patience: seconds to wait for its end
        """
        if self.exit is not None:
            return
        self._child.signal(signal.SIGKILL)
        self._close_input()
        for pipe in self._readers:
            self._watch.remove(pipe)
            os.close(pipe)
        self._watch.remove(self._child.fileno())
        # So that no zombie stays.
        select.select([self._child.fileno()], [], [], patience)
        self._child.poll()
        self._child.close()

    def climb(self, now: float) -> float | None:
        """Go on with ending it, and return the moment of the next step; None where there is none."""
        if self._ending is None or self.exit is not None:
            return None
        while self._rung < len(_LADDER) and now >= self._ending + STEP * (self._rung + 1):
            self._close_input()
            self._child.signal(_LADDER[self._rung])
            self._rung += 1
        return self._ending + STEP * (self._rung + 1) if self._rung < len(_LADDER) else None

    def _start(self, outlet: Outlet, around: Surroundings) -> tuple[int, tuple[int, int], Child]:
        with ends(outlet.argv[0]) as theirs, Ends() as ours:
            secrets = theirs.hold(opened(outlet.preset)) if outlet.preset else -1
            their_input, our_input = held_pipe(theirs, ours)
            roomy(our_input, _ROOM)
            our_output, their_output = held_pipe(ours, theirs)
            our_errors, their_errors = held_pipe(ours, theirs)
            child = Child.start(
                placed(outlet.argv, secrets),
                clock=around.clock,
                log_file=Path(os.devnull),
                env=around.environ,
                pipes=Pipes(their_input, their_output, their_errors, (secrets,) if secrets >= 0 else ()),
            )
            ours.pop_all()
        for descriptor in (our_input, our_output, our_errors):
            os.set_blocking(descriptor, False)
        self._watch.add(our_output, lambda _: self._read_figures(our_output))
        self._watch.add(our_errors, lambda _: self._read_words(our_errors))
        return our_input, (our_output, our_errors), child

    def _pump(self) -> None:
        """Write as much as it takes without waiting."""
        if self._input < 0:
            return
        for _ in range(_MOST_WRITES):
            waiting = self.backlog.next()
            if not waiting:
                self._watch.remove(self._input)
                if self._ending is not None:
                    self._close_input()
                return
            try:
                self.backlog.took(os.writev(self._input, waiting))
            except BlockingIOError:
                break
            except OSError:
                # It has closed its input: it is ending, and its end tells why.
                self._close_input()
                return
        self._watch.add(self._input, lambda _: self._pump(), WRITE)

    def _close_input(self) -> None:
        if self._input >= 0:
            self._watch.remove(self._input)
            os.close(self._input)
            self._input = -1

    def _read_figures(self, pipe: int) -> None:
        data, end = read_all(pipe)
        if end:
            self._watch.remove(pipe)
        for block in self._reader.feed(data.decode("utf-8", "replace")):
            self._take(block)

    def _take(self, block: Progress) -> None:
        now = self._clock.monotonic()
        before = self._progress
        if block.size is None and before.size:
            block = replace(block, size=before.size)
        self._progress = block
        if (block.size, block.time, block.frame) != (before.size, before.time, before.frame):
            self._grown_at = now
            self.look(now)
            if not self.grown and (not self._can_know or self._acknowledged > 0):
                self.grown = True
                # What was left out before has not been missed by anybody.
                self.backlog.dropped = 0
                self._changed()
        self._rates.append((now, self.sent))
        while len(self._rates) > 2 and now - self._rates[1][0] >= _WINDOW:
            self._rates.popleft()

    def _read_words(self, pipe: int) -> None:
        data, end = read_all(pipe)
        if end:
            self._watch.remove(pipe)
        self._said += data
        del self._said[:-_TAIL]

    def _see_end(self) -> None:
        ended = self._child.poll()
        if ended is None or self.exit is not None:
            return
        for pipe, read in zip(self._readers, (self._read_figures, self._read_words), strict=True):
            read(pipe)
            self._watch.remove(pipe)
            os.close(pipe)
        self._close_input()
        self._watch.remove(self._child.fileno())
        self._child.close()
        self.exit = ended
        self._changed()
