"""Upgrades that cannot be done say why in one sentence."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.core.errors import StoreError
from pyca.store.database import Database
from pyca.store.upgrade import _exclusive, ensure
from tests.tools import free_port


def test_a_copy_that_fails_is_explained_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        session.execute(text("CREATE TABLE big AS SELECT randomblob(1000000)"))
    database.dispose()
    connect = sqlite3.connect

    def connect_to_a_full_disk(file: Path) -> sqlite3.Connection:
        connection = connect(file)
        if ".0000." in file.name:
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA max_page_count=3")
            connection.execute("CREATE TABLE begun (a)")
        return connection

    monkeypatch.setattr("pyca.store.upgrade.sqlite3.connect", connect_to_a_full_disk)
    with pytest.raises(StoreError, match=r"cannot be copied to .*pyca\.db\.0000\..* full.*make room"):
        ensure(database)
    assert not list(tmp_path.glob("pyca.db.0000.*"))
    database.dispose()


def test_a_lock_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "pyca.db.lock").mkdir()
    with pytest.raises(StoreError, match=r"pyca\.db\.lock.*directory.*let pyCA write"):
        ensure(Database(f"sqlite:///{tmp_path}/pyca.db"))


def test_a_disk_without_locks_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("pyca.store.upgrade.fcntl.flock", refuse)
    with pytest.raises(StoreError, match=r"pyca\.db\.lock.*No locks"):
        ensure(Database(f"sqlite:///{tmp_path}/pyca.db"))


def test_a_postgresql_that_is_gone_is_explained() -> None:
    gone = Database(f"postgresql://pyca@127.0.0.1:{free_port()}/pyca")
    with pytest.raises(StoreError, match="check that the database is reachable"), _exclusive(gone):
        pytest.fail("a database that is gone was locked")
