"""Looking a database over."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pyca.core.errors import StoreError
from pyca.store.checkup import damage, try_writing
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from tests.tools import FakeClock


def test_a_whole_one(database: Database, clock: FakeClock) -> None:
    assert damage(database, clock, 10) == ""
    try_writing(database)


def spoil(database: Database) -> None:
    """Take the entries out of an index, as a bad disk may."""
    database.dispose()
    with closing(sqlite3.connect(str(database.file))) as connection:
        connection.execute("CREATE TABLE many (a INTEGER PRIMARY KEY, b TEXT NOT NULL)")
        connection.executemany("INSERT INTO many VALUES (?, ?)", [(n, "x" * 100) for n in range(1000)])
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'many'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    assert database.file
    with database.file.open("r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(b"\xff" * 200)


def test_a_damaged_one(database: Database, clock: FakeClock) -> None:
    spoil(database)
    assert damage(database, clock, 10)


def test_a_large_one_is_given_up(database: Database) -> None:
    class Hasty(FakeClock):
        def monotonic(self) -> float:
            self.move(100)
            return self.time

    with database.write() as session:
        session.connection().exec_driver_sql("CREATE TABLE large (a)")
        session.connection().exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
            "INSERT INTO large SELECT i FROM n"
        )
    assert damage(database, Hasty(), 10) is None
    assert damage(database, FakeClock(), 10) == ""


@pytest.mark.system
def test_postgresql_may_be_written(postgresql: str) -> None:
    database = Database(postgresql)
    ensure(database)
    try_writing(database)
    database.dispose()


def test_one_without_tables(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(StoreError, match="no such table"):
        try_writing(database)
    database.dispose()


def test_a_locked_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.store.database.BUSY_SECONDS", 0.1)
    hurried = Database(str(database.url))
    with closing(sqlite3.connect(str(database.file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            try_writing(hurried)
    hurried.dispose()
