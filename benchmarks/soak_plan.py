"""What the server asks for: two rooms full of short events without gaps, changed on the way."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

SHORTEST = 3
LONGEST = 6
LONG = 14
"""Seconds of an event that is long enough for a stuck command to be noticed."""
ONE_IN = 9
"""So many events make one long one."""
NOTICE = 8.0
"""Seconds after which a change has arrived where nothing is in its way: the calendar is asked each five."""
RETURN = 6.0
"""Seconds that it takes after a disturbance until the calendar is asked again."""


@dataclass(frozen=True)
class Version:
    """How an event stood on the schedule from some moment on.

    :param end: the same as start where it was cancelled
    """

    moment: float
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass
class Planned:
    """An event with all that the server ever said about it, the first version first."""

    uid: str
    versions: list[Version]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    @property
    def cancelled(self) -> bool:
        return self.latest.seconds == 0

    @property
    def changed(self) -> bool:
        return len(self.versions) > 1

    def change(self, moment: float, start: float, end: float) -> None:
        self.versions.append(Version(moment, start, end))


@dataclass(frozen=True)
class Disturbance:
    """A time in which changes of the schedule may not arrive."""

    begin: float
    end: float


@dataclass(frozen=True)
class Asked:
    """What may be expected of an event: where a change came too late, either version is right.

    :param seconds: the shortest version
    """

    start: float
    end: float
    seconds: float
    sure: bool


def asked(planned: Planned, disturbances: Iterable[Disturbance]) -> Asked:
    """Return what an agent can have known of an event in time."""
    between = sorted(disturbances, key=lambda one: one.begin)
    possible = planned.versions[:1]
    for old, new in pairwise(planned.versions):
        same_start = old.start == new.start and new.seconds > 0
        deadline = min(old.end, new.end) if same_start else min(old.start, new.start)
        if arrival(new.moment, between) <= deadline:
            possible = [new]
        else:
            possible.append(new)
    return Asked(
        min(one.start for one in possible),
        max(one.end for one in possible),
        min(one.seconds for one in possible),
        len(possible) == 1,
    )


def arrival(moment: float, between: Iterable[Disturbance]) -> float:
    """Return when a change that was made at a moment is known for certain.

    :param between: in the order in which they began
    """
    for one in between:
        if one.begin < moment + NOTICE and one.end + RETURN > moment:
            moment = max(moment, one.end + RETURN)
    return moment + NOTICE


@dataclass
class Rooms:
    """The events of two rooms, in order; a room's next event begins where the one before ends."""

    rooms: list[list[Planned]] = field(default_factory=list)

    @property
    def events(self) -> list[Planned]:
        return [event for room in self.rooms for event in room]

    def pairs(self) -> list[tuple[Planned, Planned]]:
        """Return each event with its follower."""
        return [pair for room in self.rooms for pair in pairwise(room)]


def fill(chance: random.Random, begin: float, end: float) -> Rooms:
    """Plan two rooms between two moments; the second one's events overlap the first one's."""
    rooms = Rooms()
    for number in range(2):
        room: list[Planned] = []
        start = begin + number
        while start + SHORTEST <= end:
            long = chance.randrange(ONE_IN) == 0
            length = LONG if long else chance.randint(SHORTEST, LONGEST)
            uid = f"room-{number + 1}-event-{len(room) + 1:04d}"
            room.append(Planned(uid, [Version(begin, start, start + length)]))
            start += length
        rooms.rooms.append(room)
    return rooms
