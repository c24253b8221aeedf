"""What it costs to ask the server for the schedule: unchanged, told again, with one change."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.figures import Row
from benchmarks.home import ROOT, Home
from benchmarks.server import served

if TYPE_CHECKING:
    from opencast_server import FakeOpencast

DAY = 86400.0
Measured = dict[str, float]


def measure(quick: bool) -> Iterator[Row]:
    for count in (100, 1000) if quick else (100, 1000, 10_000):
        yield from _of_size(count, 1 if quick else 3)


def _of_size(count: int, rounds: int) -> Iterator[Row]:
    with served(PYCA_AGENT_CAL_LOOKAHEAD="0") as (server, place):
        _fill(server, count)
        place.database().dispose()  # so that the service has no tables to make, as on most of its days
        with _worker(place) as worker:
            first = _ask(worker)
            unchanged = [_ask(worker) for _ in range(3 * rounds)]
            again = [_touched(server, worker) for _ in range(rounds)]
            changed = [_changed(server, worker, number) for number in range(rounds)]
    what = f"refresh, {count:,} events"
    figures = [
        Row(f"{what}, read first: CPU", "–", None, "s", _each([first], "cpu")),
        Row(f"{what}, unchanged (304): CPU", "2.2 s", 0.005, "s", _each(unchanged, "cpu")),
        Row(f"{what}, told again (200): CPU", "2.2 s", None, "s", _each(again, "cpu")),
        Row(f"{what}, one changed: CPU", "2.2 s", 0.3, "s", _each(changed, "cpu")),
        Row(f"{what}, one changed: peak RSS", "174 MiB", 100.0, "MiB", _each(changed, "peak")),
        Row(f"{what}, one changed: peak above idle", "–", None, "MiB", _each(changed, "growth")),
    ]
    # What exists was measured with ten thousand events, and the targets are meant for them.
    yield from (row if count == 10_000 else replace(row, existing="–", target=None) for row in figures)


def _each(found: list[Measured], key: str) -> tuple[float, ...]:
    return tuple(one[key] for one in found)


def _fill(server: "FakeOpencast", count: int) -> None:
    begin = (time.time() // DAY + 1) * DAY
    for number in range(count):
        start = begin + number * 1800
        text = f"Lecture {number} of the term, part {number % 7}"
        server.schedule(f"event-{number:05d}", text, start, start + 1500, description=text)


def _touched(server: "FakeOpencast", worker: "subprocess.Popen[str]") -> Measured:
    """Ask after an edit that concerned no event: the server sends everything once more."""
    server.schedule("brief", "Brief", time.time() + DAY, time.time() + DAY + 60, agent="another")
    server.tags[""] = max(server.tags.values()) + 1
    return _ask(worker)


def _changed(server: "FakeOpencast", worker: "subprocess.Popen[str]", number: int) -> Measured:
    server.extend(f"event-{number:05d}", 60)
    return _ask(worker)


@contextmanager
def _worker(place: Home) -> Iterator["subprocess.Popen[str]"]:
    """Run the schedule service in a process that ticks on request."""
    argv = [sys.executable, "-m", "benchmarks.refresh_worker"]
    worker = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=place.environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(place.folder / "log").open("ab"),
        text=True,
    )
    try:
        yield worker
        worker.communicate(timeout=30)
    finally:
        worker.kill()
        worker.wait()


def _ask(worker: "subprocess.Popen[str]") -> Measured:
    assert worker.stdin and worker.stdout
    worker.stdin.write("tick\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise RuntimeError("the schedule service ended")
    found: Measured = json.loads(answer)
    return found
