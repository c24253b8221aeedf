"""How much room the database takes."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from pyca.store.database import Database


def size(database: Database) -> int | None:
    """Return the bytes of a database; None where nobody can tell.

    :raises StoreError: where it cannot be read
    """
    if database.file:
        return _of_files(database.file)
    if database.url.get_backend_name() != "postgresql":
        return None
    with database.read() as session:
        found: int | None = session.scalar(text("SELECT pg_database_size(current_database())"))
        return found


def _of_files(file: Path) -> int | None:
    """Return the bytes of an SQLite file and of what was not merged into it yet."""
    sizes = []
    for name in (file, file.with_name(f"{file.name}-wal")):
        with suppress(OSError):
            sizes.append(name.stat().st_size)
    return sum(sizes) if sizes else None
