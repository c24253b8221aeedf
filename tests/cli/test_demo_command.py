"""What ``pyca demo`` does before and after its recording."""

from pathlib import Path

from pyca.cli.demo import clear, demo_settings
from pyca.core.event import Event
from pyca.schedule.slots import occupied
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock


def test_leftovers_of_earlier_demos_do_not_stand_in_the_way(database: Database, tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    with database.write() as session:
        events.add(session, Event("waits", "Demo", 1002.0, 1900.0))
        for uid in ("one", "two"):
            recordings.begin(session, Event(uid, "Demo", 900.0, 1900.0), tmp_path / uid, 900.0)
    clear(database, clock)
    with database.read() as session:
        assert not occupied(session, 1001.0, 1900.0)
        assert not events.upcoming(session)


def test_each_demo_has_a_password_of_its_own(tmp_path: Path) -> None:
    one, two = demo_settings(tmp_path).ui, demo_settings(tmp_path).ui
    assert len(one.password) >= 8 and one.password != two.password
