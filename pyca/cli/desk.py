"""What services have in common that answer an interface of their own beside their work, in one process."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pyca.cli.reading import Reader, reread
from pyca.core.clock import Clock
from pyca.core.errors import PycaError, StoreError
from pyca.core.states import ServiceName, ServiceState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyca.config.settings import Settings
    from pyca.runtime.loop import HasFileno
    from pyca.runtime.pulse import Pulse
    from pyca.store.database import Database

logger = logging.getLogger(__name__)


class Server(Protocol):
    """Answers an interface in threads."""

    @property
    def address(self) -> str:
        """Where it can be asked, empty while it cannot."""
        ...

    def start(self) -> None:
        """Begin to answer.

        :raises UsageError: where that is not possible
        """
        ...

    def close(self) -> None:
        """Answer no longer; nothing happens where it does not."""
        ...


class Worker(Protocol):
    """A :class:`pyca.runtime.loop.Service` that follows another configuration without being made anew."""

    def tick(self) -> float:
        """Do what is due and return the moment of the next work."""
        ...

    def close(self) -> None:
        """Finish cleanly."""
        ...

    def files(self) -> "Iterable[HasFileno]":
        """Return what else wakes the loop."""
        ...

    def busy(self) -> bool:
        """Tell whether work is at hand."""
        ...

    def status(self) -> str:
        """Return in one line what the service does now."""
        ...

    def follow(self, settings: "Settings") -> None:
        """Go on with another configuration."""
        ...


class Desk:
    """The server of an interface, which is another one after each reload.

    :param name: of the service beside which it answers
    :param what: the interface in words, with its article
    :param make: returns a server that was not started
    """

    def __init__(
        self,
        name: ServiceName,
        what: str,
        settings: "Settings",
        read: Reader,
        make: "Callable[[Settings], Server]",
    ) -> None:
        self.name = name
        self._what = what
        self._settings = settings
        self._read = read
        self._make = make
        self._server: Server | None = None
        self._trouble = ""

    @property
    def address(self) -> str:
        """Where it can be asked, empty while it cannot."""
        return self._server.address if self._server is not None else ""

    def open(self) -> None:
        """Begin to answer.

        :raises UsageError: where that is not possible
        """
        server = self._make(self._settings)
        server.start()
        self._server = server

    def close(self) -> None:
        """Answer no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def mend(self) -> None:
        """Begin to answer again where that was not possible; the service goes on meanwhile."""
        if self._server is not None:
            return
        try:
            self.open()
        except PycaError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                logger.error("%s is away, which is tried again: %s", self._what, error)
        else:
            self._trouble = ""

    def reload(self, worker: Worker) -> None:
        """Follow another configuration; the old one stays where the interface cannot be opened with it."""
        fresh = reread(self._read, self._settings, str(self.name))
        if fresh is None:
            return
        before, self._settings = self._settings, fresh
        self.close()
        try:
            self.open()
        except PycaError as error:
            logger.error("The old configuration stays: %s", error)
            self._settings = before
            self.mend()
            return
        worker.follow(fresh)
        logger.info("%s follows the new configuration", self.name)


class Served:
    """A worker that sees to its desk at each turn. A :class:`pyca.runtime.loop.Service`."""

    def __init__(self, worker: Worker, desk: Desk) -> None:
        self.name = desk.name
        self._worker = worker
        self._desk = desk
        self.close = worker.close
        self.files = worker.files
        self.busy = worker.busy
        self.status = worker.status

    def tick(self) -> float:
        """Do what is due."""
        self._desk.mend()
        return self._worker.tick()


def work_and_serve(desk: Desk, database: "Database", clock: Clock, make: "Callable[[Pulse], Worker]") -> None:
    """Work and answer until SIGTERM or SIGINT. Only in the main thread.

    :param desk: not open yet; closed at the end
    :param make: returns what works, after the desk was opened
    :raises UsageError: where the interface cannot be opened; nothing has begun then
    """
    from pyca.runtime.bell import Bell
    from pyca.runtime.loop import run
    from pyca.runtime.notify import Notifier
    from pyca.runtime.pulse import Pulse
    from pyca.store.heart import Heart

    bell = Bell(database.scope, str(desk.name))
    try:
        notifier = Notifier(clock=clock)
        heart = Heart(desk.name, database, clock)
        pulse = Pulse(clock=clock, notifier=notifier, beat=heart.beat)
        try:
            _say_alive(desk.name, database, clock)
            _open(desk, pulse)
            worker = make(pulse)
            # Its work may run for weeks: it goes on while the service follows another configuration.
            run(
                Served(worker, desk),
                clock=clock,
                bell=bell,
                pulse=pulse,
                reload=lambda: desk.reload(worker),
                at_once=True,
            )
        finally:
            heart.close()
            notifier.close()
    finally:
        desk.close()
        bell.close()


def _say_alive(name: ServiceName, database: "Database", clock: Clock) -> None:
    """Store the first sign of life, so that the interface knows of it from its own first moment on."""
    from pyca.store import services

    try:
        with database.write() as session:
            services.beat(session, name, ServiceState.IDLE, "starting", clock.now())
    except StoreError as error:
        logger.warning("the heartbeat cannot be stored: %s", error)


def _open(desk: Desk, pulse: "Pulse") -> None:
    try:
        desk.open()
    except PycaError:
        pulse.show(ServiceState.STOPPED, "stopped")
        raise
