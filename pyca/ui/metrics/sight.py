"""Everything that ``/metrics`` tells of, gathered in one look."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyca.config.settings import Settings
from pyca.core.live import LiveReport, Setup
from pyca.store import live, survey
from pyca.store.survey import Survey
from pyca.ui.context import Context
from pyca.ui.view import disks, levels
from pyca.ui.view.disks import Disk
from pyca.ui.view.levels import Level


@dataclass(frozen=True)
class Live:
    """What is known about the stream."""

    report: LiveReport
    wanted: bool
    """somebody has started it by hand, and nobody has stopped it"""

    @property
    def used(self) -> bool:
        """Whether anybody ever streamed here."""
        return bool(self.report.at) or self.wanted


@dataclass(frozen=True)
class Sight:
    """What is known now."""

    now: float
    agent: str
    facts: Survey
    disks: dict[str, Disk]
    """by use; disks that do not answer are left out"""
    levels: dict[str, Level]
    """by input, only those that are live"""
    previews: dict[str, float]
    """input → when its newest preview was written"""
    outside: frozenset[str]
    """names of the things outside that are in use; what is known of others is history"""
    live: Live


def gather(context: Context) -> Sight:
    """Look at the database, the disks, levels and previews.

    :raises StoreError: where the database cannot be read
    """
    now, settings = context.clock.now(), context.settings
    with context.database.read() as session:
        facts = survey.look(session, now, settings.extra_services)
        stream = Live(live.report(session), live.setup(session, Setup()).wanted)
    heard = levels.read(settings, now)
    return Sight(
        now=now,
        agent=settings.agent.name,
        facts=facts,
        disks=disks.by_use(settings, context.database, facts.rate),
        levels={name: level for name, level in heard.items() if not level.stale},
        previews=_previews(context),
        outside=frozenset(_outside(settings)),
        live=stream,
    )


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
