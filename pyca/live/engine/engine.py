"""The streamer itself: a thread that makes, watches and sends one stream, from start to stop."""

import contextlib
import logging
import os
import select
from collections import deque
from dataclasses import replace
from queue import SimpleQueue
from threading import Event, Lock, Thread

from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Program
from pyca.live.engine.desk import Desk
from pyca.live.engine.makers import STANDARD, Makers
from pyca.live.flow.figures import Cost
from pyca.live.flow.watch import Watch
from pyca.live.plan import Plan, Surroundings

logger = logging.getLogger(__name__)

PACE = 0.2
"""seconds between two rounds: what came meanwhile is sent in one go, which keeps us cheap"""
_BRISK = 0.02
"""the same for some seconds after an order or another state: somebody waits for what comes of it"""
_BRISK_FOR = 5.0
_HASTE = 0.01
"""the same while pipes are full: they hold less than comes in the usual time"""
_FIGURES = 2.0
_COSTS = 5.0
"""seconds between two looks at processor and memory, which costs a bit of both"""
_LOOK = 0.25
"""seconds between two looks at whether anything changed"""
_LINES = 500
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_BROKEN = "the streamer has failed; its log says why"

_Signature = tuple[LiveState, Program, str, tuple[tuple[str, LinkState], ...]]


class Engine:
    """Runs one session: it is started once, and when it has stopped, the next session has another engine.

    All methods may be called from any thread.
    """

    def __init__(self, plan: Plan, surroundings: Surroundings, makers: Makers = STANDARD) -> None:
        self._plan = plan
        self._surroundings = surroundings
        self._makers = makers
        self._clock = surroundings.clock
        self._orders: SimpleQueue[Plan | str | None] = SimpleQueue()
        self._order_bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._waiter = select.poll()
        self._waiter.register(self._order_bell, select.POLLIN)
        self._news_bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = Lock()
        self._lines: deque[LogLine] = deque(maxlen=_LINES)
        self._report = LiveReport()
        self._signature: _Signature | None = None
        self._since = 0.0
        self._began = 0.0
        self._brisk_until = float("inf")
        self._looked = float("-inf")
        self._measured = float("-inf")
        self._costed = float("-inf")
        self._cost = Cost()
        self._costs = (0.0, 0)
        self._done = Event()
        self._thread = Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        """Begin. What goes wrong is in the report."""
        self._began = self._since = self._clock.now()
        self._report = LiveReport(LiveState.PREPARING, since=self._since, started=self._began, at=self._since)
        self._thread.start()

    def follow(self, plan: Plan) -> None:
        """Do from now on what another plan says; only what differs is changed."""
        self._order(plan)

    def restart(self, destination: str) -> None:
        """Connect one destination anew, also one that was given up."""
        self._order(destination)

    def stop(self) -> None:
        """Ask for the end."""
        self._order(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end, and tell whether it has come: all children are gone."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Release what is held, after the end."""
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._order_bell)
        os.close(self._news_bell)

    def report(self) -> LiveReport:
        """Return how it does. The figures are some seconds old at most."""
        return self._report

    def lines(self) -> list[LogLine]:
        """Return what happened since the last call."""
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
        return lines

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when there is a new report or line."""
        return self._news_bell

    def drain(self) -> None:
        """Make it wait for the next news."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._news_bell)

    def _order(self, order: Plan | str | None) -> None:
        self._orders.put(order)
        os.eventfd_write(self._order_bell, 1)

    def _note(self, level: str, text: str, destination: str) -> None:
        logger.log(_LEVELS.get(level, logging.INFO), "%s%s", f"{destination}: " if destination else "", text)
        if level == "debug":
            return
        with self._lock:
            self._lines.append(LogLine(self._clock.now(), level, text, destination))
        self._tell()

    def _tell(self) -> None:
        os.eventfd_write(self._news_bell, 1)

    def _run(self) -> None:
        error, refused = _BROKEN, False
        watch = Watch()
        watch.add(self._order_bell, lambda _events: None)
        try:
            desk = Desk(self._plan, self._surroundings, self._makers, watch, self._note)
            try:
                self._work_to_the_end(desk, watch)
            finally:
                desk.close()
                error, refused = desk.error, desk.refused
        except Exception:
            logger.exception("the streamer has failed")
        finally:
            watch.close()
            self._finish(error, refused=refused)

    def _work_to_the_end(self, desk: Desk, watch: Watch) -> None:
        try:
            self._work(desk, watch)
        except Exception:
            logger.exception("the streamer has failed and ends its programs")
            desk.stop(_BROKEN)
            self._work(desk, watch)

    def _work(self, desk: Desk, watch: Watch) -> None:
        while not desk.ended:
            self._obey(desk)
            now = self._clock.monotonic()
            due = desk.tick(now)
            self._look(desk, now)
            pace = PACE if now >= self._brisk_until else _BRISK
            if not desk.ended and not self._is_called(_HASTE if watch.is_pressed() else pace):
                watch.wait(max(due - self._clock.monotonic(), 0.0))

    def _obey(self, desk: Desk) -> None:
        if self._orders.empty():
            return
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._order_bell)
        self._looked = float("-inf")
        self._brisk_until = self._clock.monotonic() + _BRISK_FOR
        while not self._orders.empty():
            order = self._orders.get()
            if order is None:
                desk.stop()
            elif isinstance(order, Plan):
                desk.follow(order)
            else:
                desk.links.restart(order)

    def _is_called(self, seconds: float) -> bool:
        """Rest, and tell whether an order came meanwhile."""
        return bool(self._waiter.poll(seconds * 1000))

    def _look(self, desk: Desk, now: float) -> None:
        """Write a new report where something changed, or the figures are old."""
        if now < self._looked + _LOOK and desk.state is self._report.state:
            return
        self._looked = now
        links = desk.links.reports()
        signature = (desk.state, desk.program, desk.error, tuple((link.id, link.state) for link in links))
        if signature == self._signature and now < self._measured + _FIGURES:
            return
        if now >= self._measured + _FIGURES:
            self._measured = now
            if now >= self._costed + _COSTS:
                self._costed = now
                self._costs = self._cost.measure(now)
        if self._signature is None or self._signature[0] is not desk.state:
            self._since = self._clock.now()
            self._brisk_until = now + _BRISK_FOR
        self._signature = signature
        fps, bitrate = desk.flow.rates(now)
        self._report = LiveReport(
            state=desk.state,
            error=desk.error,
            since=self._since,
            started=self._began,
            program=desk.program,
            at=self._clock.now(),
            fps=fps,
            bitrate=bitrate,
            dropped=desk.dropped,
            source_restarts=desk.source_restarts,
            sent=sum(link.sent for link in links),
            cpu=self._costs[0],
            memory=self._costs[1],
            links=links,
        )
        self._tell()

    def _finish(self, error: str, *, refused: bool) -> None:
        now = self._clock.now()
        last = self._report
        end = LinkState.REFUSED if refused else LinkState.OFF
        self._report = LiveReport(
            error=error,
            since=now,
            started=last.started,
            at=now,
            dropped=last.dropped,
            source_restarts=last.source_restarts,
            sent=last.sent,
            links=tuple(_over(link, end) for link in last.links),
        )
        self._done.set()
        self._tell()


def _over(link: LinkReport, end: LinkState) -> LinkReport:
    """Return the last word on a link: what was given up stays so, until somebody starts anew."""
    state = link.state if link.state is LinkState.REFUSED else end
    return replace(link, state=state, bitrate=0.0, next_try=None)
