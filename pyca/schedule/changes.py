"""One log line for what a refresh did."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.store import events
from pyca.store.events import Change

SHOWN = 3
"""Titles per kind of change."""
_LOOKED_AT = 100
"""Events that are looked up for their titles and times; a calendar may lose ten thousand at once."""


def look_up(session: Session, uids: Iterable[str]) -> dict[str, Event]:
    """Return the first events among these ids, for their titles."""
    return events.many(session, list(uids)[:_LOOKED_AT])


def summary(change: Change, before: Mapping[str, Event], after: Mapping[str, Event], now: float) -> str:
    """Return a line about a change, empty where only events left that were over.

    :param before: removed events as they were
    :param after: added and changed events as they are
    """
    over = {uid for uid in change.removed if uid in before and before[uid].end <= now}
    removed = [uid for uid in change.removed if uid not in over]
    texts = [
        _kind("added", change.added, after),
        _kind("changed", change.updated, after),
        _kind("removed", removed, before),
    ]
    return "; ".join(text for text in texts if text)


def _kind(word: str, uids: Iterable[str], known: Mapping[str, Event]) -> str:
    every = list(uids)
    if not every:
        return ""
    titles = [f"“{' '.join(known[uid].title.split())}”" for uid in every if uid in known][:SHOWN]
    more = ", …" if len(every) > len(titles) else ""
    return f"{len(every)} {word} ({', '.join(titles)}{more})" if titles else f"{len(every)} {word}"
