"""``pyca config``: is the configuration right, and what does it amount to?"""

import click

from pyca.cli.options import Group, Options, pass_options
from pyca.cli.output import emphasized, print_json


@click.group(cls=Group)
def config() -> None:
    """Check and show the configuration."""


@config.command()
@pass_options
def check(options: Options) -> None:
    """Report every mistake and every risk in the configuration."""
    settings = options.settings()
    for warning in settings.warnings:
        click.echo(f"{emphasized('warning')}: {warning}", err=True)
    click.echo(f"{settings.file or 'no file, all defaults'}: no mistakes")


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def show(options: Options, as_json: bool) -> None:
    """Print the effective configuration, secrets masked."""
    from pyca.config import as_dict
    from pyca.config import show as show_settings

    settings = options.settings()
    if as_json:
        print_json(as_dict(settings))
    else:
        click.echo(show_settings(settings), nl=False)
