"""How fast images come by Channel Access, with either library: ``python -m benchmarks epics``."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.figures import Row, missing
from pyca.core.errors import SourceError
from pyca.sources.epics import EpicsCamera
from tests.soft_ioc import SoftIoc

_SIZE = "1280x960"
_RATES = (50.0, 100.0, 200.0)
"""Hz, of the IOC, which is caproto's and has one thread"""
_AT_LEAST = {50.0: 49.0}
_PREFIX = "BENCH:CAM"
_MEGABYTES = 1280 * 960 * 2 / 1e6


def measure(quick: bool) -> Iterator[Row]:
    """Measure both libraries, with a soft IOC as another process on this machine."""
    seconds = 2.0 if quick else 6.0
    for library in ("pyepics", "caproto"):
        for rate in _RATES[:1] if quick else _RATES:
            yield from _received(library, rate, seconds)
        yield from _opened(library, 3 if quick else 9)


def _received(library: str, rate: float, seconds: float) -> Iterator[Row]:
    what = f"{library}, {_SIZE} uint16 from an IOC with {rate:.0f} Hz"
    try:
        with _ioc(rate), _camera(library) as camera:
            camera.receive(10.0)
            lost, processor, began = camera.lost, time.process_time(), time.perf_counter()
            frames, late = 0, []
            while (passed := time.perf_counter() - began) < seconds:
                frame = camera.receive(1.0)
                if frame is not None:
                    frames += 1
                    late.append((time.time_ns() - frame.nanoseconds) / 1e6)
            processor = time.process_time() - processor
            lost = camera.lost - lost
    except (SourceError, ImportError) as error:
        yield missing(what, str(error))
        return
    speed = frames / passed
    target = _AT_LEAST.get(rate)
    yield Row(f"{what}: images", "–", target, "per second", (speed,), at_least=True)
    yield Row(f"{what}: of the wire", "–", None, "MB/s", (speed * _MEGABYTES,))
    if frames:
        yield Row(f"{what}: CPU of this process for each", "–", None, "ms", (1e3 * processor / frames,))
        yield Row(f"{what}: latency, from the IOC's time", "–", None, "ms", tuple(late))
    yield Row(f"{what}: lost on this side", "–", None, "images", (float(lost),))


def _opened(library: str, times: int) -> Iterator[Row]:
    what = f"{library}: open → it is known that the camera is there"
    opened, closed = [], []
    try:
        with _ioc(10.0):
            for _ in range(times):
                began = time.perf_counter()
                camera = EpicsCamera(_PREFIX, library=library)
                camera.open()
                opened.append(time.perf_counter() - began)
                began = time.perf_counter()
                camera.close()
                closed.append(time.perf_counter() - began)
    except (SourceError, ImportError) as error:
        yield missing(what, str(error))
        return
    yield Row(what, "–", 1.0, "s", tuple(opened))
    yield Row(f"{library}: close", "–", 0.5, "s", tuple(closed))


@contextmanager
def _ioc(rate: float) -> Iterator[SoftIoc]:
    # One image each time is enough work for it.
    ioc = SoftIoc(_PREFIX, "--size", _SIZE, "--rate", str(rate), "--leave-out", ":image1:ArrayData")
    before = dict(os.environ)
    os.environ.update(ioc.environment)
    ioc.start()
    try:
        yield ioc
    finally:
        ioc.kill()
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _camera(library: str) -> Iterator[EpicsCamera]:
    camera = EpicsCamera(_PREFIX, library=library)
    camera.open()
    try:
        yield camera
    finally:
        camera.close()
