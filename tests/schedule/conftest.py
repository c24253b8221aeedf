"""Fixtures of the schedule room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import Pulse
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from tests.tools import FakeClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(made)
    yield made
    made.dispose()


@pytest.fixture
def pulse(clock: FakeClock) -> Pulse:
    return Pulse(clock=clock, notifier=Notifier(clock=clock), beat=lambda state, text: None)
