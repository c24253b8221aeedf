"""Reading the configuration again, and what follows from it for the log."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyca.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pyca.config.settings import Settings

logger = logging.getLogger(__name__)

Reader = Callable[[], "Settings"]
"""reads the configuration anew"""

_SHORTEST_SECRET = 6
"""characters"""
_COMMON_WORDS = frozenset({"password", "admin", "opencast"})


def reread(read: Reader, old: "Settings", name: str) -> "Settings | None":
    """Read the configuration again; where it is wrong, say all that is and return None.

    :param old: what is followed now; risks that it has already are not told once more
    :return: what to follow from now on, with the database that stays in use
    """
    problems: list[str] = []
    try:
        read_now = read()
        settings = replace(read_now, agent=replace(read_now.agent, database=old.agent.database))
        set_up_logs(settings, name, told=old.warnings)
    except ConfigError as error:
        problems = error.problems
    else:
        if read_now.agent.database != old.agent.database:
            logger.warning("Another database is used only after a restart")
        return settings
    for problem in [*problems, "The configuration was not changed; mend it and reload once more"]:
        logger.error("%s", problem)
    return None


def set_up_logs(settings: "Settings", name: str, *, told: Sequence[str] = ()) -> None:
    """Send log messages where the configuration says, without its secrets, and tell its risks.

    :param told: risks that have been told already
    """
    from pyca.runtime import logs

    logs.setup(settings.logging, service=name, secrets=_secrets(settings), keep=_kept(settings))
    # It introduces each of its plug-ins; what a migration did is told by our own line.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    for warning in settings.warnings:
        if warning not in told:
            logger.warning("%s", warning)


def _kept(settings: "Settings") -> "Path | None":
    """Return where the small log for the page is kept; None where the page has a better one, or no place."""
    from pyca.core.errors import ConfigError
    from pyca.runtime.keptlog import folder_beside
    from pyca.store.database import file_of

    try:
        file = file_of(settings.agent.database)
    except ConfigError:
        # It is explained where the database is opened.
        return None
    return folder_beside(file) if file and not settings.ui.log_command else None


def _secrets(settings: "Settings") -> list[str]:
    """Return the passwords that must not be logged.

    Published, short and common ones are words like any other: to mask them would make messages unreadable.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from pyca.config.settings import Server

    own = {settings.server.password, settings.ui.password, settings.live.stream_key} - {Server.password}
    try:
        own.add(make_url(settings.agent.database).password or "")
    except ArgumentError:
        logger.debug("The database's address is explained where it is opened")
    common = _COMMON_WORDS | {settings.server.username.lower(), settings.ui.username.lower()}
    return sorted(one for one in own if len(one) >= _SHORTEST_SECRET and one.lower() not in common)
