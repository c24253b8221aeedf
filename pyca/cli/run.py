"""``pyca run``, ``pyca all`` and one command per service."""

import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import click

from pyca.cli.camera import camera
from pyca.cli.live import live
from pyca.cli.options import Command, Options, open_database, pass_options
from pyca.cli.pipeline import pipeline
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import RunningError
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from pyca.cli.reading import Reader
    from pyca.config.settings import Settings
    from pyca.store.database import Database

_FRESH_SECONDS = 5.0
"""How long what the supervisor has read counts as the present configuration."""
_SHARED = (
    "pyca.opencast.discovery",
    "pyca.runtime.loop",
    "pyca.store.heart",
    "pyca.store.outbox",
    "pyca.store.recordings",
    "pyca.store.uploads",
    "pyca.store.upstream",
)

_HELP = {
    ServiceName.SCHEDULE: "Run the service that follows the calendar.",
    ServiceName.CAPTURE: "Run the service that records.",
    ServiceName.INGEST: "Run the service that delivers recordings.",
    ServiceName.AGENTSTATE: "Run the service that tells the server what this agent does.",
    ServiceName.UI: "Serve the page.",
}


@click.command(cls=Command)
@pass_options
def run(options: Options) -> None:
    """Run all services but the page (default).

    Streamer, camera server and pipeline server are run where [live], [camera] or [pipeline] has “enabled”
    set.
    """
    from pyca.cli.services import AGENT

    _supervise(options, AGENT)


@click.command("all", cls=Command)
@pass_options
def run_all(options: Options) -> None:
    """Run all services and the page.

    Streamer, camera server and pipeline server are run where [live], [camera] or [pipeline] has “enabled”
    set.
    """
    from pyca.cli.services import AGENT

    # The page first: it has the most to import.
    _supervise(options, (ServiceName.UI, *AGENT))


def _service_command(name: ServiceName) -> click.Command:
    @pass_options
    def start(options: Options) -> None:
        from pyca.cli.services import run_service

        sys.exit(run_service(name, options.settings))

    return Command(str(name), callback=start, help=_HELP[name])


RUN_COMMANDS = (run, run_all, *(_service_command(name) for name in _HELP), live, camera, pipeline)


def _supervise(options: Options, names: Sequence[ServiceName]) -> None:
    """Run services as children of this process until it is told to stop.

    :raises ConfigError: where the configuration is wrong
    :raises StoreError: where the database cannot be used
    :raises RunningError: where one of them runs already
    """
    # What is imported stays for good: looking for garbage among it costs a tenth of the start.
    gc.disable()
    from pyca.cli.reading import set_up_logs
    from pyca.cli.services import is_alive
    from pyca.runtime.notify import Notifier
    from pyca.runtime.supervisor import supervise

    settings, clock = options.settings(), SystemClock()
    set_up_logs(settings, "pyca")
    names = (*names, *(name for name in ServiceName if name in settings.extra_services))
    database = open_database(settings)
    # The children take the database over with its prepared statements, such as this one's.
    if alive := [str(name) for name in names if is_alive(database, name, clock)]:
        raise RunningError(f"already running for this database: {', '.join(alive)}", "stop them first")
    # Connections do not survive a fork; each child opens its own.
    database.dispose()
    preload()
    gc.enable()
    mains = _mains(names, _reader(options, settings, clock), database)
    sys.exit(supervise(mains, clock=clock, notifier=Notifier(clock=clock)))


def preload() -> None:
    """Import what several children need, so that they share its memory.

    What only one of them needs is left to it: the children import at the same time, and pages that one of
    them has written to would be there twice.
    """
    for module in _SHARED:
        import_module(module)


def _reader(options: Options, settings: "Settings", clock: Clock) -> "Reader":
    """Return what reads the configuration; a child that is started at once takes what was just read.

    The list is a child's own after the fork: each takes it once, and reads anew when it is told to reload or
    is started again later.
    """
    just_read, until = [settings], clock.monotonic() + _FRESH_SECONDS

    def read() -> "Settings":
        return just_read.pop() if just_read and clock.monotonic() < until else options.settings()

    return read


def _mains(
    names: Sequence[ServiceName], read: "Reader", database: "Database"
) -> dict[str, Callable[[], int]]:
    from pyca.cli.services import run_service

    return {str(name): partial(run_service, name, read, database, warned=True) for name in names}
