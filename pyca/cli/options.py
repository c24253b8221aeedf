"""What all commands have in common: ``--config``, before or after the command's name."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.store.database import Database


@dataclass
class Options:
    """What was given on the command line for all commands."""

    config: Path | None = None

    def settings(self) -> "Settings":
        """Read the configuration, each time anew.

        :raises ConfigError: with every mistake found
        """
        from pyca.config import find_file, load

        return load(find_file(self.config, Path.cwd()), os.environ)


def open_database(settings: "Settings", *, create: bool = True) -> "Database":
    """Return the database of a configuration, its tables up to date; closed at the end of the command.

    :param create: False for commands that only look: whoever runs them is perhaps not pyCA's user, and a
        file made by another one would keep pyCA out
    :raises StoreError: where it cannot be used, or is not there and shall not be made
    """
    from pyca.core.errors import StoreError
    from pyca.store.database import Database
    from pyca.store.upgrade import ensure

    database = Database(settings.agent.database)
    click.get_current_context().call_on_close(database.dispose)
    if not create and database.file and not database.file.exists():
        raise StoreError(f"there is no database {database.file} yet", "start pyCA once, or check --config")
    ensure(database, repair=create)
    return database


pass_options = click.make_pass_decorator(Options, ensure=True)


def _note_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    # An option that is not given must not undo the one before the command's name; nor may the environment.
    given = context.get_parameter_source("config") is click.core.ParameterSource.COMMANDLINE
    options = context.ensure_object(Options)
    if value is not None and (given or options.config is None):
        options.config = value


class _WithConfig:
    """Adds ``--config`` to a command."""

    params: list[click.Parameter]
    config_names: Sequence[str] = ("-c", "--config")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        option = click.Option(
            list(self.config_names),
            type=click.Path(path_type=Path),
            envvar="PYCA_CONFIG",
            metavar="FILE",
            help="Configuration; by default ./etc/pyca.conf, then /etc/pyca/pyca.conf.",
            callback=_note_config,
            expose_value=False,
        )
        self.params.append(option)


class Command(_WithConfig, click.Command):
    """A command that takes ``--config``."""


class Group(_WithConfig, click.Group):
    """A group whose commands and groups take ``--config`` too."""

    command_class = Command
    group_class = type

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the commands in the order in which people meet them."""
        return list(self.commands)


class GroupWithLongConfig(Group):
    """A group whose own ``-c`` means something else; its commands take both again."""

    config_names = ("--config",)
