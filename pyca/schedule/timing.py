"""When to ask a calendar again: seldom, but often while the end of a running event may still move."""

from collections.abc import Iterable

from pyca.core.event import Event

DENSE_SECONDS = 15.0
"""Opencast prolongs a “capture now” event by a job that runs each minute and only once 90 s remain."""
BEFORE_END = 120.0
AFTER_END = 30.0
LAST_MINUTE = 75.0
"""So long before its end an event is watched even behind a server's tag, which may lag by a minute."""


def next_poll(now: float, regular: float, dense: float, events: Iterable[Event]) -> float:
    """Return the moment of the next look at a calendar.

    :param regular: the moment that the ordinary interval leads to
    :param dense: seconds between looks near the end of an event
    :param events: those that run now or begin before the regular moment
    """
    moments = [regular]
    for event in events:
        opens = max(event.start, event.end - BEFORE_END)
        if opens > now:
            moments.append(opens)
        elif now < event.end + AFTER_END:
            moments.append(now + dense)
    return min(moments)


def is_last_minute(now: float, events: Iterable[Event]) -> bool:
    """Tell whether an event ends so soon that only a whole answer is good enough."""
    return any(event.start <= now and abs(event.end - now) < LAST_MINUTE for event in events)
