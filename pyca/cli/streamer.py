"""What ``pyca live`` runs: the streamer and its interface, in one process."""

import logging
import os
from typing import TYPE_CHECKING, Any

from pyca.cli.reading import Reader, reread
from pyca.core.clock import Clock
from pyca.core.errors import PycaError, StoreError
from pyca.core.states import ServiceName, ServiceState

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.live.plan import Plan
    from pyca.live.service.service import LiveService
    from pyca.live.service.streamer import MakeStreamer, Streamer
    from pyca.runtime.pulse import Pulse
    from pyca.store.database import Database
    from pyca.ui.livebox.server import LiveServer

logger = logging.getLogger(__name__)


def stream_and_serve(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
    """Stream what is wanted and answer the interface until SIGTERM or SIGINT. Only in the main thread.

    :raises UsageError: where the interface cannot be opened; nothing has begun then
    :raises RunningError: where the service runs already
    """
    from pyca.live.service.service import LiveService
    from pyca.runtime.bell import Bell
    from pyca.runtime.loop import run
    from pyca.runtime.notify import Notifier
    from pyca.runtime.pulse import Pulse
    from pyca.store.heart import Heart

    bell = Bell(database.scope, ServiceName.LIVE)
    desk = _Interface(settings, read, database, clock)
    try:
        notifier = Notifier(clock=clock)
        heart = Heart(ServiceName.LIVE, database, clock)
        pulse = Pulse(clock=clock, notifier=notifier, beat=heart.beat)
        try:
            _say_alive(database, clock)
            _open(desk, pulse)
            service = LiveService(settings, database, clock, pulse, _engines(clock))
            # A stream may run for weeks: it goes on while its service follows another configuration.
            run(
                _Served(service, desk),
                clock=clock,
                bell=bell,
                pulse=pulse,
                reload=lambda: desk.reload(service),
                at_once=True,
            )
        finally:
            heart.close()
            notifier.close()
    finally:
        desk.close()
        bell.close()


def _say_alive(database: "Database", clock: Clock) -> None:
    """Store the first sign of life, so that the interface knows of it from its own first moment on."""
    from pyca.store import services

    try:
        with database.write() as session:
            services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "starting", clock.now())
    except StoreError as error:
        logger.warning("the heartbeat cannot be stored: %s", error)


def _open(desk: "_Interface", pulse: "Pulse") -> None:
    try:
        desk.open()
    except PycaError:
        pulse.show(ServiceState.STOPPED, "stopped")
        raise


class _Interface:
    """The server of the interface, which is another one after each reload."""

    def __init__(self, settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
        self._settings = settings
        self._read = read
        self._database = database
        self._clock = clock
        self._server: LiveServer | None = None
        self._trouble = ""

    def open(self) -> None:
        """Begin to answer.

        :raises UsageError: where that is not possible
        """
        from pyca.ui.livebox.server import LiveServer

        server = LiveServer(self._settings, self._database, self._clock)
        server.start()
        self._server = server

    def close(self) -> None:
        """Answer no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def mend(self) -> None:
        """Begin to answer again where that was not possible; the stream goes on meanwhile."""
        if self._server is not None:
            return
        try:
            self.open()
        except PycaError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                logger.error("The livebox interface is away, which is tried again: %s", error)
        else:
            self._trouble = ""

    def reload(self, service: Any) -> None:
        """Follow another configuration; the old one stays where the interface cannot be opened with it."""
        fresh = reread(self._read, self._settings, str(ServiceName.LIVE))
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
        service.follow(fresh)
        logger.info("live follows the new configuration")


class _Served:
    """The streamer, which sees to its interface at each turn. A :class:`pyca.runtime.loop.Service`."""

    name = ServiceName.LIVE

    def __init__(self, service: "LiveService", desk: _Interface) -> None:
        self._service = service
        self._desk = desk
        self.close = service.close
        self.files = service.files
        self.busy = service.busy
        self.status = service.status

    def tick(self) -> float:
        """Do what is due."""
        self._desk.mend()
        return self._service.tick()


def _engines(clock: Clock) -> "MakeStreamer":
    """Return what makes the engines."""
    from pyca.live.engine.engine import Engine
    from pyca.live.service.planning import check, surroundings

    def make(settings: "Settings", plan: "Plan") -> "Streamer":
        around = surroundings(settings, clock, os.environ)
        check(plan, around)
        return Engine(plan, around)

    return make
