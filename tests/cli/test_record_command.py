"""How ``pyca record`` ends a recording, and what it says about it."""

from pathlib import Path

import pytest

from pyca.cli.record import describe_shortage, stop
from pyca.cli.records import Known
from pyca.core.event import Event
from pyca.core.recording import Recording, Track
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock

EVENT = Event("e1", "Analysis", 1000.0, 1100.0)


@pytest.mark.parametrize("begun", [True, False])
def test_a_stop_also_ends_what_failed_so_far_or_is_about_to_begin(
    database: Database, tmp_path: Path, begun: bool
) -> None:
    with database.write() as session:
        events.add(session, EVENT)
        if begun:
            recordings.begin(session, EVENT, tmp_path, 1000.0)
            recordings.set_state(session, "e1", EventState.FAILED_RECORDING, 1000.0)
    stop(database, "e1", FakeClock(1010.0))
    with database.read() as session:
        event = events.get(session, "e1")
    assert event is not None
    assert event.end == 1010.0


def test_what_is_missing_of_a_partial_recording_is_told_after_its_delivery_too() -> None:
    tracks = tuple(
        Track(Path(f"{number}.mkv"), flavor, duration=length)
        for number, flavor, length in [(1, "a/source", 20.0), (2, "a/source", 30.5), (3, "b/source", 99.0)]
    )
    state = EventState.FINISHED_UPLOADING
    one = Known(EVENT, Recording(EVENT, state, Path("x"), ended=1099.0, error="gone; gone", tracks=tracks))
    assert describe_shortage(one) == "partial: 50.5 of 100 s: gone"
    assert describe_shortage(one, stopped=True).startswith("partial: 50.5 of 99 s")


def test_nothing_is_missing_of_a_recording_that_was_stopped() -> None:
    tracks = (Track(Path("a.mkv"), "a/source", duration=20.0),)
    one = Known(
        EVENT, Recording(EVENT, EventState.FINISHED_UPLOADING, Path("x"), ended=1020.0, tracks=tracks)
    )
    assert describe_shortage(one) == ""
