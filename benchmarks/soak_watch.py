"""What each service uses while time goes by, matched over restarts."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

import psutil

from benchmarks.processes import PROC, pss, resident

WARM = 0.15
"""Share of the run that counts as warm-up."""
YOUNG = 5.0
"""Seconds for which a process that was just started is not looked at."""


@dataclass(frozen=True)
class Sample:
    """What a process used at a moment. Sizes are MiB, age is seconds."""

    moment: float
    rss: float
    pss: float
    descriptors: int
    threads: int
    age: float


FIGURES: Mapping[str, Callable[[Sample], float]] = {
    "RSS": lambda one: one.rss,
    "PSS": lambda one: one.pss,
    "descriptors": lambda one: one.descriptors,
    "threads": lambda one: one.threads,
}


@dataclass
class Watch:
    """Samples by service."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def look(self, pids: Mapping[str, int]) -> None:
        """Take a sample of each process that still lives."""
        for name, pid in pids.items():
            with suppress(OSError, psutil.Error):
                self.samples.setdefault(name, []).append(_sample(pid))

    def growth(self, figure: str) -> float:
        """Return what all services use in the last third as a multiple of the first third after warm-up."""
        pairs = [compare(samples, FIGURES[figure]) for samples in self.samples.values()]
        known = [pair for pair in pairs if pair]
        before = sum(pair[0] for pair in known)
        return sum(pair[1] for pair in known) / before if before else float("nan")

    def lines(self) -> list[str]:
        """Return a line for each service."""
        return [_line(name, samples) for name, samples in sorted(self.samples.items())]


def compare(samples: Iterable[Sample], figure: Callable[[Sample], float]) -> tuple[float, float] | None:
    """Return the medians of the first third after warm-up and of the last third, None where one is empty."""
    every = sorted(samples, key=lambda one: one.moment)
    if not every:
        return None
    begin, end = every[0].moment, every[-1].moment
    begin += WARM * (end - begin)
    third = (end - begin) / 3
    grown = [one for one in every if one.age >= YOUNG]
    first = [figure(one) for one in grown if begin <= one.moment <= begin + third]
    last = [figure(one) for one in grown if one.moment >= end - third]
    return (median(first), median(last)) if first and last else None


def _line(name: str, samples: list[Sample]) -> str:
    parts = []
    for label, figure in FIGURES.items():
        pair = compare(samples, figure)
        if pair:
            before, after = pair
            parts.append(f"{label} {before:.1f} → {after:.1f} (x{after / before:.2f})")
    oldest = max(one.age for one in samples)
    return f"{name}: {', '.join(parts) or 'too few samples'}; oldest process {oldest:.0f} s"


def _sample(pid: int) -> Sample:
    process = psutil.Process(pid)
    folder = PROC / str(pid)
    now = time.time()
    return Sample(
        now,
        resident(pid),
        pss([pid]),
        sum(1 for _ in (folder / "fd").iterdir()),
        sum(1 for _ in (folder / "task").iterdir()),
        now - process.create_time(),
    )
