"""Finding and loading ``pyca.conf``: the one way to a ``Settings``."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from pyca.config.cautions import caution
from pyca.config.checks import check
from pyca.config.commands import caution_commands, caution_hooks
from pyca.config.environment import overrides
from pyca.config.machine import default_name, system_zone
from pyca.config.report import Report
from pyca.config.sections import build_inputs, build_sections
from pyca.config.services import build_services
from pyca.config.settings import Agent, Settings, Ui
from pyca.config.source import Tree, read_source
from pyca.core.errors import ConfigError

SYSTEM_FILE = Path("/etc/pyca/pyca.conf")
_REMEDY = "mend these, then look again with “pyca config check”"


def find_file(explicit: Path | None, cwd: Path, system: Path = SYSTEM_FILE) -> Path | None:
    """Return the configuration file to use, None where there is none and the defaults are meant.

    :param explicit: what the command line names; it wins, and has to be there
    :param cwd: the folder whose ``etc/pyca.conf`` comes next
    :param system: the file of the whole machine, which comes last
    :raises ConfigError: where the file that the command line names does not exist
    """
    if explicit is not None:
        if not (cwd / explicit).exists():
            raise ConfigError([f"{explicit}: no such file"], "name an existing file with --config")
        return cwd / explicit
    return next((file for file in (cwd / "etc" / "pyca.conf", system) if file.exists()), None)


def load(file: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings that a file and the environment give together; the environment wins.

    :param file: the configuration file, None for the defaults
    :param environ: the variables, in a program ``os.environ``
    :raises ConfigError: with every mistake found, each with its file and line
    """
    tree: Tree = {}
    report = Report()
    if file is not None:
        tree, report = read_source(file.absolute())
    raw = overrides(environ, report)
    sections = build_sections(tree, raw, report)
    settings = Settings(
        **sections,
        inputs=build_inputs(tree, report),
        services=build_services(tree, report),
        file=report.file,
    )
    settings = dataclasses.replace(settings, agent=complete(settings.agent, settings.ui, environ))
    check(settings, report)
    if report.problems:
        raise ConfigError(report.problems, _REMEDY)
    caution(settings, report)
    caution_commands(settings, report, environ)
    caution_hooks(settings, report, environ)
    return dataclasses.replace(settings, warnings=report.warnings)


def complete(agent: Agent, ui: Ui, environ: Mapping[str, str]) -> Agent:
    """Return the agent with what was left empty taken from the machine and the page."""
    return dataclasses.replace(
        agent,
        name=agent.name.strip() or default_name(),
        address=agent.address or ui.url,
        timezone=agent.timezone or system_zone(environ),
    )
