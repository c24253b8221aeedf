"""``pyca``: the command group, and what becomes of errors."""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import pyca
from pyca.cli.completion import completion
from pyca.cli.config import config
from pyca.cli.db import db
from pyca.cli.demo import demo
from pyca.cli.doctor.command import doctor
from pyca.cli.events import events
from pyca.cli.options import Group, Options
from pyca.cli.record import record
from pyca.cli.run import RUN_COMMANDS, run
from pyca.cli.status import status
from pyca.cli.stream import stream
from pyca.cli.user import user
from pyca.core.errors import ConfigError, PycaError


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(pyca.__version__, "-V", "--version", prog_name="pyCA", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Record scheduled events from cameras and microphones, and deliver them.

    Without a command all services but the page are run.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is None:
        context.invoke(run)


for _command in (*RUN_COMMANDS, demo, doctor, status, events, record, stream, user, config, db, completion):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``pyca`` and end the process with an exit code as in sysexits.h.

    :param arguments: what follows the program's name; by default that of this process
    """
    # What is left at the end goes as a whole: to look for garbage in it takes a service half a second.
    atexit.register(gc.freeze)
    sys.exit(_outcome(arguments))


def _outcome(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(args=arguments, prog_name="pyca", standalone_mode=False, obj=Options())
        return code if isinstance(code, int) else os.EX_OK
    except click.Abort:
        click.echo("", err=True)
        return 128 + signal.SIGINT
    except click.UsageError as error:
        error.show()
        return os.EX_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PycaError as error:
        _explain(error)
        return error.exit_code


def _explain(error: PycaError) -> None:
    """Say what is wrong on stderr, each problem of a configuration on a line of its own."""
    if not isinstance(error, ConfigError):
        click.echo(f"pyca: {error}", err=True)
        return
    for problem in error.problems:
        click.echo(f"pyca: {problem}", err=True)
    if error.remedy:
        click.echo(f"pyca: {error.remedy}", err=True)
