"""Databases that are damaged or gone, and those that only look so."""

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.core.errors import StoreError
from pyca.store import identity
from pyca.store.database import Database
from pyca.store.identity import Identity
from pyca.store.upgrade import TRUSTED, Mender, ensure
from tests.tools import FakeClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pyca.db"


def opened(file: Path) -> Database:
    database = Database(f"sqlite:///{file}")
    ensure(database)
    return database


def look(database: Database) -> Identity:
    with database.read() as session:
        return identity.get(session)


def aside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.glob("*damaged*"))


@pytest.mark.parametrize(
    "content", [b"no database at all" * 500, os.urandom(20_000), b"SQLite format 3\0" + b"x" * 9000]
)
def test_a_damaged_file_is_set_aside_at_the_start(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    database = opened(file)
    found = look(database)
    [kept] = [name for name in aside(file) if not name.endswith(("-wal", "-shm"))]
    assert (file.parent / kept).read_bytes() == content
    assert kept in found.history
    assert not found.searched
    database.dispose()


def test_a_file_that_is_deleted_meanwhile(file: Path) -> None:
    database = opened(file)
    before = look(database)
    for path in file.parent.glob("pyca.db*"):
        path.unlink()
    with pytest.raises(StoreError):
        look(database)
    after = look(database)
    assert after.id not in ("", before.id)
    assert aside(file) == []
    database.dispose()


@pytest.mark.parametrize("where", [0, 4096 * 3])
def test_a_file_that_is_damaged_meanwhile(file: Path, where: int) -> None:
    database = opened(file)
    before = look(database)
    with database.write() as session:
        session.execute(text("CREATE TABLE big AS SELECT randomblob(100000) AS data"))
    database.dispose()
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    with file.open("r+b") as damaged:
        damaged.seek(where)
        damaged.write(os.urandom(30_000))
    with pytest.raises(StoreError), database.read() as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        for table in list(tables):
            session.execute(text(f"SELECT * FROM {table}")).fetchall()
    assert look(database).id != before.id
    assert aside(file)
    database.dispose()


def test_two_services_agree_on_one_new_database(file: Path) -> None:
    first, second = opened(file), opened(file)
    assert look(first) == look(second)
    for path in file.parent.glob("pyca.db*"):
        path.unlink()
    with pytest.raises(StoreError):
        look(first)
    assert look(second) == look(first)
    for database in (first, second):
        database.dispose()


def test_a_locked_database_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.store.database.BUSY_SECONDS", 0.05)
    database = opened(file)
    before = look(database)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"), database.write() as session:
        identity.note_searched(session, 1.0)
    holder.close()
    assert look(database) == before
    assert aside(file) == []
    database.dispose()


def test_a_newer_database_is_left_alone(file: Path) -> None:
    database = opened(file)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer pyCA"):
        ensure(database)
    assert aside(file) == []
    database.dispose()


def test_a_full_database_is_left_alone(file: Path) -> None:
    database = opened(file)
    before = look(database)
    with pytest.raises(StoreError, match="full"), database.write() as session:
        session.execute(text("PRAGMA max_page_count=1"))
        session.execute(text("CREATE TABLE big AS SELECT randomblob(1000000)"))
    database.dispose()
    assert look(database) == before
    assert aside(file) == []
    database.dispose()


def test_whoever_only_looks_sets_nothing_aside(file: Path) -> None:
    file.write_bytes(b"no database at all" * 500)
    with pytest.raises(StoreError, match="damaged"):
        ensure(Database(f"sqlite:///{file}"), repair=False)
    assert aside(file) == []


def test_a_folder_that_cannot_be_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(b"no database at all" * 500)

    def refuse(path: Path, target: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreError):
        opened(file)
    assert file.exists()


def without_table(database: Database) -> StoreError:
    """The error of a database whose schema is current, but lacks a table."""
    with database.write() as session:
        session.execute(text("DROP TABLE IF EXISTS upstream_state"))
    with pytest.raises(StoreError) as caught:
        look(database)
    return caught.value


def test_where_nothing_can_be_mended_nothing_is_told_to_be(file: Path) -> None:
    database = opened(file)
    assert not without_table(database).mended
    assert not without_table(database).mended
    assert aside(file) == []
    database.dispose()


def test_what_was_mended_by_us_or_by_another_service_is_told(file: Path) -> None:
    first, second = opened(file), opened(file)
    second.dispose()
    first.dispose()
    # Not deleted: its number would be given to the new one.
    file.rename(file.with_name("old.db"))
    with pytest.raises(StoreError) as caught:
        look(first)
    assert caught.value.mended
    # It meets an error once more, in the file that is new to it.
    assert without_table(second).mended
    assert not without_table(second).mended
    for database in (first, second):
        database.dispose()


def test_a_whole_file_is_not_looked_through_at_each_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looks = FakeClock(), []

    def whole(path: Path) -> bool:
        looks.append(path)
        return True

    database = opened(file)
    monkeypatch.setattr("pyca.store.upgrade.is_whole", whole)
    mender = Mender(database, file, clock.monotonic)
    mender.note()
    database.mend = mender.mend
    for seconds, count in ((0, 1), (TRUSTED / 2, 1), (TRUSTED, 2)):
        clock.move(seconds)
        without_table(database)
        assert len(looks) == count
    # Of another file nothing is known yet.
    database.dispose()
    file.rename(file.with_name("old.db"))
    with pytest.raises(StoreError):
        look(database)
    assert len(looks) == 3
    database.dispose()


def test_a_file_that_cannot_be_looked_through_is_looked_at_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(file)
    looks: list[Path] = []
    monkeypatch.setattr("pyca.store.upgrade.is_whole", looks.append)
    for _ in range(2):
        assert not without_table(database).mended
    assert len(looks) == 2
    assert aside(file) == []
    database.dispose()
