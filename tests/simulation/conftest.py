"""What all scenarios share, and the sum of some of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.simulation.scenario import Outcome, play
from tests.simulation.seams import SimulatedDatabase, install

MEMORY = Path("/dev/shm")


@dataclass
class Tally:
    """Scenarios together."""

    scenarios: int = 0
    events: int = 0
    faults: int = 0
    changes: int = 0
    recorded: int = 0
    unsent: int = 0

    def add(self, outcome: Outcome) -> None:
        self.scenarios += 1
        for name in ("events", "faults", "changes", "recorded", "unsent"):
            setattr(self, name, getattr(self, name) + getattr(outcome, name))

    def __str__(self) -> str:
        return (
            f"simulated {self.events} events with {self.faults} faults and {self.changes} changes by hand or "
            f"calendar in {self.scenarios} scenarios: "
            f"{self.unsent} of {self.recorded} seconds unsent"
        )


@dataclass
class Stage:
    """Where scenarios are played."""

    home: Path
    database: SimulatedDatabase

    def play(self, seed: int) -> Outcome:
        return play(seed, self.home, self.database)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="pyca-simulation-", dir=folder) as name:
        home = Path(name)
        database = SimulatedDatabase(home)
        yield Stage(home, database)
        database.dispose()


@pytest.fixture(autouse=True)
def seams(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
