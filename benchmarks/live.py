"""How fast streams start, stop and recover, and what they cost: by the command and by the service."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median

import pytest

from benchmarks import live_run as run
from benchmarks.figures import Row, missing, show
from benchmarks.home import home
from benchmarks.processes import family, resident, usage
from tests.companions import rtsp_camera
from tests.tools import free_port

_SETTLE = 5.0
_PERSON = "never: a person starts it again"
_CPU = 1.0
"""percent of a core that our own process may take"""
_MEMORY = 40.0
"""MiB"""


def command(quick: bool) -> Iterator[Row]:
    """Measure ``pyca stream``."""
    alone, ours, ends = [], [], []
    with run.server() as there:
        for number in range(3 if quick else 9):
            with run.started(run.by_ffmpeg(f"{there.url}/f{number}")) as (_, begun):
                alone.append(run.await_picture(there, f"f{number}") - begun)
            argv = run.by_command("--input", "test", f"{there.url}/c{number}")
            with run.started(argv) as (process, begun):
                ours.append(run.await_picture(there, f"c{number}") - begun)
                time.sleep(2)
                asked = time.time()
                process.send_signal(signal.SIGINT)
                gone = run.await_end(there, f"c{number}")
                process.wait(30)
                ends.append(max(gone, time.time()) - asked)
    reference = f"{show(median(alone))} s (FFmpeg alone)"
    yield Row("pyca stream: start → first picture at the server", reference, 2.0, "s", tuple(ours))
    yield Row("pyca stream: Ctrl-C → publisher gone, command ended", "–", 1.0, "s", tuple(ends))


def service(quick: bool) -> Iterator[Row]:
    """Measure the service, steered over HTTP."""
    starts, ends = [], []
    port = free_port()
    with run.server() as there, home() as place:
        place.variables |= run.overrides(there, "key", port, place.folder / "live")
        # Made beforehand, as it is but once: that needs twelve megabytes more.
        place.database().dispose()
        with run.run_service(place) as (pid, _):
            api = run.Service(port)
            idle = resident(pid)
            for number in range(3 if quick else 9):
                asked = time.time()
                api.put("start")
                starts.append(run.await_picture(there, "key", number + 1) - asked)
                time.sleep(2)
                asked = time.time()
                api.put("stop")
                gone = run.await_end(there, "key")
                idle_at = run.wait_for(lambda: api.state() == "idle", "idle", run.PATIENCE)
                ends.append(max(gone, idle_at) - asked)
            api.put("start")
            run.await_picture(there, "key", len(starts) + 1)
            own, others, memory = _cost(pid, quick)
    yield Row("service: PUT start → first picture at the server", "–", 2.0, "s", tuple(starts))
    yield Row("service: PUT stop → publisher gone, idle", "–", 1.0, "s", tuple(ends))
    yield Row("service, 360p encoded: CPU of our process", "–", _CPU, "% of a core", (own,))
    yield Row("service, 360p encoded: CPU of its FFmpegs", "–", None, "% of a core", (others,))
    yield Row("service: resident, idle", "–", None, "MiB", (idle,))
    yield Row("service: resident, streaming", "–", _MEMORY, "MiB", (memory,))


def recovery(quick: bool) -> Iterator[Row]:
    """Measure how long after its restart a server has the stream again."""
    for away in (0.2, 5.0) if quick else (0.2, 5.0, 30.0):
        samples = [_recovered(away) for _ in range(1 if quick else 3)]
        text = f"server away for {away:g} s: it listens again → picture there"
        yield Row(text, _PERSON, 5.0 if away < 1 else None, "s", tuple(samples))


def _recovered(away: float) -> float:
    with run.server() as there, run.started(run.by_command("--input", "test", f"{there.url}/key")):
        run.await_picture(there, "key")
        time.sleep(3)
        there.kill()
        time.sleep(away)
        there.start()
        back = time.time()
        return run.await_picture(there, "key", 2) - back


def cost(quick: bool) -> Iterator[Row]:
    """Measure processors and memory: encoded, and an H.264 camera passed on as it is."""
    totals = {}
    for name, words in (
        ("360p encoded", ("--input", "test")),
        ("1080p encoded", ("--input", "test", "--resolution", "1080p")),
    ):
        own, others, memory = _streamed(words, quick)
        totals[name] = own + others
        yield from _rows(name, own, others, memory)
    with ExitStack() as stack:
        try:
            camera = rtsp_camera(_companions(stack))
        except pytest.skip.Exception as reason:
            yield missing("RTSP camera", str(reason))
            return
        for name, more in (
            ("RTSP camera encoded", ("--audio", "silence")),
            ("RTSP camera copied", ("--audio", "silence", "--encoder", "copy")),
        ):
            own, others, memory = _streamed(("--input", camera.url, *more), quick)
            totals[name] = own + others
            yield from _rows(name, own, others, memory)
    ratio = totals["RTSP camera copied"] / totals["RTSP camera encoded"]
    yield Row("CPU of all: copied / encoded", "–", None, "", (ratio,))


def _rows(name: str, own: float, others: float, memory: float) -> Iterator[Row]:
    yield Row(f"pyca stream, {name}: CPU of our process", "–", _CPU, "% of a core", (own,))
    yield Row(f"pyca stream, {name}: CPU of its FFmpegs", "–", None, "% of a core", (others,))
    yield Row(f"pyca stream, {name}: resident", "–", _MEMORY, "MiB", (memory,))


def _streamed(words: tuple[str, ...], quick: bool) -> tuple[float, float, float]:
    with run.server() as there, run.started(run.by_command(*words, f"{there.url}/key")) as (process, _):
        run.await_picture(there, "key")
        return _cost(process.pid, quick)


def _cost(pid: int, quick: bool) -> tuple[float, float, float]:
    """Return percent of a core of a process and of its children, and its resident MiB."""
    time.sleep(_SETTLE)
    seconds = 10.0 if quick else 30.0
    children = [one for one in family(pid) if one != pid]
    before = usage([pid]), usage(children)
    time.sleep(seconds)
    after = usage([pid]), usage(children)
    own, others = (100 * (now.cpu - then.cpu) / seconds for now, then in zip(after, before, strict=True))
    return own, others, resident(pid)


def _companions(stack: ExitStack) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Return what starts programs that end with the stack."""

    def accompany(argv: list[str], **more: object) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(argv, **more)  # type: ignore[call-overload]
        stack.callback(process.wait)
        stack.callback(process.kill)
        return process

    return accompany
