"""Figures about the work: events, recordings and their delivery."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.metrics_core import HistogramMetricFamily, Metric

from pyca.core.states import EventState
from pyca.store.figures import Figure
from pyca.store.tally import BUCKETS, RESULTS, bucket_name
from pyca.ui.metrics.make import counter, counters, gauge, gauges
from pyca.ui.metrics.sight import Sight

_STATES = tuple(str(state) for state in EventState if state is not EventState.UPCOMING)
_FAILURES = ("temporary", "permanent", "unclear")


def tell(sight: Sight) -> Iterator[Metric]:
    """Return the families."""
    yield from _schedule(sight)
    yield from _recorded(sight)
    yield from _delivered(sight)


def _schedule(sight: Sight) -> Iterator[Metric]:
    facts = sight.facts
    states = {state: facts.states.get(state, 0) for state in _STATES}
    yield gauges("pyca_recordings", "Recordings in each state", "state", states)
    running = states[EventState.RECORDING]
    yield gauge("pyca_recording", "Events that are being recorded now", running)
    yield gauge("pyca_events_upcoming", "Events that have not begun", facts.upcoming)
    if facts.following is not None:
        text = "Seconds until the next event begins"
        yield gauge("pyca_next_event_seconds", text, facts.following - sight.now)


def _recorded(sight: Sight) -> Iterator[Metric]:
    figures = sight.facts.figures
    results = {name: figures.get((Figure.EVENTS, name), 0.0) for name in RESULTS.values()}
    yield counters("pyca_events", "Events that are over, by what became of them", "result", results)
    for name, figure, text in (
        ("pyca_recorded_seconds", Figure.RECORDED_SECONDS, "Seconds that were recorded"),
        ("pyca_lost_seconds", Figure.LOST_SECONDS, "Seconds that were planned and are not recorded"),
        ("pyca_parts", Figure.PARTS, "Capture commands that were started"),
        ("pyca_command_restarts", Figure.RESTARTS, "Capture commands that were started again"),
    ):
        yield counter(name, text, figures.get((figure, ""), 0.0))
    names = [bucket_name(top) for top in BUCKETS]
    below = accumulate(figures.get((Figure.LATENESS, name), 0.0) for name in names)
    yield HistogramMetricFamily(
        "pyca_start_lateness_seconds",
        "How long after their start recordings began",
        buckets=list(zip(names, below, strict=True)),
        sum_value=figures.get((Figure.LATENESS_SUM, ""), 0.0),
    )


def _delivered(sight: Sight) -> Iterator[Metric]:
    facts, figures = sight.facts, sight.facts.figures
    for name, figure, text in (
        ("pyca_delivered_seconds", Figure.DELIVERED_SECONDS, "Recorded seconds that were delivered"),
        ("pyca_upload_bytes", Figure.UPLOAD_BYTES, "Bytes that were handed over"),
        ("pyca_upload_retries", Figure.UPLOAD_RETRIES, "Deliveries that were tried again"),
    ):
        yield counter(name, text, figures.get((figure, ""), 0.0))
    failures = {kind: figures.get((Figure.UPLOAD_FAILURES, kind), 0.0) for kind in _FAILURES}
    yield counters("pyca_upload_failures", "Deliveries that failed", "kind", failures)
    yield gauge("pyca_upload_backlog_bytes", "Bytes that are not delivered yet", facts.backlog.size)
    text = "Recordings whose last upload failed and whose files are still here"
    yield gauge("pyca_upload_failed", text, facts.backlog.failed)
    oldest = facts.backlog.oldest
    age = 0.0 if oldest is None else max(sight.now - oldest, 0.0)
    text = "Seconds since the oldest recording that is not delivered began, 0 where there is none"
    yield gauge("pyca_upload_oldest_age_seconds", text, age)
    sending = facts.sending
    share = sending.sent / sending.total if sending and sending.total else 0.0
    yield gauge("pyca_upload_progress_ratio", "How much of the present upload is over, 0 without one", share)
    rate = sending.rate if sending else 0.0
    yield gauge("pyca_upload_rate_bytes_per_second", "Speed of the present upload, 0 without one", rate)
    yield gauge("pyca_reports_waiting", "Recording states the server has to be told yet", facts.untold)
