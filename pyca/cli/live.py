"""``pyca live``: the streamer and its interface, in one process."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyca.cli.options import Command, Options, pass_options
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from pyca.config.settings import Settings


@click.command(cls=Command)
@click.option(
    "--bind",
    metavar="ADDRESS",
    help="Where the interface listens: localhost, an address, a network card, or '*' (in quotes) for all.",
)
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="0 takes any that is free.")
@click.option("--mdns/--no-mdns", default=None, help="Whether it is announced to the network.")
@click.option(
    "--docroot",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder of files that are served beside the interface.",
)
@pass_options
def live(options: Options, /, **given: Any) -> None:
    """Run the service that streams, and the livebox interface.

    What is given here counts in place of [live] in the configuration.
    """
    from pyca.cli.services import run_service

    changes = {name: value for name, value in given.items() if value is not None}
    if "docroot" in changes:
        changes["docroot"] = changes["docroot"].absolute()

    def read() -> "Settings":
        settings = options.settings()
        return replace(settings, live=replace(settings.live, **changes))

    sys.exit(run_service(ServiceName.LIVE, read))
