"""How ``pyca record`` ends a recording, and what it says about it."""

from pathlib import Path

import pytest

from pyca.cli.record import stop
from pyca.core.event import Event
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
