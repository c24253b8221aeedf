"""From what is wanted to what an engine is told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.live import Destination, LiveEvents, Setup
from pyca.live.plan import Plan, Surroundings
from pyca.live.service import occasions, operator
from pyca.live.service.occasions import HASTE, Occasions
from pyca.live.source.inputs import InputKind
from pyca.live.source.readiness import check_abilities, check_source
from pyca.media.ffmpeg import find_tools
from pyca.runtime.process import environment

_FOLDER_MODE = 0o750


@dataclass(frozen=True)
class Demand:
    """What people and the schedule want, as it was read last."""

    setup: Setup
    destinations: tuple[Destination, ...]
    occasions: Occasions

    @property
    def reachable(self) -> dict[str, str]:
        """Id → name of the destinations that are to be sent to."""
        labels = [one.label for one in self.destinations]
        return {
            one.id: one.label
            if one.label and labels.count(one.label) == 1
            else f"{one.label} {one.id}".strip()
            for one in self.destinations
            if one.wanted
        }


def read(session: Session, settings: Settings, now: float) -> Demand:
    """Return what is wanted now."""
    places = tuple(one for one in operator.listed(session, settings) if one.url)
    return Demand(operator.setup(session, settings), places, occasions.read(session, now))


def plan(settings: Settings, demand: Demand, now: float) -> Plan:
    """Return what an engine is to do now."""
    ours = settings.live
    return Plan(
        demand.setup.profile,
        demand.setup.source,
        demand.destinations,
        blind=demand.setup.blind,
        camera=not demand.occasions.takes_camera(settings, demand.setup, now),
        haste=demand.occasions.takes_camera(settings, demand.setup, now, HASTE),
        feed=LiveEvents(ours.events) is not LiveEvents.OFF,
        hls=ours.directory / "hls" if ours.hls else None,
        preview=ours.directory / "preview.jpg",
    )


def surroundings(settings: Settings, clock: Clock, environ: Mapping[str, str]) -> Surroundings:
    """Return what engines work with; the folder of the streamer is made.

    :raises MediaError: where there is no FFmpeg
    :raises OSError: where the folder cannot be made
    """
    ours = settings.live
    folder = Path(ours.directory)
    # Pictures of the room are in it.
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    return Surroundings(
        find_tools(environ),
        folder,
        clock,
        environment(environ),
        ours.slate,
        ours.slate_text,
        ours.ca_file,
        ours.insecure,
        settings.camera.address,
    )


def check(wanted: Plan, around: Surroundings) -> None:
    """Refuse what no patience makes possible. A camera that is away may come back, and so may a server.

    :raises ParameterError: where the input or the encoder is none that we know
    :raises MediaError: where a file is missing, a camera delivers nothing that can be copied as is wanted, an
        encoder is missing or does not work here, or FFmpeg lacks the protocol of all destinations
    """
    check_source(wanted.profile, wanted.source, around)
    schemes = {one.url.partition(":")[0].lower() for one in wanted.destinations if one.wanted}
    anything = replace(wanted.source, input=str(InputKind.RECORDER))
    # With several, each link tells for itself what it cannot do.
    check_abilities(wanted.profile, anything, around, schemes if len(schemes) == 1 else ())
