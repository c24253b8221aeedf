"""What the agent and its page cost while nothing happens."""

import time
from collections.abc import Iterator

from benchmarks.figures import Row
from benchmarks.processes import family, pss, usage
from benchmarks.server import served

SETTLE_SECONDS = 25.0
"""Until whatever a start brings with it is over."""


def measure(quick: bool) -> Iterator[Row]:
    seconds = 20.0 if quick else 60.0
    with served() as (server, place):
        now = time.time()
        server.schedule("tomorrow", "Tomorrow", now + 86400, now + 90000)
        with place.running("all") as (pid, _):
            time.sleep(SETTLE_SECONDS / 5 if quick else SETTLE_SECONDS)
            pids = family(pid)
            before = usage(pids)
            time.sleep(seconds)
            after = usage(pids)
            memory = [pss([each]) for each in pids]
    cpu = (after.cpu - before.cpu) / seconds * 60
    wakeups = (after.wakeups - before.wakeups) / seconds
    yield Row("idle agent + page: CPU per minute", "0.27 s", 0.10, "s", (cpu,))
    yield Row("idle agent + page: wake-ups per second", "23", 4.0, "", (wakeups,))
    yield Row(f"idle agent + page: PSS of {len(pids)} processes", "210 MiB", 120.0, "MiB", (sum(memory),))
