"""What ``pyca live`` runs: the streamer and its interface, in one process."""

import os
from typing import TYPE_CHECKING

from pyca.cli.desk import Desk, work_and_serve
from pyca.cli.reading import Reader
from pyca.core.clock import Clock
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.live.plan import Plan
    from pyca.live.service.streamer import MakeStreamer, Streamer
    from pyca.store.database import Database
    from pyca.ui.livebox.server import LiveServer


def stream_and_serve(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
    """Stream what is wanted and answer the interface until SIGTERM or SIGINT. Only in the main thread.

    :raises UsageError: where the interface cannot be opened; nothing has begun then
    :raises RunningError: where the service runs already
    """
    from pyca.live.service.service import LiveService

    desk = make_desk(settings, read, database, clock)
    work_and_serve(
        desk, database, clock, lambda pulse: LiveService(settings, database, clock, pulse, _engines(clock))
    )


def make_desk(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> Desk:
    """Return the interface beside the streamer, not open yet."""

    def make(settings: "Settings") -> "LiveServer":
        from pyca.ui.livebox.server import LiveServer

        return LiveServer(settings, database, clock)

    return Desk(ServiceName.LIVE, "The livebox interface", settings, read, make)


def _engines(clock: Clock) -> "MakeStreamer":
    """Return what makes the engines."""
    from pyca.live.engine.engine import Engine
    from pyca.live.service.planning import check, surroundings

    def make(settings: "Settings", plan: "Plan") -> "Streamer":
        around = surroundings(settings, clock, os.environ)
        check(plan, around)
        return Engine(plan, around)

    return make
