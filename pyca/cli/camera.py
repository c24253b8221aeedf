"""``pyca camera``: the cameras and their interface, in one process; and are their configurations right?"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyca.cli.options import Group, Options, pass_options
from pyca.cli.output import emphasized, plain, print_json
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from pyca.config.settings import Settings

_LEVELS = {"CRITICAL": "error", "ERROR": "error", "WARNING": "warning", "INFO": "info", "DEBUG": "debug"}
"""the levels of cam_server and ours, which knows nothing above an error"""


@click.group(cls=Group, invoke_without_command=True)
@click.option("-p", "--port", type=click.IntRange(0, 65535), metavar="PORT", help="0 takes any that is free.")
@click.option(
    "-i",
    "--interface",
    "bind",
    metavar="INTERFACE",
    help="Where it listens: localhost, an address, a network card, or '*' (in quotes) for all.",
)
@click.option(
    "-b",
    "--base",
    "directory",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Configurations of the cameras, one JSON file each.",
)
@click.option("-n", "--hostname", metavar="NAME", help="Stands in addresses of streams.")
@click.option(
    "--log-level",
    "--log_level",
    type=click.Choice(list(_LEVELS), case_sensitive=False),
    help="What is worth a message.",
)
@pass_options
@click.pass_context
def camera(context: click.Context, options: Options, /, **given: Any) -> None:
    """Run the camera server: any camera as a bsread stream.

    What is given here counts in place of [camera] and [logging] in the configuration.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if context.invoked_subcommand is not None:
        if changes:
            raise click.UsageError("options of the server do not go with another command")
        return
    from pyca.cli.cameras import check_libraries
    from pyca.cli.services import run_service

    check_libraries()
    level = changes.pop("log_level", None)
    if "directory" in changes:
        changes["directory"] = changes["directory"].absolute()

    def read() -> "Settings":
        settings = options.settings()
        logging = replace(settings.logging, level=_LEVELS[level]) if level else settings.logging
        return replace(settings, camera=replace(settings.camera, **changes), logging=logging)

    sys.exit(run_service(ServiceName.CAMERA, read))


@camera.command()
@click.argument("place", metavar="[FOLDER|FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def validate(options: Options, place: Path | None, as_json: bool) -> None:
    """Report every mistake in the configurations of a folder or in one, by default in those of [camera].

    Whether the backgrounds that they name are there is seen with the folder of [camera] alone. Ends with 0
    where there is none, and with 78 where there is one.
    """
    from pyca.cli.cameras import findings_of

    if place is not None:
        found = findings_of(place)
    else:
        settings = options.settings().camera
        found = findings_of(settings.directory, settings.backgrounds)
    wrong = [one for one in found if one.problems]
    if as_json:
        print_json(
            [
                {"file": str(one.file), "problems": list(one.problems), "warnings": list(one.warnings)}
                for one in found
            ]
        )
    else:
        for one in found:
            for problem in one.problems:
                click.echo(f"{one.file}: {plain(problem)}", err=True)
            for warning in one.warnings:
                click.echo(f"{one.file}: {emphasized('warning')}: {plain(warning)}", err=True)
        verdict = f"mistakes in {len(wrong)}" if wrong else "no mistakes"
        click.echo(f"{len(found)} camera{'' if len(found) == 1 else 's'}, {verdict}")
    if wrong:
        sys.exit(os.EX_CONFIG)
