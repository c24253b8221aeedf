"""Figures about live streaming. They are left out where nobody ever streamed."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, Program
from pyca.live.service.heard import is_silent
from pyca.ui.metrics.make import counter, counters, gauge, gauges
from pyca.ui.metrics.sight import Live


def tell(live: Live, now: float) -> Iterator[Metric]:
    """Return the families.

    :param now: seconds since 1970 UTC
    """
    if not live.used:
        return
    told = LiveReport() if is_silent(live.report, now) else live.report
    yield gauge("pyca_live_wanted", "1 where the stream was started by hand and not stopped", live.wanted)
    states = {str(state): float(told.state is state) for state in LiveState}
    yield gauges("pyca_live_state", "1 for the state that the stream is in", "state", states)
    programs = {str(program): float(told.program is program) for program in Program}
    yield gauges("pyca_live_program", "1 for what is shown on the stream", "program", programs)
    length = 0.0 if told.started is None else max(now - told.started, 0.0)
    yield gauge("pyca_live_session_seconds", "Seconds since the stream was started, 0 without one", length)
    yield from _made(told)
    yield from _destinations(told.links)


def _made(told: LiveReport) -> Iterator[Metric]:
    yield gauge("pyca_live_fps", "Frames per second that are made", told.fps)
    text = "Bits per second that are made, pictures and sound"
    yield gauge("pyca_live_bitrate_bits_per_second", text, told.bitrate)
    text = "Processor cores that the stream takes, children included"
    yield gauge("pyca_live_cpu_cores", text, told.cpu / 100)
    text = "Resident memory of the same processes"
    yield gauge("pyca_live_memory_bytes", text, told.memory)
    text = "Frames that the encoder had to leave out in this session"
    yield counter("pyca_live_dropped_frames", text, told.dropped)
    text = "How often the camera was started again in this session"
    yield counter("pyca_live_source_restarts", text, told.source_restarts)
    text = "Bytes that were sent in this session, all destinations"
    yield counter("pyca_live_sent_bytes", text, told.sent)


def _destinations(links: tuple[LinkReport, ...]) -> Iterator[Metric]:
    text = "1 for the state that a destination is in"
    states = GaugeMetricFamily("pyca_live_destination_state", text, labels=["destination", "state"])
    for link in links:
        for state in LinkState:
            states.add_metric([link.id, str(state)], link.state is state)
    yield states
    rates = {link.id: link.bitrate for link in links}
    text = "Bits per second that a destination takes"
    yield gauges("pyca_live_destination_bitrate_bits_per_second", text, "destination", rates)
    sent = {link.id: float(link.sent) for link in links}
    text = "Bytes that were sent in this session"
    yield counters("pyca_live_destination_sent_bytes", text, "destination", sent)
    dropped = {link.id: float(link.dropped) for link in links}
    text = "Frames that a destination missed in this session because it was too slow"
    yield counters("pyca_live_destination_dropped_frames", text, "destination", dropped)
    again = {link.id: float(link.reconnects) for link in links}
    text = "How often a destination was connected again in this session"
    yield counters("pyca_live_destination_reconnects", text, "destination", again)
