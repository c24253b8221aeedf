"""Everything that ``/metrics`` tells of, gathered in one look."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyca.config.settings import Settings
from pyca.runtime.disk import existing
from pyca.store import survey
from pyca.store.database import Database
from pyca.store.survey import Survey
from pyca.ui.context import Context
from pyca.ui.view import levels
from pyca.ui.view.levels import Level

_RECORDED = ("recordings", "fallback")


@dataclass(frozen=True)
class Room:
    """A disk, named by what it is used for."""

    free: int
    total: int
    seconds_left: float | None
    """recording time until it is low; None where it takes no recordings or their rate is unknown"""


@dataclass(frozen=True)
class Sight:
    """What is known now."""

    now: float
    agent: str
    facts: Survey
    rooms: dict[str, Room]
    """by use; disks that do not answer are left out"""
    levels: dict[str, Level]
    """by input, only those that are live"""
    previews: dict[str, float]
    """input → when its newest preview was written"""
    outside: frozenset[str]
    """names of the things outside that are in use; what is known of others is history"""


def gather(context: Context) -> Sight:
    """Look at the database, the disks, levels and previews.

    :raises StoreError: where the database cannot be read
    """
    now, settings = context.clock.now(), context.settings
    with context.database.read() as session:
        facts = survey.look(session, now)
    heard = levels.read(settings, now)
    return Sight(
        now=now,
        agent=settings.agent.name,
        facts=facts,
        rooms=dict(_rooms(settings, context.database, facts.rate)),
        levels={name: level for name, level in heard.items() if not level.stale},
        previews=_previews(context),
        outside=frozenset(_outside(settings)),
    )


def _rooms(settings: Settings, database: Database, rate: float) -> Iterator[tuple[str, Room]]:
    for use, folder in _places(settings, database):
        try:
            usage = shutil.disk_usage(existing(folder))
        except OSError:
            continue
        left = max(usage.free - settings.capture.minimum_free, 0)
        yield use, Room(usage.free, usage.total, left / rate if rate and use in _RECORDED else None)


def _places(settings: Settings, database: Database) -> Iterator[tuple[str, Path]]:
    yield "recordings", settings.capture.directory
    if settings.capture.fallback_directory:
        yield "fallback", settings.capture.fallback_directory
    if settings.standalone:
        yield "archive", settings.ingest.archive
    if database.file:
        yield "database", database.file.parent


def _previews(context: Context) -> dict[str, float]:
    found: dict[str, float] = {}
    for file in context.previews.files:
        modified = context.previews.modified(file.number)
        if modified is not None:
            found[file.label] = max(modified, found.get(file.label, modified))
    return found


def _outside(settings: Settings) -> Iterator[str]:
    if not settings.standalone:
        yield from ("calendar", "server", "registration")
    if settings.agent.calendar:
        yield "ics"
