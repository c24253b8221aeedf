"""Foresee what capture will do where more events run at once than it may record.

Capture begins events in the order of their start, then of their ids. One that finds no place waits, and
begins late as soon as a place becomes free.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pyca.core.states import EventState
from pyca.store.calendar import Entry


@dataclass(frozen=True)
class Conflict:
    """What becomes of an event that finds no place.

    :param begins: when it will begin, late; None where nothing of it will be recorded
    """

    begins: float | None
    rivals: tuple[Entry, ...]
    """what is recorded instead at its start"""


def forecast(entries: Iterable[Entry], limit: int, now: float) -> dict[str, Conflict]:
    """Return the planned events that capture will have no place for in time, by their ids.

    :param limit: recordings at once, ``max_parallel``
    """
    every = sorted(entries, key=lambda entry: (entry.start, entry.uid))
    running = [entry for entry in every if entry.state is EventState.RECORDING]
    coming = [entry for entry in every if entry.state is EventState.UPCOMING and entry.end > now]
    waiting: list[Entry] = []
    conflicts: dict[str, Conflict] = {}
    for moment in sorted(
        {max(time, now) for entry in (*running, *coming) for time in (entry.start, entry.end)}
    ):
        running = [entry for entry in running if entry.end > moment]
        # Whose time has just come goes first, as capture does it.
        due = [entry for entry in coming if entry.start <= moment]
        coming = [entry for entry in coming if entry.start > moment]
        for entry in (*due, *(late for late in waiting if late.end > moment)):
            if len(running) >= limit:
                conflicts.setdefault(entry.uid, Conflict(None, tuple(running)))
                continue
            running.append(entry)
            if entry.uid in conflicts:
                conflicts[entry.uid] = replace(conflicts[entry.uid], begins=moment)
        begun = {entry.uid for entry in running}
        waiting = [entry for entry in (*waiting, *due) if entry.uid not in begun]
    return conflicts
