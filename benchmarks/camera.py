"""How many frames a second a camera sends, what each costs, how old it is, and how fast a camera starts."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from statistics import median
from typing import Any

from benchmarks import limits
from benchmarks.camera_limits import passed
from benchmarks.figures import Row, show
from benchmarks.imaging_run import CameraServer, Client, served
from benchmarks.processes import pss, resident, usage
from pyca.bsread.receiver import Receiver

Size = tuple[int, int]

SIZES: dict[Size, float] = {(1280, 960): 370.0, (2048, 2048): 282.0}
"""frames a second of cam_server 5.8.1 by tcp to one client, on a machine like the one of the tests"""
_SETTLE = 1.0


def camera(size: Size, rate: float, **more: Any) -> dict[str, Any]:
    """Return the configuration of a camera with a beam that stands still, as the existing figures have it."""
    width, height = size
    still = {"source": "benchmark", "source_type": "simulation", "speed": 0, "noise": 0}
    return {**still, "width": width, "height": height, "frame_rate": rate, "no_client_timeout": 0, **more}


def saturated(quick: bool) -> Iterator[Row]:
    """Measure cameras that send as fast as they can."""
    for size, known in SIZES.items():
        name = f"{size[0]}×{size[1]}"
        yield Row(f"{name}: one core reads an image", "–", None, "ms", (limits.memory(*size),))
        yield Row(f"{name}: one core copies an image", "–", None, "ms", (limits.memory_copy(*size),))
        for protocol in ("tcp", "ipc"):
            for clients in (1, 5):
                most = _most(size, protocol, clients)
                goal = known if (protocol, clients) == ("tcp", 1) else None
                what = f"{name} by {protocol} to {clients}, saturated"
                yield from _measured(what, {"protocol": protocol}, size, 0, clients, quick, goal, most)
    what = "1280×960 by tcp to 1, saturated, beam moves, noise"
    yield from _measured(what, {"speed": 2, "noise": None}, (1280, 960), 0, 1, quick, None, None)


def paced(quick: bool) -> Iterator[Row]:
    """Measure cameras of 50 frames a second."""
    for size in SIZES:
        for protocol in ("tcp", "ipc"):
            for clients in (1, 5):
                what = f"{size[0]}×{size[1]} by {protocol} to {clients}, 50 Hz"
                yield from _measured(what, {"protocol": protocol}, size, 50, clients, quick, 49.5, None)


def lifetime(quick: bool) -> Iterator[Row]:
    """Measure how long starting and stopping take, and what a camera takes of the memory."""
    starts, online, stops, rest, shared, asked = [], [], [], [], [], []
    with served({"one": camera((1280, 960), 100)}) as server:
        alone = resident(server.pid)
        for _ in range(3 if quick else 15):
            begun = time.perf_counter()
            address = server.client.get_instance_stream("one")
            online.append(1000 * (time.perf_counter() - begun))
            with closing(Receiver(address)) as receiver:
                receiver.open()
                if receiver.receive(30) is None:
                    raise RuntimeError("nothing came")
                starts.append(1000 * (time.perf_counter() - begun))
                pid = server.instance("one")
                rest.append(resident(pid))
                shared.append(pss([pid]))
            begun = time.perf_counter()
            server.client.get_server_info()
            asked.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
            server.client.stop_instance("one")
            stops.append(1000 * (time.perf_counter() - begun))
        busy = resident(server.pid)
    yield Row("stream asked for → its address", "140–210 ms", 140.0, "ms", tuple(online))
    yield Row("stream asked for → first message at the client", "–", None, "ms", tuple(starts))
    yield Row("stop asked for → camera stopped", "190 ms", 190.0, "ms", tuple(stops))
    yield Row("GET /cam/info", "1.3 ms", None, "ms", tuple(asked))
    yield Row("a camera 1280×960: resident", "275 MiB", 275.0, "MiB", tuple(rest))
    yield Row("a camera 1280×960: its share (PSS)", "24 MiB (USS)", None, "MiB", tuple(shared))
    yield Row("server: resident before and after the first camera", "–", None, "MiB", (alone, busy))


def many(quick: bool) -> Iterator[Row]:
    """Measure many cameras at a time."""
    count = 20 if quick else 200
    cameras = {f"c{number}": camera((64, 48), 1) for number in range(count)}
    with served(cameras) as server:
        begun = time.perf_counter()
        for name in cameras:
            server.client.get_instance_stream(name)
        started = time.perf_counter() - begun
        begun = time.perf_counter()
        server.client.get_server_info()
        asked = 1000 * (time.perf_counter() - begun)
        pids = [int(one["pid"]) for one in server.client.heartbeat()["instances"].values()]
        memory = pss(pids) / len(pids)
        begun = time.perf_counter()
        server.client.stop_all_instances()
        stopped = time.perf_counter() - begun
    yield Row(f"{count} cameras, one after the other: all started", "–", None, "s", (started,))
    yield Row(f"{count} cameras: GET /cam/info", "–", None, "ms", (asked,))
    yield Row(f"{count} cameras: share of memory (PSS) of each", "–", None, "MiB", (memory,))
    yield Row(f"{count} cameras: all stopped", "1.1 s (six)", None, "s", (stopped,))


def _measured(
    what: str,
    more: Mapping[str, Any],
    size: Size,
    rate: float,
    clients: int,
    quick: bool,
    goal: float | None,
    most: float | None,
) -> Iterator[Row]:
    found: list[dict[str, float]] = []
    with served({"one": camera(size, rate, **more)}) as server:
        for _ in range(1 if quick else 3):
            found.append(_round(server, clients, 2.0 if quick else 4.0))

    def all_of(name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in found)

    fps = median(all_of("fps"))
    limit = f"bare ZeroMQ {show(most)} fps, {fps / most:.0%} of it" if most else "–"
    if goal and rate == 0:
        limit = f"cam_server {show(goal)} fps; {limit}"
    yield Row(f"{what}: frames at each client", limit, goal, "fps", all_of("fps"), at_least=True)
    yield Row(f"{what}: CPU of the camera", "–", None, "ms per frame", all_of("own"))
    yield Row(f"{what}: CPU of the server", "–", None, "ms per frame", all_of("server"))
    yield Row(f"{what}: latency, median", "1.4–15 ms" if clients == 1 else "–", None, "ms", all_of("latency"))
    yield Row(f"{what}: latency, 95 of 100", "–", None, "ms", all_of("late"))
    yield Row(f"{what}: lost at a client", "–", None, "frames", all_of("lost"))


def _round(server: CameraServer, clients: int, seconds: float) -> dict[str, float]:
    address = server.client.get_instance_stream("one")
    readers = [Client(address, _SETTLE, seconds) for _ in range(clients)]
    try:
        for one in readers:
            one.told()
        time.sleep(_SETTLE)
        pid = server.instance("one")
        before = usage([pid]).cpu, usage([server.pid]).cpu
        time.sleep(seconds * 0.8)
        after = usage([pid]).cpu, usage([server.pid]).cpu
        told = [one.told() for one in readers]
    finally:
        for one in readers:
            one.end()
    found = {name: median(one[name] for one in told) for name in told[0]}
    # What the camera sends is what the fastest of its clients gets.
    frames = max(one["fps"] for one in told) * seconds * 0.8
    own, others = (1000 * (now - then) / frames for now, then in zip(after, before, strict=True))
    return {**found, "own": own, "server": others}


def _most(size: Size, protocol: str, clients: int) -> float:
    with tempfile.TemporaryDirectory(prefix="pyca-limit-") as folder:
        address = "tcp://127.0.0.1:0" if protocol == "tcp" else f"ipc://{folder}/socket"
        return passed(size, address, clients)
