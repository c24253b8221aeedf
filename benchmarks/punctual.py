"""When the capture command starts and ends, against the moments in the schedule."""

import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Row, missing
from benchmarks.home import Home, home, wait_for
from pyca.core.clock import SystemClock
from pyca.core.event import Event
from pyca.schedule.local import plan

LENGTH = 2.0
PAUSE = 1.0
LEAD = 3.0
RECORDER = Path(__file__).with_name("recorder.sh")


@dataclass(frozen=True)
class Moments:
    """Seconds by which a command was late at its start and at its end."""

    start: float
    end: float


def measure(quick: bool) -> Iterator[Row]:
    if not shutil.which("bash"):
        yield missing("start of the capture command", "bash is not installed")
        return
    with home() as place:
        log = place.folder / "moments"
        script = place.folder / RECORDER.name
        shutil.copy(RECORDER, script)
        place.variables["PYCA_CAPTURE_COMMAND"] = (
            f"{script} {log} '{{{{name}}}}' '{{{{dir}}}}/{{{{name}}}}.mkv'"
        )
        place.database().dispose()
        with place.running("run"):
            singles, seconds = _planned(place, 3 if quick else 10, 1 if quick else 5)
            events = [*singles, *seconds]
            last = max(event.end for event in events)
            wait_for(lambda: _lines(log) >= 2 * len(events), "the last command", last - time.time() + 10, 0.2)
        moments = {event.uid: _moments(log, event) for event in events}
    yield Row(
        "start of the capture command",
        "0.41 / 0.98 s",
        0.010,
        "s",
        tuple(moments[event.uid].start for event in singles),
        0.050,
    )
    yield Row(
        "start of the second of a back-to-back pair",
        "1.5–2.2 s",
        0.050,
        "s",
        tuple(moments[event.uid].start for event in seconds),
    )
    yield Row(
        "end of the command after the event's end", "–", None, "s", tuple(m.end for m in moments.values())
    )


def _planned(place: Home, singles: int, pairs: int) -> tuple[list[Event], list[Event]]:
    """Plan single events and pairs without a gap; the first of a pair counts as a single one."""
    database, clock = place.database(), SystemClock()
    moment = math.ceil(time.time()) + LEAD
    found: tuple[list[Event], list[Event]] = ([], [])
    for count in [1] * singles + [2] * pairs:
        for kind in range(count):
            title = f"event {moment:.0f}"
            found[kind].append(plan(database, clock, place.settings, title, moment, moment + LENGTH))
            moment += LENGTH
        moment += PAUSE
    database.dispose()
    return found


def _lines(log: Path) -> int:
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def _moments(log: Path, event: Event) -> Moments:
    found = _of(log.read_text("utf-8").splitlines(), event)
    return Moments(found["start"] - event.start, found["end"] - event.end)


def _of(lines: Sequence[str], event: Event) -> dict[str, float]:
    """Return what the command of an event noted; the name of its files holds the event's id."""
    split = [line.split() for line in lines]
    return {kind: float(moment) for name, kind, moment in split if event.uid in name}
