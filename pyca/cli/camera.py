"""``pyca camera``: the cameras and their interface, in one process; and are their configurations right?"""

import sys
from pathlib import Path
from typing import Any

import click

from pyca.cli.imaging import changed, given_of, report_findings, server_options
from pyca.cli.options import Group, Options, pass_options
from pyca.core.states import ServiceName


@click.group(cls=Group, invoke_without_command=True)
@server_options(base="Configurations of the cameras, one JSON file each.")
@pass_options
@click.pass_context
def camera(context: click.Context, options: Options, /, **given: Any) -> None:
    """Run the camera server: any camera as a bsread stream.

    What is given here counts in place of [camera] and [logging] in the configuration.
    """
    changes = given_of(context, given)
    if context.invoked_subcommand is not None:
        return
    from pyca.cli.cameras import check_libraries
    from pyca.cli.services import run_service

    check_libraries()
    sys.exit(run_service(ServiceName.CAMERA, changed("camera", changes, options)))


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
    report_findings(found, "camera", as_json=as_json)
