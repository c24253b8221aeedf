"""Two looks at the agent, and what has changed between them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from pyca.core.recording import Recording
from pyca.core.states import EventState
from pyca.store import alarms, events, fingerprints, recordings
from pyca.store.fingerprints import Fingerprints
from pyca.ui.api import alarms as api_alarms
from pyca.ui.api import services as api_services
from pyca.ui.view.services import statuses

Resource = dict[str, Any]
Describe = Callable[[Session, Iterable[str]], Mapping[str, Resource]]
"""Returns the events of these ids as the API tells them; those that are gone are missing."""

SHOWN = 10
"""Events to come, and recordings that are over, that somebody is told at first."""


@dataclass(frozen=True)
class Change:
    """One thing that has changed.

    :param name: of the server-sent event
    """

    name: str
    data: Resource
    change: str = "changed"

    def document(self) -> dict[str, Any]:
        """Return what is sent."""
        return {"change": self.change, "data": self.data}


@dataclass(frozen=True)
class Picture:
    """What was seen in one look."""

    events: Fingerprints = field(default_factory=Fingerprints)
    services: Mapping[str, Resource] = field(default_factory=dict)
    alarms: Mapping[str, Resource] = field(default_factory=dict)


def look(session: Session, now: float) -> Picture:
    """Look at the agent.

    :param now: seconds since 1970 UTC
    """
    states = (api_services.resource(one) for one in statuses(session, now))
    active = (api_alarms.resource(one, now) for one in alarms.active(session, now))
    return Picture(
        fingerprints.look(session), {one["id"]: one for one in states}, {one["id"]: one for one in active}
    )


def compare(session: Session, old: Picture, new: Picture, now: float, describe: Describe) -> list[Change]:
    """Return what has changed, in the order in which it is told.

    :param now: seconds since 1970 UTC
    """
    return [
        *_events(session, old.events, new.events, describe),
        *_uploads(old.events, new.events),
        *_services(old.services, new.services),
        *_alarms(old.alarms, new.alarms, now),
    ]


def snapshot(session: Session, seen: Picture, describe: Describe) -> dict[str, Any]:
    """Return what somebody must know to make sense of changes."""
    coming = [event.uid for event in events.upcoming(session, limit=SHOWN)]
    running = _uids(recordings.listing(session, states=[EventState.RECORDING], oldest_first=True))
    over = [state for state in EventState if state is not EventState.RECORDING]
    past = _uids(recordings.listing(session, states=over, limit=SHOWN))
    told = describe(session, {*coming, *running, *past, *seen.events.uploads})

    def of(uids: Iterable[str]) -> list[Resource]:
        return [told[uid] for uid in uids if uid in told]

    return {
        "recording": of(running),
        "uploading": of(seen.events.uploads),
        "next": of(coming),
        "recent": of(past),
        "services": list(seen.services.values()),
        "alarms": list(seen.alarms.values()),
    }


def _uids(found: Iterable[Recording]) -> list[str]:
    return [one.uid for one in found]


def _events(session: Session, old: Fingerprints, new: Fingerprints, describe: Describe) -> Iterator[Change]:
    changed = {uid: "changed" for uid, it in new.numbers.items() if old.numbers.get(uid, it) != it}
    for uid in new.numbers.keys() - old.numbers.keys():
        # What has only come into view was there before.
        if old.covers(new.starts[uid]):
            changed[uid] = "created"
        elif uid in new.going_on:
            changed[uid] = "changed"
    gone = old.numbers.keys() - new.numbers.keys()
    still = fingerprints.existing(session, gone) if gone else set()
    changed |= dict.fromkeys(still & old.going_on, "changed")
    told = describe(session, changed) if changed else {}
    for uid, how in changed.items():
        if uid in told:
            yield Change("event", told[uid], how)
    for uid in sorted(gone - still):
        yield Change("event", {"type": "event", "id": uid}, "deleted")


def _uploads(old: Fingerprints, new: Fingerprints) -> Iterator[Change]:
    for uid, progress in new.uploads.items():
        if old.uploads.get(uid) != progress:
            yield Change("upload", {"type": "upload", "id": uid, "attributes": asdict(progress)})


def _services(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[Change]:
    for name, one in new.items():
        if name in old and _without_beat(old[name]) != _without_beat(one):
            yield Change("service", one)


def _without_beat(one: Resource) -> dict[str, Any]:
    return {name: value for name, value in one["attributes"].items() if name != "heartbeat"}


def _alarms(old: Mapping[str, Resource], new: Mapping[str, Resource], now: float) -> Iterator[Change]:
    for key, one in new.items():
        if key not in old:
            yield Change("alarm", one, "created")
        elif old[key] != one:
            yield Change("alarm", one)
    for key in old.keys() - new.keys():
        over = old[key]["attributes"] | {"active": False, "ended": old[key]["attributes"]["ended"] or now}
        yield Change("alarm", old[key] | {"attributes": over}, "ended")
