"""``pyca pipeline``: the pipelines and their interface in one process; and are their configurations right?"""

import sys
from pathlib import Path
from typing import Any

import click

from pyca.cli.imaging import changed, folder_option, given_of, report_findings, server_options
from pyca.cli.options import GroupWithLongConfig, Options, pass_options
from pyca.core.states import ServiceName


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the address of a server without a slash at its end."""
    if value is None:
        return None
    from pyca.config.addresses import Url

    try:
        found: str = Url().parse(value)
    except ValueError:
        found = ""
    if not found:
        raise click.BadParameter(f"found “{value}”, expected an address such as http://localhost:8888")
    return found


@click.group(cls=GroupWithLongConfig, invoke_without_command=True)
@click.option(
    "-c",
    "--cam-server",
    "--cam_server",
    "cameras",
    metavar="ADDRESS",
    callback=_address,
    help="The camera server, such as http://localhost:8888.",
)
@server_options(base="Configurations of the pipelines, one JSON file each.")
@folder_option(
    "-g", "--background-base", "--background_base", "backgrounds", help="Backgrounds of the cameras."
)
@folder_option(
    "-u",
    "--user-scripts-base",
    "--user_scripts_base",
    "scripts",
    help="User scripts; whether they are run says run_scripts in [pipeline].",
)
@pass_options
@click.pass_context
def pipeline(context: click.Context, options: Options, /, **given: Any) -> None:
    """Run the pipeline server: every image of a camera processed.

    What is given here counts in place of [pipeline] and [logging] in the configuration.
    """
    changes = given_of(context, given)
    if context.invoked_subcommand is not None:
        return
    from pyca.cli.pipelines import check_libraries
    from pyca.cli.services import run_service

    check_libraries()
    sys.exit(run_service(ServiceName.PIPELINE, changed("pipeline", changes, options)))


@pipeline.command()
@click.argument("place", metavar="[FOLDER|FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def validate(options: Options, place: Path | None, as_json: bool) -> None:
    """Report every mistake in the configurations of a folder or in one, by default in those of [pipeline].

    Whether the backgrounds that they name are there is seen with the folder of [pipeline] alone. Ends with 0
    where there is none, and with 78 where there is one.
    """
    from pyca.cli.pipelines import findings_of

    if place is not None:
        found = findings_of(place)
    else:
        settings = options.settings().pipeline
        found = findings_of(settings.directory, settings.backgrounds)
    report_findings(found, "pipeline", as_json=as_json)
