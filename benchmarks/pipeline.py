"""How fast images go from a camera through a pipeline to a client, and how a pipeline starts."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from benchmarks import limits
from benchmarks.camera import camera
from benchmarks.figures import Row
from benchmarks.imaging_run import Client, PipelineServer, pipelines_served, served
from benchmarks.processes import family, pss, resident, usage
from pyca.bsread.receiver import Receiver

Size = tuple[int, int]

_SETTLE = 1.0
_ALL: Mapping[str, Any] = {
    "image_threshold": 100,
    "image_good_region": {"threshold": 0.3, "gfscale": 1.8},
    "image_slices": {"number_of_slices": 5, "scale": 2.0, "orientation": "vertical"},
}


def saturated(quick: bool) -> Iterator[Row]:
    """Measure a pipeline whose camera sends as fast as it can."""
    cases: list[tuple[Size, str, Mapping[str, Any], str, float | None, float | None]] = [
        ((1280, 960), "default", {}, "55 fps, 1.8 s", 450.0, 40.0),
        ((1280, 960), "transparent", {"function": "transparent"}, "160 fps, 333 ms", None, None),
        ((1280, 960), "threshold, region, 5 slices", _ALL, "–", None, None),
        ((2048, 2048), "default", {}, "23 fps", None, None),
        ((2048, 2048), "threshold, region, 5 slices", _ALL, "26 fps", None, None),
    ]
    for size, name, more, existing, fps, latency in cases:
        what = f"{size[0]}×{size[1]} saturated, {name}"
        yield Row(f"{size[0]}×{size[1]}: one core reads an image", "–", None, "ms", (limits.memory(*size),))
        yield from _measured(what, more, size, 0, quick, existing, fps, latency, None)


def paced(quick: bool) -> Iterator[Row]:
    """Measure a pipeline whose camera sends 50 frames a second."""
    cases: list[tuple[Size, str, Mapping[str, Any], str, float | None, float | None]] = [
        ((1280, 960), "default", {}, "50 fps, 11.4 ms, 9.3 ms CPU", 3.3, 2.2),
        ((1280, 960), "threshold, region, 5 slices", _ALL, "45 fps, 95 %: 247 ms, 17.7 ms CPU", None, None),
        ((2048, 2048), "default", {}, "32 fps, 1.5 s, 22.4 ms CPU", None, None),
        ((2048, 2048), "threshold, region, 5 slices", _ALL, "–", None, None),
    ]
    for size, name, more, existing, latency, own in cases:
        what = f"{size[0]}×{size[1]} at 50 Hz, {name}"
        yield from _measured(what, more, size, 50, quick, existing, 49.5, latency, own)


def lifetime(quick: bool) -> Iterator[Row]:
    """Measure how long starting and stopping take, and what a pipeline takes of the machine."""
    starts, first, stops, memory, shared, processes = [], [], [], [], [], []
    with (
        served({"one": camera((1280, 960), 50)}) as cameras,
        pipelines_served(cameras.address) as server,
        # The camera is there: what is measured is the pipeline.
        closing(Receiver(cameras.client.get_instance_stream("one"))) as kept,
    ):
        kept.open()
        for _ in range(3 if quick else 15):
            begun = time.perf_counter()
            _, address = server.client.create_instance_from_config({"camera_name": "one"}, "measured")
            starts.append(1000 * (time.perf_counter() - begun))
            with closing(Receiver(address)) as receiver:
                receiver.open()
                if receiver.receive(30) is None:
                    raise RuntimeError("nothing came")
            first.append(1000 * (time.perf_counter() - begun))
            pid = server.instance("measured")
            memory.append(resident(pid))
            shared.append(pss([pid]))
            processes.append(float(len(family(pid))))
            begun = time.perf_counter()
            server.client.stop_instance("measured")
            stops.append(1000 * (time.perf_counter() - begun))
    yield Row("a pipeline: its processes", "3", 1.0, "", tuple(processes))
    yield Row("pipeline asked for → its address", "140–210 ms", 60.0, "ms", tuple(starts))
    yield Row("pipeline asked for → first message at the client", "–", None, "ms", tuple(first))
    yield Row("stop asked for → pipeline stopped", "190 ms", None, "ms", tuple(stops))
    yield Row("a pipeline 1280×960: resident", "275 MB", None, "MiB", tuple(memory))
    yield Row("a pipeline 1280×960: its share (PSS)", "24 MB (USS)", None, "MiB", tuple(shared))


def _measured(
    what: str,
    more: Mapping[str, Any],
    size: Size,
    rate: float,
    quick: bool,
    existing: str,
    fps: float | None,
    latency: float | None,
    own: float | None,
) -> Iterator[Row]:
    found: list[dict[str, float]] = []
    with (
        served({"one": camera(size, rate)}) as cameras,
        pipelines_served(cameras.address) as server,
    ):
        wanted = {"camera_name": "one", "no_client_timeout": 0, **more}
        _, address = server.client.create_instance_from_config(wanted, "measured")
        for _ in range(1 if quick else 3):
            found.append(_round(server, address, 2.0 if quick else 4.0))

    def all_of(name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in found)

    yield Row(f"{what}: frames at the client", existing, fps, "fps", all_of("fps"), at_least=True)
    yield Row(f"{what}: CPU of the pipeline", "–", own, "ms per frame", all_of("own"))
    yield Row(f"{what}: latency, median", "–", latency, "ms", all_of("latency"))
    yield Row(f"{what}: latency, 95 of 100", "–", None, "ms", all_of("late"))
    yield Row(f"{what}: lost at the client", "–", None, "frames", all_of("lost"))


def _round(server: PipelineServer, address: str, seconds: float) -> dict[str, float]:
    reader = Client(address, _SETTLE, seconds)
    try:
        reader.told()
        time.sleep(_SETTLE)
        pid = server.instance("measured")
        before = usage([pid]).cpu
        time.sleep(seconds * 0.8)
        after = usage([pid]).cpu
        found = reader.told()
    finally:
        reader.end()
    return {**found, "own": 1000 * (after - before) / (found["fps"] * seconds * 0.8)}
