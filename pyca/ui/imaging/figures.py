"""``/metrics``: figures of all instances for Prometheus."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response

from pyca.ui.imaging.room import room

blueprint = Blueprint("figures", __name__)

_GAUGES = (
    ("rx", "rx_hertz", "Frames per second that come in."),
    ("tx", "tx_hertz", "Frames per second that are sent."),
    ("clients", "clients", "Programs that are connected to the stream."),
    ("throughput", "throughput_bytes", "Bytes per second that are sent."),
    ("latency", "latency_seconds", "Time from a frame's moment until it is sent."),
    ("cpu", "cpu_percent", "Share of one processor."),
    ("memory", "memory_bytes", "Memory of the instance's process."),
)
_COUNTERS = (
    ("lost", "lost", "Frames that were lost before they could be sent."),
    ("dropped", "dropped", "Messages that not every client could take."),
    ("skipped", "skipped", "Frames that were left out to keep to the frame rate."),
    ("garbled", "garbled", "What came in and was no frame."),
    ("total_bytes", "sent_bytes", "Bytes that were sent since the instance was started."),
)


@blueprint.get("/metrics")
def show() -> Response:
    """Return all figures as text."""
    # Loaded here: it takes megabytes, and most servers are never asked for this.
    from pyca.ui.metrics.collect import CONTENT_TYPE, text_of_families

    return Response(text_of_families(_families()), content_type=CONTENT_TYPE)


def _families() -> Iterator[Any]:
    from pyca.ui.metrics.make import counters, gauge, gauges

    here = room()
    noun, words = here.noun, f"{here.noun.capitalize()}s"
    instances: Mapping[str, Mapping[str, Any]] = here.servant.heartbeat().get("instances") or {}
    yield gauge(f"pyca_{noun}s", f"{words} that are configured.", len(here.servant.names()))
    yield gauge(f"pyca_{noun}_instances", f"{words} that run.", len(instances))
    for make, known in ((gauges, _GAUGES), (counters, _COUNTERS)):
        for key, name, text in known:
            yield make(f"pyca_{noun}_{name}", text, noun, _values(instances, key))


def _values(instances: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, float]:
    found = {name: facts.get(key) for name, facts in instances.items()}
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
