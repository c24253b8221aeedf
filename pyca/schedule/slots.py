"""Who records when: what a new event would collide with."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.states import EventState
from pyca.store import events, recordings


class TakenError(UsageError):
    """At the wanted time the box records as much as it may.

    :param events: what is in the way
    """

    def __init__(self, events: Sequence[Event]) -> None:
        names = ", ".join(f"“{event.title}” ({event.uid})" for event in events)
        super().__init__(
            f"at that time {names} will be recorded already",
            "choose another time or raise [capture] max_parallel",
        )
        self.events = tuple(events)


def check_room(session: Session, start: float, end: float, limit: int, *, ignore: str = "") -> None:
    """Refuse a time in which the box has no hands free.

    :param limit: events at once, ``max_parallel``
    :param ignore: the event that shall be moved
    :raises TakenError: naming the events in the way
    """
    others = [event for event in occupied(session, start, end) if event.uid != ignore]
    crowd = max((_during(others, max(start, event.start)) for event in others), key=len, default=[])
    if len(crowd) >= limit:
        raise TakenError(crowd)


def occupied(session: Session, start: float, end: float) -> list[Event]:
    """Return what will be recorded during a span: events that wait and recordings that run."""
    waiting = [event for event in events.upcoming(session, before=end) if event.end > start]
    by_hand = recordings.operator_ends(session)
    running = [
        recording.event.changed(end=by_hand.get(recording.uid, recording.event.end))
        for recording in recordings.listing(session, states=[EventState.RECORDING])
    ]
    return waiting + [event for event in running if event.start < end and event.end > start]


def _during(others: list[Event], moment: float) -> list[Event]:
    """Return the events that run at a moment; the crowd can only grow where one of them starts."""
    return [event for event in others if event.start <= moment < event.end]
