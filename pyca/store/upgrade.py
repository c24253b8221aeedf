"""Schema versions: bring an older database up to date, refuse a newer one."""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from pyca.core.errors import StoreError
from pyca.store import identity, privacy
from pyca.store.database import Database
from pyca.store.rescue import is_whole, set_aside
from pyca.store.tables import SCHEMA

logger = logging.getLogger(__name__)

_LOCK = 7_922_331  # any number, the same for all services: PostgreSQL's advisory lock

TRUSTED = 60.0
"""Seconds for which a file that was found whole is not looked through again, whatever errors it makes."""


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


def ensure(database: Database, *, repair: bool = True) -> None:
    """Create or upgrade the tables where needed, after a copy of an SQLite file.

    :param repair: set a damaged SQLite file aside and make a new one, now and whenever the damage shows; for
        services, whose file it is
    :raises StoreError: where the database was written by a newer pyCA, or cannot be used
    """
    mender = None
    if database.file:
        _make_folder(database.file.parent)
        if repair:
            privacy.tighten(database.file)
        mender = Mender(database, database.file) if repair else None
        database.mend = mender.mend if mender else None
    try:
        found = version(database)
    except StoreError:
        # If it was damaged, it has been mended by now.
        found = version(database)
    if found != SCHEMA:
        with _exclusive(database):
            _bring_up_to_date(database)
    if mender:
        mender.note()


class Mender:
    """Puts a new database in the place of a damaged one, once for all processes that find it so."""

    def __init__(
        self, database: Database, file: Path, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._file = file
        self._monotonic = monotonic
        self._known: tuple[int, int] | None = None
        self._trusted: float | None = None

    def note(self) -> None:
        """Remember which file it is now."""
        known, self._known = self._known, self._found()
        if self._known != known:
            self._trusted = None

    def mend(self) -> bool:
        """Set the file aside where it is damaged, and make a new one where there is none.

        :return: True where the file is another one than before, or has got its tables
        :raises StoreError: where a new one cannot be made
        """
        with _exclusive(self._database):
            before = self._known
            self.note()
            history = ""
            if self._is_damaged():
                history = f"The damaged one is kept as {set_aside(self._file)}."
            changed = _bring_up_to_date(self._database, history)
            self.note()
        return changed or self._known != before

    def _found(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._file)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _is_damaged(self) -> bool:
        """Look through the file, which takes long where it is large, unless that was done just now."""
        now = self._monotonic()
        if self._trusted is not None and now < self._trusted:
            return False
        whole = is_whole(self._file)
        self._trusted = now + TRUSTED if whole else None
        return whole is False


def _bring_up_to_date(database: Database, history: str = "") -> bool:
    """Create or upgrade the tables; nobody else does so meanwhile.

    :param history: what became of the database before this one
    :return: True where there was something to do
    """
    found = version(database)
    if found == SCHEMA:
        return False
    if found is not None and found > SCHEMA:
        raise StoreError(
            f"database {database.place} has schema {found}, this pyCA knows {SCHEMA} at most",
            "install the newer pyCA again, or start with another database",
        )
    if found is not None and database.file:
        _copy(database.file, found)
    _migrate(database, history)
    logger.info("database %s: schema %s → %s", database.place, found or "none", SCHEMA)
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"folder {folder} of the database cannot be made: {error.strerror}",
            "make it, or set another [agent] database",
        ) from error


def _copy(file: Path, found: str) -> None:
    """Keep the old database beside the new one, with all that is still in its write-ahead log.

    :raises StoreError: where the disk is full or the folder must not be written
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = file.with_name(f"{file.name}.{found}.{stamp}")
    privacy.create(target)
    try:
        with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(target)) as copy:
            old.backup(copy)
    except sqlite3.Error as error:
        # Half a copy would be taken for a whole one.
        with suppress(OSError):
            target.unlink()
        raise StoreError(
            f"database {file} cannot be copied to {target} before its upgrade: {error}",
            "make room there, or let pyCA write into the folder, and start again",
        ) from error


@contextmanager
def _exclusive(database: Database) -> Iterator[None]:
    """Let one process upgrade while the others wait for it.

    :raises StoreError: where it cannot be locked
    """
    if database.file:
        with _locked(database.file.with_name(database.file.name + ".lock")):
            yield
        return
    with database.read() as session:
        session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            yield
        finally:
            session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


def _locked(file: Path) -> IO[str]:
    """Return a file that no other process has locked; closing it lets the next one go on."""
    try:
        lock = file.open("w")
    except OSError as error:
        raise _unlockable(file, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        lock.close()
        raise _unlockable(file, error) from error
    return lock


def _unlockable(file: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{file}, which guards the upgrade of the database, cannot be locked: {error.strerror}",
        "let pyCA write it and its folder, on a disk that knows locks",
    )


def _migrate(database: Database, history: str) -> None:
    # Alembic costs a tenth of a second and several megabytes: only where there is something to do.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    # What Alembic thinks while it works is no news for an operator; the result is told by our caller.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", "pyca.store:migrations")
    with database.write() as session:
        connection: Connection = session.connection()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"database {database.place} has a schema that cannot be upgraded: {error}",
                "restore its copy, or start with another database",
            ) from error
        # With the tables or not at all: what has none is taken for what it was before.
        identity.create(session, history, time.time())
