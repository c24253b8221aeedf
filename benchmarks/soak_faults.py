"""What is done to the agent: one mishap after the other, in an order that a seed decides."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from benchmarks.soak_account import Fault
from benchmarks.soak_agent import SERVICES, Agent, send
from benchmarks.soak_plan import NOTICE, SHORTEST, Planned, Rooms
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from opencast_server import FakeOpencast

PATHS = ("/recordings/calendars", "/ingest/", "/capture-admin/", "")
SHOWN_AT_MOST = 10.0
"""Seconds after which a fault of the server that met no request is taken back."""
HANG = 6.0
"""Seconds, longer than the agent waits for a server that says nothing."""
NONSENSE = (
    "<html>Down for maintenance</html>",
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n",
    "\x00\xff\x00",
    "",
)

Over = Callable[[], bool]


class Faults:
    """Strikes where told to, and notes for each fault when its effect was over."""

    def __init__(self, agent: Agent, server: "FakeOpencast", rooms: Rooms, chance: random.Random) -> None:
        from opencast_server import faults as answers

        self._agent = agent
        self._server = server
        self._rooms = rooms
        self._chance = chance
        # Apart from what is drawn about targets, which depends on what runs at that moment.
        self._order = random.Random(chance.random())
        self._answers: Any = answers
        self._open: list[tuple[Fault, Over]] = []
        self._bag: list[Callable[[], bool]] = []
        self._lock: sqlite3.Connection | None = None
        self.done: list[Fault] = []

    def strike(self) -> Fault | None:
        """Do the next thing; None where it was not possible now."""
        if not self._bag:
            self._bag = self._kinds()
            self._order.shuffle(self._bag)
        return self.done[-1] if self._bag.pop()() else None

    def follow(self) -> None:
        """Note which faults are over."""
        for fault, over in list(self._open):
            if over():
                fault.until = time.time()
                self._open.remove((fault, over))

    def end(self) -> None:
        """Let everything be well again, but for what must recover by itself."""
        self._server.faults.clear()
        self._unlock()

    @property
    def lasting(self) -> list[Fault]:
        """What is not over."""
        return [fault for fault, _ in self._open]

    def _kinds(self) -> list[Callable[[], bool]]:
        killed = [lambda name=name: self._kill(name) for name in SERVICES]
        answered = [
            ("server answers 500", lambda: self._answers.status(500)),
            ("server answers 503", lambda: self._answers.status(503)),
            ("server drops connections", lambda: self._answers.drop(self._chance.choice((0, 1000)))),
            ("server hangs", lambda: self._answers.hang(HANG)),
        ]
        served = [lambda kind=kind, make=make: self._answer(kind, make()) for kind, make in answered]
        changed = [self._extend, self._shorten, self._move, self._cancel, self._extend_running]
        return [
            *killed,
            *served,
            *changed,
            self._kill_supervisor,
            self._kill_recorder,
            self._kill_recorder,
            self._stop_recorder,
            self._lock_database,
            self._lose_reply,
            self._talk_nonsense,
        ]

    def _note(
        self, kind: str, over: Over | None = None, *, uid: str = "", until: float | None = None
    ) -> bool:
        fault = Fault(kind, time.time(), uid=uid)
        self.done.append(fault)
        if over is not None:
            self._open.append((fault, over))
        else:
            fault.until = fault.moment if until is None else until
        return True

    def _kill(self, name: ServiceName) -> bool:
        pid = self._agent.pids().get(str(name))
        if pid is None or not send(pid, signal.SIGKILL):
            return False
        return self._note(f"{name} killed", lambda: self._agent.pids().get(str(name), pid) != pid)

    def _kill_supervisor(self) -> bool:
        before = set(self._agent.pids().values())
        self._agent.kill()
        self._agent.start()

        def over() -> bool:
            now = self._agent.pids()
            return len(now) == len(SERVICES) and not before & set(now.values())

        return self._note("supervisor killed", over)

    def _recorder(self) -> tuple[int, Planned] | None:
        """Return one of the commands whose event is not over."""
        now = time.time()
        running = [
            (process.pid, event)
            for process, file in self._agent.recorders()
            for event in self._rooms.events
            if event.uid in file and event.latest.end > now + 0.5
        ]
        return self._chance.choice(running) if running else None

    def _kill_recorder(self) -> bool:
        chosen = self._recorder()
        if chosen is None or not send(chosen[0], signal.SIGKILL):
            return False
        return self._note("FFmpeg killed", uid=chosen[1].uid)

    def _stop_recorder(self) -> bool:
        chosen = self._recorder()
        if chosen is None or not send(chosen[0], signal.SIGSTOP):
            return False
        return self._note("FFmpeg stopped", uid=chosen[1].uid, until=chosen[1].latest.end)

    def _lock_database(self) -> bool:
        """Hold the database as a backup program does, now and then longer than anybody waits for it."""
        file = self._agent.database.file
        if file is None or self._lock is not None:
            return False
        lock = sqlite3.connect(file, timeout=1.0, isolation_level=None)
        try:
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            lock.close()
            return False
        self._lock = lock
        release = time.time() + self._chance.uniform(2.0, 13.0)

        def over() -> bool:
            if time.time() >= release:
                self._unlock()
            return self._lock is not lock

        return self._note("database locked", over)

    def _unlock(self) -> None:
        if self._lock is not None:
            with closing(self._lock) as lock, suppress(sqlite3.Error):
                lock.execute("ROLLBACK")
            self._lock = None

    def _answer(self, kind: str, action: Any, path: str | None = None, times: int | None = None) -> bool:
        match = self._chance.choice(PATHS) if path is None else path
        planned = self._server.faults.add(match, action, times or self._chance.randint(1, 4))
        latest = time.time() + SHOWN_AT_MOST
        used: list[float] = []

        def over() -> bool:
            if time.time() > latest:
                planned.times = 0
            if not planned.times and not used:
                used.append(time.time() + (HANG if kind == "server hangs" else 0.0))
            return bool(used) and time.time() >= used[0]

        return self._note(kind, over)

    def _lose_reply(self) -> bool:
        return self._answer("final reply lost", self._answers.no_reply(), "/ingest/ingest", 1)

    def _talk_nonsense(self) -> bool:
        text = self._chance.choice(NONSENSE)
        return self._answer("calendar nonsense", self._answers.body(text), "/recordings/calendars", 2)

    def _ahead(self, spare: int, shortened: int = 0) -> tuple[Planned, Planned] | None:
        """Return an event that begins soon enough, and its follower, from which some seconds can be taken."""
        now = time.time()
        found = [
            (event, follower)
            for event, follower in self._rooms.pairs()
            if now + NOTICE + 1 < event.latest.start < now + NOTICE + 15
            and not event.cancelled
            and event.latest.seconds - shortened >= SHORTEST
            and (not spare or follower.latest.seconds - spare >= SHORTEST)
        ]
        return self._chance.choice(found) if found else None

    def _extend(self) -> bool:
        return self._lengthen("event extended", self._ahead(1))

    def _extend_running(self) -> bool:
        now = time.time()
        found = [
            (event, follower)
            for event, follower in self._rooms.pairs()
            if event.latest.start < now < event.latest.end - NOTICE and follower.latest.seconds > SHORTEST
        ]
        return self._lengthen("running event extended", self._chance.choice(found) if found else None)

    def _lengthen(self, kind: str, chosen: tuple[Planned, Planned] | None) -> bool:
        if chosen is None:
            return False
        event, follower = chosen
        self._reschedule(follower, 1, 0)
        self._reschedule(event, 0, 1)
        return self._note(kind, uid=event.uid)

    def _shorten(self) -> bool:
        chosen = self._ahead(0, 1)
        if chosen is None:
            return False
        self._reschedule(chosen[0], 0, -1)
        return self._note("event shortened", uid=chosen[0].uid)

    def _move(self) -> bool:
        chosen = self._ahead(2)
        if chosen is None:
            return False
        event, follower = chosen
        self._reschedule(follower, 2, 0)
        self._reschedule(event, 2, 2)
        return self._note("event moved", uid=event.uid)

    def _cancel(self) -> bool:
        chosen = self._ahead(0)
        if chosen is None:
            return False
        event = chosen[0]
        self._server.unschedule(event.uid)
        event.change(time.time(), event.latest.start, event.latest.start)
        return self._note("event cancelled", uid=event.uid)

    def _reschedule(self, event: Planned, start: float, end: float) -> None:
        """Move the start and the end of an event by some seconds."""
        if event.cancelled:
            return
        new = (event.latest.start + start, event.latest.end + end)
        self._server.schedule(event.uid, event.uid, *new)
        event.change(time.time(), *new)
