"""All families as text. What this needs takes megabytes, so it is loaded with the first request."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import Metric

from pyca.ui.metrics import around, live, work
from pyca.ui.metrics.sight import Sight

CONTENT_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4


class _Collector:
    """What a registry asks for its figures."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def collect(self) -> Iterator[Metric]:
        """Return all families."""
        yield from around.tell(self._sight)
        yield from work.tell(self._sight)
        yield from live.tell(self._sight.live, self._sight.now)

    def describe(self) -> Iterator[Metric]:
        """Say nothing in advance: the names are seen when the figures are."""
        yield from ()


def text_of(sight: Sight) -> bytes:
    """Return the figures in Prometheus' text format.

    The registry is made anew each time, so that nothing is counted twice or kept.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(sight))
    return exposition.generate_latest(registry)
