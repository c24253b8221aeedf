"""Environment variables that override keys of the file: ``PYCA_SERVER_PASSWORD``, ``PYCA_UI_PORT``."""

from collections.abc import Mapping
from pathlib import Path

from pyca.config.addresses import DatabaseUrl
from pyca.config.keys import SECTIONS, kinds
from pyca.config.locate import Location
from pyca.config.report import Report, did_you_mean
from pyca.config.types import Raw, Secret
from pyca.core.live import KEY_VARIABLE

PREFIX = "PYCA_"
OTHERS = frozenset({"PYCA_CONFIG", "PYCA_FFMPEG"})
"""variables that name a file to use; no keys"""
_FOR_COMMANDS = frozenset({KEY_VARIABLE})
"""variables that one command reads; no keys either, and like passwords they are no child's business"""


def variables() -> dict[str, Location]:
    """Return each variable that is understood and the key that it sets; those with ``_FILE`` not included."""
    return {
        f"{PREFIX}{section}_{key}".upper(): (section, key)
        for section, cls in SECTIONS.items()
        for key in kinds(cls)
    }


def file_variables() -> dict[str, Location]:
    """Return each variable that names a file with a secret in it, and the key that it sets."""
    return {
        f"{name}_FILE": (section, key)
        for name, (section, key) in variables().items()
        if isinstance(kinds(SECTIONS[section])[key], (Secret, DatabaseUrl))
    }


def overrides(environ: Mapping[str, str], report: Report) -> dict[Location, Raw]:
    """Return the raw values that the environment sets; the report learns which variable set what."""
    plain, files = variables(), file_variables()
    found: dict[Location, Raw] = {}
    for name in sorted(
        name for name in environ if name.startswith(PREFIX) and name not in OTHERS | _FOR_COMMANDS
    ):
        if name in plain:
            section, key = location = plain[name]
            found[location] = kinds(SECTIONS[section])[key].split(environ[name])
            report.variables[location] = name
        elif name in files:
            _read_secret(name, files[name], environ, found, report)
        else:
            report.warn(f"{name}: sets no key and has no effect{did_you_mean(name, [*plain, *files])}")
    return found


def _read_secret(
    name: str, location: Location, environ: Mapping[str, str], found: dict[Location, Raw], report: Report
) -> None:
    """Read the file that a variable names."""
    direct = name.removesuffix("_FILE")
    if direct in environ:
        report.error_in(name, f"{direct} is set too; expected one of the two")
        return
    try:
        text = Path(environ[name]).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        report.error_in(name, f"the file “{environ[name]}” cannot be read: {reason}")
        return
    found[location] = text.removesuffix("\n").removesuffix("\r")
    report.variables[location] = name
