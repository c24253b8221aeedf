"""Is there a configuration, and is it the right one?"""

import stat
from collections.abc import Iterator

from pyca.cli.doctor.finding import Finding, failed, ok, skipped, warning
from pyca.config.settings import Settings
from pyca.core.errors import ConfigError


def check(settings: Settings) -> Iterator[Finding]:
    """Tell which file is in effect, and every risk in it."""
    if settings.file is None:
        remedy = "name the file with --config, or write /etc/pyca/pyca.conf"
        yield warning("file", "no file was found, the defaults are in effect", remedy)
    else:
        mode = stat.S_IMODE(settings.file.stat().st_mode)
        yield ok("file", f"{settings.file}, no mistakes, mode {mode:o}")
    yield ok("agent", settings.agent.name)
    for text in settings.warnings:
        what, semicolon, remedy = text.rpartition("; ")
        yield warning(
            "risk", what if semicolon else text, remedy if semicolon else "change it unless it is meant"
        )


def mistakes(error: ConfigError) -> Iterator[Finding]:
    """Tell every mistake."""
    for problem in error.problems:
        yield failed("mistake", problem, error.remedy)
    yield skipped("rest", "what depends on the configuration was not looked at", "mend it, then look again")
