"""What the commands of the camera server and of the pipeline server have in common."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pyca.cli.options import Options
from pyca.cli.output import emphasized, plain, print_json

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.folders.folder import Finding

F = TypeVar("F", bound=Callable[..., Any])

_LEVELS = {"CRITICAL": "error", "ERROR": "error", "WARNING": "warning", "INFO": "info", "DEBUG": "debug"}
"""the levels of cam_server and ours, which knows nothing above an error"""
_FOLDERS = ("directory", "backgrounds", "scripts")


def folder_option(*names: str, help: str) -> Callable[[F], F]:
    """Return an option that takes a folder."""
    return click.option(*names, type=click.Path(path_type=Path), metavar="FOLDER", help=help)


def server_options(base: str) -> Callable[[F], F]:
    """Return the options that both servers have.

    :param base: help for the folder of configurations
    """
    options = (
        click.option(
            "-p", "--port", type=click.IntRange(0, 65535), metavar="PORT", help="0 takes any that is free."
        ),
        click.option(
            "-i",
            "--interface",
            "bind",
            metavar="INTERFACE",
            help="Where it listens: localhost, an address, a network card, or '*' (in quotes) for all.",
        ),
        folder_option("-b", "--base", "directory", help=base),
        click.option("-n", "--hostname", metavar="NAME", help="Stands in addresses of streams."),
        click.option(
            "--log-level",
            "--log_level",
            type=click.Choice(list(_LEVELS), case_sensitive=False),
            help="What is worth a message.",
        ),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def changed(section: str, given: Mapping[str, Any], options: Options) -> "Callable[[], Settings]":
    """Return what reads the settings, and has what was given win.

    :param section: of the settings
    :param given: values by key; ``log_level`` is one of ``[logging]``
    """
    changes = {key: value for key, value in given.items() if key != "log_level"}
    level = given.get("log_level")
    for name in _FOLDERS:
        if name in changes:
            changes[name] = changes[name].absolute()

    def read() -> "Settings":
        settings = options.settings()
        logging = replace(settings.logging, level=_LEVELS[level]) if level else settings.logging
        part = replace(getattr(settings, section), **changes)
        return replace(settings, logging=logging, **{section: part})

    return read


def given_of(context: click.Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given.

    :raises click.UsageError: where there are some, and they do not go with the command that follows
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if changes and context.invoked_subcommand is not None:
        raise click.UsageError("options of the server do not go with another command")
    return changes


def report_findings(found: "list[Finding]", noun: str, *, as_json: bool) -> None:
    """Tell what is wrong with configurations, and end with 78 where something is.

    :param noun: what each of them is, such as “camera”
    """
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
        click.echo(f"{len(found)} {noun}{'' if len(found) == 1 else 's'}, {verdict}")
    if wrong:
        sys.exit(os.EX_CONFIG)
