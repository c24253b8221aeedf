"""Services that run beside a command and end with it."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from pyca.cli.reading import set_up_logs
from pyca.cli.services import is_alive, run_service
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import CommandError, RunningError
from pyca.core.states import ServiceName
from pyca.runtime.forked import fork
from pyca.runtime.notify import Notifier
from pyca.runtime.supervisor import supervise

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.store.database import Database

_START_SECONDS = 30.0
_TAIL = 5
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Background:
    """A supervisor with some services in a process of its own, for the time of a ``with`` block.

    It ends with this process, however that ends; a terminal's Ctrl-C does not reach it.

    :param log: file that gets what the services say, instead of the terminal
    """

    def __init__(self, names: Sequence[ServiceName], settings: "Settings", log: Path) -> None:
        self._names = names
        self._settings = settings
        self._log = log
        self._pid = 0
        self._refusal = log.with_suffix(".refused")
        self._handlers: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        """Start the services.

        :raises CommandError: where their log cannot be written
        """
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.open("ab").close()
            self._refusal.unlink(missing_ok=True)
        except OSError as error:
            raise CommandError(
                f"{error.filename} cannot be written: {error.strerror}", "give pyCA a folder of its own"
            ) from error
        self._pid = fork(self._main)
        # Otherwise a SIGTERM would end this process without its clean-up.
        self._handlers = {number: signal.signal(number, _leave) for number in _ENDING}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
        self._refusal.unlink(missing_ok=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise where the services are gone.

        :raises RunningError: where one of them runs elsewhere
        :raises CommandError: with the last lines of their log
        """
        if self._refusal.exists():
            raise RunningError(self._refusal.read_text("utf-8"))
        if self._pid and os.waitpid(self._pid, os.WNOHANG)[0]:
            self._pid = 0
            raise CommandError(f"the services ended unexpectedly:\n{self.tail()}", f"see {self._log}")

    def wait_until_ready(self, database: "Database", clock: Clock) -> None:
        """Wait until each service has reported.

        :raises CommandError: where one does not, with the last lines of their log
        """
        deadline = clock.monotonic() + _START_SECONDS
        while missing := [name for name in self._names if not is_alive(database, name, clock)]:
            self.check()
            if clock.monotonic() > deadline:
                names = ", ".join(missing)
                raise CommandError(f"{names} did not start:\n{self.tail()}", f"see {self._log}")
            time.sleep(0.05)

    def tail(self) -> str:
        """Return the last lines of the log."""
        try:
            return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-_TAIL:])
        except OSError:
            return ""

    def _main(self) -> int:
        """What the forked process does."""
        with self._log.open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        set_up_logs(self._settings, "pyca")
        clock = SystemClock()
        mains = {str(name): partial(self._serve, name) for name in self._names}
        return supervise(mains, clock=clock, notifier=Notifier(clock=clock))

    def _serve(self, name: ServiceName) -> int:
        """What a service's process does; a refusal that trying again cannot mend is passed on."""
        try:
            return run_service(name, lambda: self._settings, warned=True)
        except RunningError as error:
            fresh = self._refusal.with_suffix(f".{os.getpid()}")
            fresh.write_text(str(error), "utf-8")
            fresh.replace(self._refusal)
            raise


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
