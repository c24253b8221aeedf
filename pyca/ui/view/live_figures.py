"""The figures of a session for its graphs, as much of its time as somebody wants to see."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session as Transaction

from pyca.core.live import Sample, Session
from pyca.store import stream_figures
from pyca.ui.view.live_graph import Health, health, step_of

SPANS: Mapping[str, tuple[str, float | None]] = {
    "5min": ("5 minutes", 300.0),
    "hour": ("1 hour", 3600.0),
    "all": ("Whole session", None),
}
"""What can be chosen: words and seconds, None for all."""
LONG = 2 * 3600.0
"""Seconds from which on figures are kept for a while: to gather those of weeks takes a second."""
_LEAST_KEPT = 60.0
_KEPT_PART = 0.05
"""of a step of the graph, in which not much can change"""
_MOST_KEPT = 20


@dataclass(frozen=True)
class _Gathered:
    until: float
    ended: bool
    samples: list[Sample]


@dataclass(frozen=True)
class LongFigures:
    """The figures of long times, gathered once a minute at most, whoever looks."""

    _kept: dict[int, _Gathered] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, transaction: Transaction, session: Session, until: float) -> _Gathered:
        """Return the figures of a whole session, up to about a moment."""
        step = step_of(until - session.started)
        keep = max(_LEAST_KEPT, step * _KEPT_PART)
        # Whoever comes meanwhile waits, and asks for nothing himself.
        with self._lock:
            found = self._kept.get(session.id)
            over = session.ended is not None
            if found and found.ended == over and 0 <= until - found.until < keep:
                return found
            samples = stream_figures.figures(
                transaction, session.id, since=session.started, until=until, step=step
            )
            while len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[session.id] = found = _Gathered(until, over, samples)
            return found


def gather_health(
    transaction: Transaction,
    session: Session,
    labels: Mapping[str, str],
    span: str,
    now: float,
    long: LongFigures,
) -> Health:
    """Return the graphs of the last part of a session.

    :param labels: what destinations are called, by their ids
    :param span: a key of SPANS
    :param long: where figures of long times are kept
    """
    until = now if session.ended is None else session.ended
    seconds = SPANS[span][1]
    since = session.started if seconds is None else max(until - seconds, session.started)
    if seconds is None and until - since > LONG:
        found = long.get(transaction, session, until)
        samples, until = found.samples, found.until
    else:
        step = step_of(until - since)
        samples = stream_figures.figures(transaction, session.id, since=since, until=until, step=step)
    return health(samples, labels, since, until)
