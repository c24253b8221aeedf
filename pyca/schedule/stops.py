"""The “stop” of a capture that was begun from Opencast: it says when in the catalog, not in the calendar.

The server leaves the end of such an event where it was and writes the present moment into dcterms:temporal
of its episode catalog. Everywhere else that term is bibliographic and tells nothing about recording.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.store import events

logger = logging.getLogger(__name__)

CATALOG = "episode.xml"
SKEW = 30.0
"""Seconds by which the server's clock may be ahead of ours."""
_TEMPORAL_END = re.compile(r"<dcterms:temporal\b[^>]*>[^<]*?\bend\s*=\s*([^;<\s]+)")


def follow_stops(
    session: Session, present: Mapping[str, Event | None], now: float
) -> Mapping[str, Event | None]:
    """Return the calendar with the end of events that were stopped at the server moved to that moment.

    :param present: what a source has now; None for events that are unchanged
    """
    running = {uid: event for uid, event in present.items() if event and event.start <= now < event.end}
    if not running:
        return present
    stored = events.many(session, running)
    ends = {uid: stop_of(event, stored[uid], now) for uid, event in running.items() if uid in stored}
    stopped = {uid: running[uid].changed(end=end) for uid, end in ends.items() if end is not None}
    for event in stopped.values():
        logger.info("“%s” was stopped at the server", event.title)
    return {**present, **stopped}


def stop_of(event: Event, before: Event, now: float) -> float | None:
    """Return when a running event was stopped at the server, None where it was not.

    :param before: the event as it was stored last; only a change since then means a stop
    """
    end = temporal_end(event)
    if end is None or not event.start < end <= min(now + SKEW, event.end):
        return None
    # A stopped event may still be edited, or prolonged by the server's own job: it stays stopped.
    return end if end != temporal_end(before) or end == before.end else None


def temporal_end(event: Event) -> float | None:
    """Return the end that an event's episode catalog names, None where it names none."""
    catalog = next((one.data for one in event.attachments if one.name == CATALOG), "")
    found = _TEMPORAL_END.search(catalog)
    try:
        moment = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
