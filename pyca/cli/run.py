"""``pyca run``, ``pyca all`` and one command per service."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

import click

from pyca.cli.options import Command, Options, open_database, pass_options
from pyca.core.errors import RunningError
from pyca.core.states import ServiceName

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
    """Run all services but the page (default)."""
    from pyca.cli.services import AGENT

    _supervise(options, AGENT)


@click.command("all", cls=Command)
@pass_options
def run_all(options: Options) -> None:
    """Run all services and the page."""
    from pyca.cli.services import AGENT

    _supervise(options, (*AGENT, ServiceName.UI))


def _service_command(name: ServiceName) -> click.Command:
    @pass_options
    def start(options: Options) -> None:
        from pyca.cli.services import run_service

        sys.exit(run_service(name, options.settings))

    return Command(str(name), callback=start, help=_HELP[name])


RUN_COMMANDS = (run, run_all, *(_service_command(name) for name in ServiceName))


def _supervise(options: Options, names: Sequence[ServiceName]) -> None:
    """Run services as children of this process until it is told to stop.

    :raises ConfigError: where the configuration is wrong
    :raises StoreError: where the database cannot be used
    :raises RunningError: where one of them runs already
    """
    from pyca.cli.services import is_alive, set_up_logs
    from pyca.core.clock import SystemClock
    from pyca.runtime.notify import Notifier
    from pyca.runtime.supervisor import supervise

    settings = options.settings()
    set_up_logs(settings, "pyca")
    clock, database = SystemClock(), open_database(settings)
    if alive := [str(name) for name in names if is_alive(database, name, clock)]:
        raise RunningError(f"already running for this database: {', '.join(alive)}", "stop them first")
    # Connections do not survive a fork; each child opens its own.
    database.dispose()
    preload(names)
    sys.exit(supervise(_mains(options, names), clock=clock, notifier=Notifier(clock=clock)))


def preload(names: Sequence[ServiceName]) -> None:
    """Import what the children need, so that they share its memory."""
    for name in names:
        module = "pyca.ui.serve" if name is ServiceName.UI else f"pyca.{name}.service"
        import_module(module)


def _mains(options: Options, names: Sequence[ServiceName]) -> dict[str, Callable[[], int]]:
    from pyca.cli.services import run_service

    return {str(name): partial(run_service, name, options.settings, warned=True) for name in names}
