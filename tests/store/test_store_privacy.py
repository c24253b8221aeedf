"""Nobody else on the machine may read the database: stream keys are in it."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.store import privacy
from pyca.store.database import Database
from pyca.store.upgrade import _copy, ensure


@pytest.fixture
def umask() -> Iterator[None]:
    """Return nothing; meanwhile the umask is the usual one of a shell."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir() if one.suffix != ".lock"}


@pytest.mark.usefixtures("umask")
def test_a_new_database_and_all_beside_it_is_closed_to_others(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with database.write() as session:
        session.execute(text("UPDATE live_setup SET orders = 1"))
        found = modes(tmp_path)
    assert set(found) >= {"pyca.db", "pyca.db-wal", "pyca.db-shm"}
    assert set(found.values()) == {0o640}
    _copy(tmp_path / "pyca.db", "0001")
    assert set(modes(tmp_path).values()) == {0o640}
    database.dispose()


def test_a_stricter_umask_counts(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        privacy.create(tmp_path / "pyca.db")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"pyca.db": 0o600}


@pytest.mark.usefixtures("umask")
def test_an_open_one_of_before_is_closed_by_a_service_and_by_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "pyca.db"
    with closing(Database(f"sqlite:///{file}").engine.raw_connection()):
        file.chmod(0o666)
    copy = tmp_path / "pyca.db.0003.20260101-120000"
    copy.touch(0o644)
    assert privacy.open_to_all(file) == [file, copy]
    database = Database(f"sqlite:///{file}")
    ensure(database, repair=False)
    assert modes(tmp_path)["pyca.db"] == 0o666
    ensure(database)
    assert (modes(tmp_path)["pyca.db"], modes(tmp_path)[copy.name]) == (0o660, 0o640)
    assert privacy.open_to_all(file) == []
    database.dispose()
