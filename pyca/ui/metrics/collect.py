"""All families as text. What this needs takes megabytes, so it is loaded with the first request."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import Metric

from pyca.ui.metrics import around, live, work
from pyca.ui.metrics.sight import Sight

CONTENT_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4


class _Collector:
    """What a registry asks for its figures."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return all families."""
        yield from self._families

    def describe(self) -> Iterator[Metric]:
        """Say nothing in advance: the names are seen when the figures are."""
        yield from ()


def text_of(sight: Sight) -> bytes:
    """Return the figures of the whole agent in Prometheus' text format."""
    return text_of_families(_families(sight))


def text_of_families(families: Iterable[Metric]) -> bytes:
    """Return figures in Prometheus' text format.

    The registry is made anew each time, so that nothing is counted twice or kept.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(families))
    return exposition.generate_latest(registry)


def _families(sight: Sight) -> Iterator[Metric]:
    yield from around.tell(sight)
    yield from work.tell(sight)
    yield from live.tell(sight.live, sight.now)
