"""The events in memory, while the database comes and goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from pyca.capture.agenda import TROUBLED_QUIET, Agenda
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.store import events
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from tests.empty_database import put_empty_database
from tests.tools import FakeClock


class Fragile(Database):
    """A database that can be taken away, and counts who asks."""

    away = False
    looks = 0

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.looks += 1
        if self.away:
            raise StoreError("it is away")
        with super().read() as session:
            yield session


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Fragile]:
    put_empty_database(tmp_path / "pyca.db")
    made = Fragile(f"sqlite:///{tmp_path}/pyca.db")
    ensure(made)
    yield made
    made.dispose()


def test_a_database_that_is_away_is_asked_seldom_and_never_before_a_start(database: Fragile) -> None:
    clock = FakeClock()
    with database.write() as session:
        events.add(session, Event("e1", "Title", clock.now() + 30, clock.now() + 90))
    agenda = Agenda(database, clock)
    assert agenda.refresh(())
    database.away, database.looks = True, 0
    assert not agenda.refresh(())
    assert not agenda.refresh(())
    assert database.looks == 1
    clock.move(30 - TROUBLED_QUIET + 1)
    assert not agenda.refresh(())
    assert database.looks == 1
    clock.move(TROUBLED_QUIET)
    assert [event.uid for event in agenda.due()] == ["e1"]
    database.away = False
    assert agenda.refresh(())
