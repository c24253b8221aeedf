"""How long it takes from the start of ``pyca all`` until every service has said READY."""

from collections.abc import Iterator

from benchmarks.figures import Row
from benchmarks.server import served


def measure(quick: bool) -> Iterator[Row]:
    with served() as (_, place):
        with place.running("all") as (_, first):
            pass
        again = []
        for _ in range(2 if quick else 7):
            with place.running("all") as (_, seconds):
                again.append(seconds)
    yield Row("start of all services until READY", "0.47 s", 0.40, "s", tuple(again))
    yield Row("the same with an empty folder", "–", None, "s", (first,))
