"""From the scheduled end of an event to the moment at which its recording is where it belongs."""

import math
import time
from collections.abc import Iterator

from benchmarks.figures import Row
from benchmarks.home import home, wait_for
from benchmarks.server import served
from pyca.core.clock import SystemClock
from pyca.core.states import EventState
from pyca.schedule.local import plan
from pyca.store import recordings
from pyca.store.database import Database

LEAD = 6.0
PAUSE = 6.0
PATIENCE = 30.0
EXISTING = "1.37 s"
TARGET = 0.5


def measure(quick: bool) -> Iterator[Row]:
    length, rounds = (5.0, 1) if quick else (15.0, 4)
    what = f"scheduled end → fully ingested ({length:.0f} s event)"
    yield Row(f"{what}, Opencast", EXISTING, TARGET, "s", tuple(_to_server(length, rounds)))
    yield Row(f"{what}, folder", EXISTING, TARGET, "s", tuple(_to_folder(length, rounds)))


def _to_server(length: float, rounds: int) -> list[float]:
    with served() as (server, place):
        first = math.ceil(time.time()) + LEAD
        ends = {}
        for number in range(rounds):
            start = first + number * (length + PAUSE)
            server.schedule(f"event-{number}", f"Event {number}", start, start + length)
            ends[f"event-{number}"] = start + length
        database = place.database()
        with place.running("run"):
            return [_lateness(database, uid, end) for uid, end in ends.items()]


def _to_folder(length: float, rounds: int) -> list[float]:
    with home() as place:
        database = place.database()
        with place.running("run"):
            first, ends = math.ceil(time.time()) + LEAD, {}
            for number in range(rounds):
                start = first + number * (length + PAUSE)
                event = plan(
                    database, SystemClock(), place.settings, f"Event {number}", start, start + length
                )
                ends[event.uid] = event.end
            return [_lateness(database, uid, end) for uid, end in ends.items()]


def _lateness(database: Database, uid: str, end: float) -> float:
    """Wait for an event's last state; looks at nothing before its end."""
    time.sleep(max(end - time.time(), 0.0))
    found = wait_for(lambda: _is_ingested(database, uid), f"the ingest of {uid}", PATIENCE, 0.01)
    return found - end


def _is_ingested(database: Database, uid: str) -> bool:
    with database.read() as session:
        recording = recordings.get(session, uid)
    if recording and recording.state in (EventState.FAILED_RECORDING, EventState.FAILED_UPLOADING):
        raise RuntimeError(f"{recording.state}: {recording.error}")
    return recording is not None and recording.state is EventState.FINISHED_UPLOADING
