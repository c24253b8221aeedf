"""The databases that agents may have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.store.database import Database
from pyca.store.tables import Base
from pyca.store.upgrade import ensure


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def each_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database: the test is run with SQLite and with PostgreSQL."""
    sqlite = request.param == "sqlite"
    made = Database(f"sqlite:///{tmp_path}/pyca.db" if sqlite else request.getfixturevalue("postgresql"))
    ensure(made)
    yield made
    if not sqlite:
        # One server serves all tests.
        with made.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
    made.dispose()
