"""``/metrics``: figures for Prometheus.

Each family is a function in FAMILIES; add one there to tell more. All figures come from one look at the
database, on a registry that is made for each request, so that nothing is counted twice or kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from pyca import __version__
from pyca.core.alarm import AlarmKind
from pyca.core.states import EventState
from pyca.store import alarms, recordings
from pyca.ui.context import Context, context

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

blueprint = Blueprint("metrics", __name__)

Family = Callable[[Session, Context], "Metric"]
"""Returns one family of figures out of the database and what the page knows."""


@blueprint.get("/metrics")
def show() -> Response:
    """Return all families as text.

    :raises StoreError: where the database cannot be read
    """
    # Loaded here: it takes megabytes, and most pages are never asked for this.
    from prometheus_client import CollectorRegistry, exposition

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(context()))
    return Response(exposition.generate_latest(registry), content_type=exposition.CONTENT_TYPE_LATEST)


class _Collector:
    """What a registry asks for its figures."""

    def __init__(self, here: Context) -> None:
        self._here = here

    def collect(self) -> Iterator["Metric"]:
        """Return all families."""
        with self._here.database.read() as session:
            yield from [family(session, self._here) for family in FAMILIES]

    def describe(self) -> Iterator["Metric"]:
        """Say nothing in advance: the names are seen when the figures are."""
        yield from ()


def _build(_session: Session, here: Context) -> "Metric":
    from prometheus_client.metrics_core import InfoMetricFamily

    labels = {"version": __version__, "agent": here.settings.agent.name}
    return InfoMetricFamily("pyca_build", "Which pyCA this is", value=labels)


def _alarms(session: Session, here: Context) -> "Metric":
    active = Counter(alarm.kind for alarm in alarms.active(session, here.clock.now()))
    counts = {str(kind): active[kind] for kind in AlarmKind}
    return _gauge("pyca_alarms", "Alarms that are active now", "kind", counts)


def _recordings(session: Session, _here: Context) -> "Metric":
    known = recordings.count_by_state(session)
    counts = {str(state): known.get(state, 0) for state in EventState if state is not EventState.UPCOMING}
    return _gauge("pyca_recordings", "Recordings in each state", "state", counts)


def _gauge(name: str, text: str, label: str, counts: dict[str, int]) -> "Metric":
    from prometheus_client.metrics_core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in counts.items():
        family.add_metric([value], number)
    return family


FAMILIES: tuple[Family, ...] = (_build, _alarms, _recordings)
"""All that is told, in this order."""
