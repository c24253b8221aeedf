"""An agent and its server, for each test anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from tests.companions import accompany
from tests.system_rig import Rig

__all__ = ["accompany"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "opencast") as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path / "agent ü") as rig:
        yield rig
