"""The composition root: a service and everything that it is given."""

import os
from typing import TYPE_CHECKING

from pyca.cli.reading import Reader, reread, set_up_logs
from pyca.core.clock import Clock, SystemClock
from pyca.core.states import ServiceName, ServiceState

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.runtime.loop import Service
    from pyca.runtime.pulse import Pulse
    from pyca.store.database import Database

AGENT = (ServiceName.SCHEDULE, ServiceName.CAPTURE, ServiceName.INGEST, ServiceName.AGENTSTATE)
"""the services of an agent without its page"""


def run_service(
    name: ServiceName, read: Reader, database: "Database | None" = None, *, warned: bool = False
) -> int:
    """Run one service in this process until it is told to stop; return its exit code.

    :param read: called at the start and again after each SIGHUP
    :param database: the supervisor's, without open connections; by default the one that the settings name
    :param warned: True where somebody has told the risks of the configuration already
    :raises ConfigError: where the configuration is wrong at the start
    :raises RunningError: where the service runs already
    """
    from pyca.store.database import Database
    from pyca.store.upgrade import ensure

    settings = read()
    set_up_logs(settings, str(name), told=settings.warnings if warned else ())
    clock = SystemClock()
    database = database or Database(settings.agent.database)
    try:
        ensure(database)
        if name is ServiceName.UI:
            _serve_page(settings, read, database, clock)
        elif name is ServiceName.LIVE:
            from pyca.cli.streamer import stream_and_serve

            stream_and_serve(settings, read, database, clock)
        elif name is ServiceName.CAMERA:
            from pyca.cli.cameras import serve_cameras

            serve_cameras(settings, read, database, clock)
        elif name is ServiceName.PIPELINE:
            from pyca.cli.pipelines import serve_pipelines

            serve_pipelines(settings, read, database, clock)
        else:
            _drive(name, settings, read, database, clock)
    finally:
        database.dispose()
    return os.EX_OK


def _drive(
    name: ServiceName,
    settings: "Settings",
    read: Reader,
    database: "Database",
    clock: Clock,
) -> None:
    """Run a service of the agent in the loop that all of them share."""
    from pyca.runtime.bell import Bell
    from pyca.runtime.loop import run
    from pyca.runtime.notify import Notifier
    from pyca.runtime.pulse import Pulse
    from pyca.store.heart import Heart

    bell = Bell(database.scope, str(name))
    notifier = Notifier(clock=clock)
    heart = Heart(name, database, clock)
    pulse = Pulse(clock=clock, notifier=notifier, beat=heart.beat)

    def reload() -> "Service | None":
        nonlocal settings
        fresh = reread(read, settings, str(name))
        if fresh is None:
            return None
        settings = fresh
        return make_service(name, fresh, database, clock, pulse)

    try:
        service = make_service(name, settings, database, clock, pulse)
        run(service, clock=clock, bell=bell, pulse=pulse, reload=reload)
    finally:
        heart.close()
        bell.close()
        notifier.close()


def _serve_page(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
    """Serve the page, anew after each SIGHUP."""
    from pyca.ui.serve import serve

    while serve(settings, database, clock):
        settings = reread(read, settings, str(ServiceName.UI)) or settings


def make_service(
    name: ServiceName, settings: "Settings", database: "Database", clock: Clock, pulse: "Pulse"
) -> "Service":
    """Return a service of the agent; only its own room is imported.

    :raises ValueError: where the name is that of one which has a server of its own
    """
    match name:
        case ServiceName.SCHEDULE:
            from pyca.schedule.service import ScheduleService

            return ScheduleService(settings, database, clock, pulse)
        case ServiceName.CAPTURE:
            from pyca.capture.service import CaptureService

            return CaptureService(settings, database, clock, pulse)
        case ServiceName.INGEST:
            from pyca.ingest.service import IngestService

            return IngestService(settings, database, clock, pulse)
        case ServiceName.AGENTSTATE:
            from pyca.agentstate.service import AgentstateService

            return AgentstateService(settings, database, clock, pulse)
        case ServiceName.UI | ServiceName.LIVE | ServiceName.CAMERA | ServiceName.PIPELINE:
            raise ValueError(f"{name} is not made here: it has a server of its own")


def is_alive(database: "Database", name: ServiceName, clock: Clock) -> bool:
    """Tell whether a service runs for this database."""
    from pyca.store import services

    with database.read() as session:
        states = {one.name: one.state for one in services.statuses(session, clock.now(), [name])}
    return states[str(name)] is not ServiceState.STOPPED
