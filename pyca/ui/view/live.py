"""Everything the page about the stream says, gathered in one look at the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session as Transaction

from pyca.config.settings import Settings
from pyca.core.control import HIDDEN, ParameterError
from pyca.core.event import Event
from pyca.core.live import (
    MAIN,
    Destination,
    LinkReport,
    LinkState,
    LiveEvents,
    LiveReport,
    LiveState,
    Profile,
    Session,
    Setup,
    is_streamed,
)
from pyca.core.secrecy import mask
from pyca.core.states import ServiceName
from pyca.live.send import address, presets
from pyca.live.service import operator
from pyca.live.service.heard import is_silent, lives
from pyca.live.service.occasions import passes_on
from pyca.store import events, live, services, stream_sessions
from pyca.store.services import ServiceStatus
from pyca.ui.context import Context
from pyca.ui.view.digest import digest
from pyca.ui.view.live_figures import SPANS, gather_health
from pyca.ui.view.live_graph import Health
from pyca.ui.view.live_words import Standing, standing
from pyca.ui.view.previews import Previews, outgoing_files

SESSIONS = 5
EVENTS = 20
"""Planned events that are looked through for those to be streamed."""
PICTURE_AGE = 15.0
"""Seconds after which the picture of what goes out is not live any more."""


@dataclass(frozen=True)
class Target:
    """One destination, and how it does. Nobody sees its key."""

    destination: Destination
    link: LinkReport
    name: str
    """what it is called here"""
    address: str
    """masked"""
    cautions: tuple[str, ...] = ()
    """what the platform would not like about the stream"""

    @property
    def is_set(self) -> bool:
        """True where there is somewhere to send to."""
        return bool(self.destination.url)


@dataclass(frozen=True)
class Planned:
    """An event that will be streamed by itself.

    :param passed_on: what is recorded is streamed; otherwise the streamer's own input is
    """

    event: Event
    passed_on: bool


@dataclass(frozen=True)
class LiveView:
    """The page."""

    now: float
    standing: Standing
    report: LiveReport
    setup: Setup
    service: ServiceStatus
    targets: tuple[Target, ...]
    span: str
    """which time the graphs show, a key of SPANS"""
    session: Session | None
    """whose graphs are shown: the present one, or the last"""
    health: Health | None
    sessions: tuple[Session, ...]
    events: tuple[Planned, ...]
    """planned ones that will be streamed by themselves"""
    picture: float | None
    """when the picture of what goes out was made, None where there is none"""

    @property
    def live_picture(self) -> bool:
        """True where the picture shows what goes out now."""
        return self.standing.on and self.picture is not None and self.now - self.picture <= PICTURE_AGE

    @property
    def reachable(self) -> bool:
        """True where there is somewhere to send to."""
        return any(one.is_set and one.destination.wanted for one in self.targets)

    @property
    def may_start(self) -> bool:
        """True where a start is possible."""
        runs = lives(self.service, self.now)
        return runs and self.report.state is LiveState.IDLE and self.reachable

    @property
    def may_stop(self) -> bool:
        """True where there is something to stop, or what would begin as soon as the service runs."""
        waits = self.setup.wanted and not lives(self.service, self.now)
        return waits or self.report.state in (LiveState.PREPARING, LiveState.STREAMING)

    @property
    def tag(self) -> str:
        """A digest of what is visible; it changes at least every minute."""
        # Heartbeats and the age of the picture are not shown; the script asks for the picture by itself.
        service = replace(self.service, heartbeat=None)
        report = replace(self.report, at=0.0, cpu=round(self.report.cpu), memory=0)
        seen = replace(self, now=self.now // 60, service=service, report=report, picture=None)
        return digest((seen, self.setup.share, self.live_picture))


def gather(context: Context, span: str = "") -> LiveView:
    """Look at the stream.

    :param span: which time the graphs show
    :raises StoreError: where the database cannot be read
    """
    now, settings = context.clock.now(), context.settings
    span = span if span in SPANS else next(iter(SPANS))
    with context.database.read() as session:
        report = operator.status(session, settings, context.clock)
        wanted = operator.setup(session, settings)
        service = _service(session, now)
        past = tuple(stream_sessions.listed(session, limit=SESSIONS))
        targets = _targets(operator.listed(session, settings), report, wanted.profile)
        labels = {one.destination.id: one.name for one in targets}
        shown = _shown(session, report, past)
        return LiveView(
            now=now,
            standing=standing(report, wanted, service, _silent_since(session, now)),
            report=report,
            setup=wanted,
            service=service,
            targets=targets,
            span=span,
            session=shown,
            health=gather_health(session, shown, labels, span, now, context.long_figures) if shown else None,
            sessions=past,
            events=tuple(_coming(session, settings)),
            picture=Previews(outgoing_files(settings)).modified(0),
        )


def labels_of(session: Transaction, context: Context) -> Mapping[str, str]:
    """Return what destinations are called, by their ids."""
    return {one.id: _name(one) for one in operator.listed(session, context.settings)}


def _targets(listed: list[Destination], report: LiveReport, profile: Profile) -> tuple[Target, ...]:
    links = {link.id: link for link in report.links}
    off = LinkReport("", "", LinkState.OFF)
    return tuple(
        Target(
            replace(one, key=HIDDEN if one.key else ""),
            links.get(one.id, replace(off, id=one.id)),
            _name(one),
            _address(one),
            _cautions(one, profile),
        )
        for one in listed
    )


def _name(one: Destination) -> str:
    return one.label or ("Main destination" if one.id == MAIN else _address(one))


def _address(one: Destination) -> str:
    """Return where a destination is, without its secrets."""
    try:
        return address.parse(one.url, one.key).masked
    except ParameterError:
        return mask(one.url)


def _cautions(one: Destination, profile: Profile) -> tuple[str, ...]:
    preset = presets.at(one.url)
    return tuple(presets.cautions(preset, profile)) if preset else ()


def _service(session: Transaction, now: float) -> ServiceStatus:
    found = services.statuses(session, now, [ServiceName.LIVE])
    return next(one for one in found if one.name == ServiceName.LIVE)


def _silent_since(session: Transaction, now: float) -> float | None:
    told = live.report(session)
    return told.at if is_silent(told, now) else None


def _shown(session: Transaction, report: LiveReport, past: tuple[Session, ...]) -> Session | None:
    if report.session is None:
        return past[0] if past else None
    listed = next((one for one in past if one.id == report.session), None)
    return listed or stream_sessions.get(session, report.session)


def _coming(session: Transaction, settings: Settings) -> Iterator[Planned]:
    rule = LiveEvents(settings.live.events)
    if rule is LiveEvents.OFF:
        return
    for event in events.upcoming(session, limit=EVENTS):
        if is_streamed(rule, event):
            yield Planned(event, passes_on(settings, event))
