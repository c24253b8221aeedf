"""A database with its tables in place, made once for all tests of a process: the migrations take a while."""

import tempfile
from functools import cache
from pathlib import Path

from pyca.store.database import Database
from pyca.store.upgrade import ensure


def put_empty_database(file: Path) -> None:
    """Write the file that :func:`pyca.store.upgrade.ensure` would make; it has nothing more to do then."""
    content, mode = _made()
    file.write_bytes(content)
    file.chmod(mode)


@cache
def _made() -> tuple[bytes, int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pyca.db"
        database = Database(f"sqlite:///{file}")
        ensure(database)
        database.dispose()
        assert not Path(f"{file}-wal").exists()
        return file.read_bytes(), file.stat().st_mode & 0o777
