"""Several services under one roof: forked, restarted when they die, ended together."""

import contextlib
import logging
import os
import select
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.runtime.forked import fork
from pyca.runtime.notify import Ear, Notifier
from pyca.runtime.signals import Handler, Wakeup, signal_name, signals_handled

logger = logging.getLogger(__name__)

RESTART = Backoff(first=1, limit=60)
SETTLED = 60.0
"""Seconds of life after which a child's earlier failures are forgotten."""
SILENT = 10.0
"""Seconds after which a child that does not say when it is ready counts as ready."""
PATIENCE = 150.0
"""Seconds from SIGTERM to SIGKILL; longer than the stop ladder of a recording."""

Main = Callable[[], int]


def supervise(
    children: Mapping[str, Main],
    *,
    clock: Clock,
    notifier: Notifier,
    restart: Backoff = RESTART,
    patience: float = PATIENCE,
) -> int:
    """Run each child in a forked process until SIGTERM or SIGINT. Return 0 where all ended in time.

    The calling process belongs to the supervisor: it has one thread and no children of its own. It is ready
    once every child has said so, through a :class:`Notifier` made in the child, or has lived for ten seconds.

    :param children: name → function that does the service's work and returns its exit code
    :param patience: seconds that children have to end before they are killed
    """
    workers = [_Worker(name, main) for name, main in children.items()]
    supervisor = _Supervisor(workers, clock, notifier, restart, patience)
    handlers: dict[int, Handler] = {
        signal.SIGTERM: lambda *_: supervisor.ask_stop(),
        signal.SIGINT: lambda *_: supervisor.ask_stop(),
        signal.SIGHUP: lambda *_: supervisor.ask_reload(),
        # A handler is needed for the wake-up; the work is done in the loop.
        signal.SIGCHLD: lambda *_: None,
    }
    with signals_handled(handlers) as wakeup:
        try:
            return supervisor.run(wakeup)
        finally:
            for worker in workers:
                worker.ear.close()


@dataclass
class _Worker:
    """One child: running where it has a pid, else waiting for its restart."""

    name: str
    main: Main
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0
    ready: bool = False
    ear: Ear = field(default_factory=Ear)


class _Supervisor:
    """The children and what shall become of them."""

    def __init__(
        self, workers: list[_Worker], clock: Clock, notifier: Notifier, restart: Backoff, patience: float
    ) -> None:
        self._workers = workers
        self._clock = clock
        self._notifier = notifier
        self._restart = restart
        self._patience = patience
        self._stop_asked = False
        self._reload_asked = False
        self._kill_at: float | None = None
        self._killed = False
        self._ready = False

    def ask_stop(self) -> None:
        self._stop_asked = True

    def ask_reload(self) -> None:
        self._reload_asked = True

    def run(self, wakeup: Wakeup) -> int:
        """Work until all children have ended after a stop."""
        while True:
            if self._stop_asked:
                self._stop()
                if not self._running():
                    return os.EX_SOFTWARE if self._killed else os.EX_OK
            else:
                self._pass_reload()
                self._start_due()
            self._listen()
            self._notifier.status(self._status())
            self._notifier.watchdog()
            files: list[Wakeup | Ear] = [wakeup, *(worker.ear for worker in self._workers)]
            select.select(files, (), (), self._timeout())
            wakeup.drain()
            self._reap()

    def _running(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.pid]

    def _tell(self, number: int) -> None:
        for worker in self._running():
            # Not reaped yet, so the pid is still this child's, if only as a zombie.
            os.kill(worker.pid, number)

    def _pass_reload(self) -> None:
        if self._reload_asked:
            self._reload_asked = False
            self._tell(signal.SIGHUP)

    def _start_due(self) -> None:
        now = self._clock.monotonic()
        for worker in self._workers:
            if not worker.pid and worker.restart_at <= now:
                worker.pid = fork(worker.main, worker.ear.address)
                worker.started = now
                logger.info("%s started (pid %d)", worker.name, worker.pid)

    def _listen(self) -> None:
        """Note which children are ready, and say so once all are."""
        now = self._clock.monotonic()
        for worker in self._workers:
            said = "READY=1" in worker.ear.heard()
            lived = worker.pid and now - worker.started >= SILENT
            worker.ready = worker.ready or said or bool(lived)
        if not self._ready and not self._stop_asked and all(worker.ready for worker in self._workers):
            self._ready = True
            self._notifier.ready()

    def _stop(self) -> None:
        """Ask all children to end; kill those that have not ended in time."""
        now = self._clock.monotonic()
        if self._kill_at is None:
            self._kill_at = now + self._patience
            self._notifier.stopping()
            self._tell(signal.SIGTERM)
        elif now >= self._kill_at and not self._killed:
            self._killed = True
            for worker in self._running():
                logger.error("%s (pid %d) did not end in time and is killed", worker.name, worker.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)

    def _timeout(self) -> float | None:
        """Return the seconds to the next thing to do; None where only a signal brings some."""
        now = self._clock.monotonic()
        waits = [self._notifier.period] if self._notifier.period is not None else []
        if self._kill_at is None:
            waits += [worker.restart_at - now for worker in self._workers if not worker.pid]
            waits += [worker.started + SILENT - now for worker in self._running() if not worker.ready]
        elif not self._killed:
            waits.append(self._kill_at - now)
        return max(min(waits), 0.0) if waits else None

    def _reap(self) -> None:
        """Take note of all that ended, orphans of others too: in a container the supervisor may be pid 1."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                for worker in self._running():
                    if worker.pid == pid:
                        self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: _Worker, code: int) -> None:
        pid, worker.pid = worker.pid, 0
        how = f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        if self._stop_asked:
            logger.info("%s (pid %d) %s", worker.name, pid, how)
            return
        now = self._clock.monotonic()
        worker.failures = 1 if now - worker.started >= SETTLED else worker.failures + 1
        pause = self._restart.pause(worker.failures)
        worker.restart_at = now + pause
        if code == os.EX_CONFIG:
            how += ": its configuration is wrong"
        logger.warning("%s (pid %d) %s; restart in %.1f s", worker.name, pid, how, pause)

    def _status(self) -> str:
        states = [f"{worker.name}: {'running' if worker.pid else 'restarts'}" for worker in self._workers]
        return ", ".join(states)
