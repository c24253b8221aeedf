"""How much room the database takes."""

from pathlib import Path

from pyca.store import footprint
from pyca.store.database import Database


def test_a_file_counts_with_what_was_not_merged_into_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    assert footprint.size(database) is None
    (tmp_path / "pyca.db").write_bytes(b"x" * 1000)
    (tmp_path / "pyca.db-wal").write_bytes(b"x" * 234)
    assert footprint.size(database) == 1234


def test_every_database_in_use_has_a_size(database: Database) -> None:
    assert (footprint.size(database) or 0) > 1000


def test_postgresql_tells_its_size(postgresql: str) -> None:
    database = Database(postgresql)
    assert (footprint.size(database) or 0) > 1000
    database.dispose()
