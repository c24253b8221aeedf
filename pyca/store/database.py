"""Connections and transactions. SQLite in WAL mode by default, PostgreSQL where wanted."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Engine, Select, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from pyca.core.errors import ConfigError, StoreError
from pyca.store import privacy
from pyca.store.rescue import tells_damage
from pyca.store.tables import Base

logger = logging.getLogger(__name__)

BUSY_SECONDS = 10.0
"""How long a writer waits for another one before it reports the database as locked."""

_PATIENCE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
"""libpq's options where the address names none: without them a vanished server is waited for endlessly."""


class Database:
    """One database, opened on first use.

    :param url: SQLAlchemy address such as ``sqlite:////var/lib/pyca/pyca.db``
    :raises ConfigError: where the address is none
    """

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.engine = _engine(self.url)
        self.mend: Callable[[], bool] | None = None
        """called where the file turns out to be damaged or gone; True where what met it may be tried again"""
        self._mending = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """True where the database is a file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for other databases."""
        return _file(self.url)

    @property
    def scope(self) -> str:
        """A name for this database that all services on this machine share, without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def place(self) -> str:
        """Where this database is, for people: the path of its file, or its address without the password."""
        return str(self.file) if self.file else self.scope

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for looking only.

        :raises StoreError: where the database cannot be read
        """
        with self._translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open one short transaction; it is committed at the end, rolled back on any error.

        :raises StoreError: where the database is locked, full, damaged or away
        """
        engine = self.engine.execution_options(pyca_write=True)
        with self._translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close all connections; needed before a fork."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, DataError):
            # A mistake of ours, not a state of the database: trying again would not help.
            raise
        except DBAPIError as error:
            told = self._explain(error)
            told.mended = tells_damage(error.orig) and self._try_to_mend()
            raise told from error

    def _try_to_mend(self) -> bool:
        # Mending uses the database too: it must not begin anew within itself, or in another thread.
        if self.mend is None or not self._mending.acquire(blocking=False):
            return False
        try:
            self.engine.dispose()
            return self.mend()
        except StoreError as error:
            logger.error("%s", error)
            return False
        finally:
            self._mending.release()

    def _explain(self, error: DBAPIError) -> StoreError:
        reason = str(error.orig or error).strip().splitlines()[0]
        text = f"database {self.place}: {reason}"
        lower = reason.lower()
        if "locked" in lower:
            return StoreError(text, "another program holds it; pyCA tries again")
        if "not a database" in lower or "malformed" in lower:
            return StoreError(text, "the file is damaged: the services set it aside and make a new one")
        if "no such table" in lower or "undefinedtable" in lower or "does not exist" in lower:
            return StoreError(text, "run “pyca db upgrade”")
        if "unable to open" in lower or "readonly" in lower:
            return StoreError(
                text, "check that the file and its folder exist, and that pyCA's user may write them"
            )
        return StoreError(text, "check that the database is reachable and not full")


def insert_into(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an insertion that can say what shall be where the row is there already."""
    make = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    return make(table)


def affected(session: Session, statement: Delete) -> int:
    """Carry out a deletion; return how many rows it concerned."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def one_row(session: Session, statement: Select[Any], wanted: str) -> tuple[Any, ...] | None:
    """Return the only row of a query for plain columns: much quicker than an object for it.

    :param wanted: value of the statement's parameter of that name
    """
    session.flush()  # what this session has changed counts, as elsewhere
    found = session.connection().execute(statement, {"wanted": wanted}).one_or_none()
    return None if found is None else tuple(found)


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, None for other databases; nothing is opened.

    :param url: SQLAlchemy address such as ``sqlite:////var/lib/pyca/pyca.db``
    :raises ConfigError: where the address is none
    """
    return _file(_parse(url))


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            [f"“{url.split('@')[-1]}” is no database address: {error}"],
            "write such as sqlite:///pyca.db or postgresql+psycopg://user:password@host/name",
        ) from error
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(_patient(url), pool_pre_ping=True, pool_size=4, max_overflow=12)
        except ImportError as error:
            raise ConfigError(
                [f"no driver for {url.get_backend_name()} is installed"], "pip install 'pyca[postgresql]'"
            ) from error
    engine = create_engine(
        url,
        poolclass=QueuePool,
        # They are opened when they are needed at once, and kept: the page has sixteen threads.
        pool_size=16,
        max_overflow=4,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    if (file := _file(url)) is not None:
        event.listen(engine, "do_connect", lambda *_: privacy.create(file))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "checkout", _check_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _patient(url: URL) -> URL:
    if not url.drivername.startswith("postgresql+psycopg"):
        return url
    return url.update_query_dict({**_PATIENCE, **url.query})


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Take transactions into our own hands and make the file safe to share."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own one knows no letter outside of ASCII, so that nobody would find “Übung” by “übung”.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _check_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Let go of a file that was moved or deleted: what is written to it would be seen by nobody.

    :raises DisconnectionError: which makes the pool open the file that is there now
    """
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        status = os.stat(file)
        now = (status.st_dev, status.st_ino)
    except OSError:
        now = None
    if record.info.setdefault("file", now) != now:
        raise DisconnectionError(f"{file} is another file than before")


def _begin_sqlite(connection: Connection) -> None:
    """Writers queue at the start of their transaction, where waiting is possible, not in its middle."""
    writes = connection.get_execution_options().get("pyca_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
