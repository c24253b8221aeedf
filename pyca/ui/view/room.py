"""How long the box has hands free: what a recording made by hand runs into."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.schedule.slots import occupied


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way, and from when on."""

    start: float
    event: Event


def next_obstacle(
    session: Session, start: float, end: float, limit: int, *, ignore: str = ""
) -> Obstacle | None:
    """Return the first moment of a span in which no hand is free, None where all of it can be recorded.

    :param limit: events at once, ``max_parallel``
    :param ignore: the event that shall go on for longer
    """
    others = [event for event in occupied(session, start, end) if event.uid != ignore]
    for event in sorted(others, key=lambda one: one.start):
        moment = max(event.start, start)
        if sum(one.start <= moment < one.end for one in others) >= limit:
            return Obstacle(moment, event)
    return None
