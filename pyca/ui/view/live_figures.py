"""The figures of a session for its graphs, as much of its time as somebody wants to see."""

from collections.abc import Mapping

from sqlalchemy.orm import Session as Transaction

from pyca.core.live import Session
from pyca.store import stream_figures
from pyca.ui.view.live_graph import Health, health, step_of

SPANS: Mapping[str, tuple[str, float | None]] = {
    "5min": ("5 minutes", 300.0),
    "hour": ("1 hour", 3600.0),
    "all": ("Whole session", None),
}
"""What can be chosen: words and seconds, None for all."""


def gather_health(
    transaction: Transaction, session: Session, labels: Mapping[str, str], span: str, now: float
) -> Health:
    """Return the graphs of the last part of a session.

    :param labels: what destinations are called, by their ids
    :param span: a key of SPANS
    """
    until = now if session.ended is None else session.ended
    seconds = SPANS[span][1]
    since = session.started if seconds is None else max(until - seconds, session.started)
    step = step_of(until - since)
    found = stream_figures.figures(transaction, session.id, since=since, until=until, step=step)
    return health(found, labels, since, until)
