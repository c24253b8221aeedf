"""Schema versions: bring an older database up to date, refuse a newer one."""

import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from pyca.core.errors import StoreError
from pyca.store.database import Database
from pyca.store.tables import SCHEMA

logger = logging.getLogger(__name__)

_LOCK = 7_922_331  # any number, the same for all services: PostgreSQL's advisory lock


def version(database: Database) -> str | None:
    """Return the schema version of a database, None where it is empty.

    :raises StoreError: where it cannot be read
    """
    with database.read() as session:
        connection = session.connection()
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def ensure(database: Database) -> None:
    """Create or upgrade the tables where needed, after a copy of an SQLite file.

    :raises StoreError: where the database was written by a newer pyCA, or cannot be used
    """
    if database.file:
        _make_folder(database.file.parent)
    found = version(database)
    if found == SCHEMA:
        return
    with _exclusive(database):
        found = version(database)
        if found == SCHEMA:
            return
        if found is not None and found > SCHEMA:
            raise StoreError(
                f"database {database.place} has schema {found}, this pyCA knows {SCHEMA} at most",
                "install the newer pyCA again, or start with another database",
            )
        if found is not None and database.file:
            _copy(database.file, found)
        _migrate(database)
        logger.info("database %s: schema %s → %s", database.place, found or "none", SCHEMA)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"folder {folder} of the database cannot be made: {error.strerror}",
            "make it, or set another [agent] database",
        ) from error


def _copy(file: Path, found: str) -> None:
    """Keep the old database beside the new one, with all that is still in its write-ahead log."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = file.with_name(f"{file.name}.{found}.{stamp}")
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(target)) as copy:
        old.backup(copy)


@contextmanager
def _exclusive(database: Database) -> Iterator[None]:
    """Let one process upgrade while the others wait for it."""
    if database.file:
        with database.file.with_name(database.file.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


def _migrate(database: Database) -> None:
    # Alembic costs a tenth of a second and several megabytes: only where there is something to do.
    from alembic import command
    from alembic.config import Config

    # What Alembic thinks while it works is no news for an operator; the result is told by our caller.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", "pyca.store:migrations")
    with database.write() as session:
        connection: Connection = session.connection()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
