"""``pyca db``: the database's tables."""

import click

from pyca.cli.options import Group, Options, open_database, pass_options


@click.group(cls=Group)
def db() -> None:
    """Check and upgrade the database."""


@db.command()
@pass_options
def upgrade(options: Options) -> None:
    """Make the tables, or bring them up to date; an SQLite file is copied before."""
    from pyca.store.upgrade import version

    database = open_database(options.settings())
    click.echo(f"{database.place}: schema {version(database)}")


@db.command()
@pass_options
@click.pass_context
def check(context: click.Context, options: Options) -> None:
    """Tell whether the database can be used by this pyCA."""
    from pyca.core.errors import StoreError
    from pyca.store.database import Database
    from pyca.store.tables import SCHEMA
    from pyca.store.upgrade import version

    database = Database(options.settings().agent.database)
    context.call_on_close(database.dispose)
    if database.file and not database.file.exists():
        raise StoreError(f"there is no database {database.file} yet", "run “pyca db upgrade” or start pyCA")
    found = version(database)
    if found != SCHEMA:
        remedy = "run “pyca db upgrade”" if found is None or found < SCHEMA else "install the newer pyCA"
        raise StoreError(f"{database.place} has schema {found or 'none'}, expected {SCHEMA}", remedy)
    click.echo(f"{database.place}: schema {found}, as expected")
