"""Figures about what the work depends on: services, disks, sound, pictures, and what lies outside."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from pyca import __version__
from pyca.core.alarm import AlarmKind
from pyca.core.states import ServiceName, ServiceState
from pyca.store.figures import Figure
from pyca.ui.metrics.make import counters, gauges
from pyca.ui.metrics.sight import Sight


def tell(sight: Sight) -> Iterator[Metric]:
    """Return the families."""
    yield InfoMetricFamily("pyca_build", "Which pyCA this is", value=_build(sight))
    yield from _services(sight)
    yield from _alarms(sight)
    yield from _disks(sight)
    yield from _signals(sight)
    yield from _outside(sight)


def _build(sight: Sight) -> dict[str, str]:
    return {"version": __version__, "agent": sight.agent}


def _services(sight: Sight) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "pyca_service_state", "1 for the state that a service is in", labels=["service", "state"]
    )
    ages = {}
    for one in sight.facts.services:
        # This page is running, whoever serves it.
        here = one.name == ServiceName.UI
        present = ServiceState.IDLE if here else one.state
        for state in ServiceState:
            states.add_metric([one.name, str(state)], state is present)
        if one.heartbeat is not None or here:
            beat = sight.now if here or one.heartbeat is None else one.heartbeat
            ages[one.name] = max(sight.now - beat, 0.0)
    yield states
    yield gauges(
        "pyca_service_heartbeat_age_seconds", "Seconds since a service's last sign of life", "service", ages
    )


def _alarms(sight: Sight) -> Iterator[Metric]:
    active, figures = Counter(sight.facts.alarms), sight.facts.figures
    now = {str(kind): active[str(kind)] for kind in AlarmKind}
    raised = {str(kind): figures.get((Figure.ALARMS, str(kind)), 0.0) for kind in AlarmKind}
    yield gauges("pyca_alarms", "Alarms that are active now", "kind", now)
    yield counters("pyca_alarms_raised", "Alarms that were raised", "kind", raised)


def _disks(sight: Sight) -> Iterator[Metric]:
    free = {use: disk.free for use, disk in sight.disks.items()}
    total = {use: disk.total for use, disk in sight.disks.items()}
    left = {use: disk.seconds_left for use, disk in sight.disks.items() if disk.seconds_left is not None}
    yield gauges("pyca_disk_free_bytes", "Free room on the disk of this use", "disk", free)
    yield gauges("pyca_disk_total_bytes", "Size of the disk of this use", "disk", total)
    text = "Seconds of recording until the disk is low, at the rate of the latest recordings"
    yield gauges("pyca_disk_recording_seconds_left", text, "disk", left)


def _signals(sight: Sight) -> Iterator[Metric]:
    sounds = sight.levels.items()
    rms = {name: level.rms for name, level in sounds if level.rms is not None}
    peak = {name: level.peak for name, level in sounds if level.peak is not None}
    yield gauges("pyca_sound_level_dbfs", "Sound of the latest second, RMS", "input", rms)
    yield gauges("pyca_sound_peak_dbfs", "Highest sample of the latest second", "input", peak)
    ages = {name: max(sight.now - moment, 0.0) for name, moment in sight.previews.items()}
    yield gauges("pyca_preview_age_seconds", "Age of an input's preview picture", "input", ages)


def _outside(sight: Sight) -> Iterator[Metric]:
    used = [one for one in sight.facts.upstreams if one.name in sight.outside]
    works = {one.name: float(one.failed is None) for one in used}
    ages = {one.name: max(sight.now - one.checked, 0.0) for one in used if one.checked is not None}
    text = "1 where the last contact with something outside succeeded"
    yield gauges("pyca_upstream_up", text, "name", works)
    text = "Seconds since the last successful contact"
    yield gauges("pyca_upstream_success_age_seconds", text, "name", ages)
