"""Heartbeats in the background."""

import sqlite3
from pathlib import Path

import pytest

from pyca.core.states import ServiceName, ServiceState
from pyca.store import services
from pyca.store.database import Database
from pyca.store.heart import Heart
from tests.tools import FakeClock, wait_for


def state(database: Database, clock: FakeClock) -> tuple[ServiceState, str]:
    with database.read() as session:
        found = next(s for s in services.statuses(session, clock.now()) if s.name == "capture")
    return found.state, found.text


def test_the_newest_state_is_written(database: Database, clock: FakeClock) -> None:
    heart = Heart(ServiceName.CAPTURE, database, clock)
    for number in range(20):
        heart.beat(ServiceState.BUSY, f"recording {number}")
    heart.close()  # which waits for a slow disk no longer than it must
    wait_for(lambda: state(database, clock) == (ServiceState.BUSY, "recording 19"), "the newest state")
    database.dispose()


def test_a_locked_database_keeps_nobody_waiting(
    database: Database, clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = sqlite3.connect(tmp_path / "pyca.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    heart = Heart(ServiceName.CAPTURE, database, clock)
    heart.beat(ServiceState.IDLE, "waiting")
    heart.beat(ServiceState.BUSY, "recording")
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_for(lambda: state(database, clock) == (ServiceState.BUSY, "recording"), "the newest state")
    heart.close()
    database.dispose()
