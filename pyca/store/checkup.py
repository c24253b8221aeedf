"""Looking a database over: is it whole, and may it be written? Nothing in it is changed."""

import sqlite3

from sqlalchemy import false, update

from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.store.database import Database
from pyca.store.rescue import faults
from pyca.store.tables import ServiceRow

_STEPS = 20_000
"""of SQLite's virtual machine between two looks at the clock, some milliseconds"""


def damage(database: Database, clock: Clock, limit: float) -> str | None:
    """Return what is wrong with an SQLite file, nothing where it is whole; None where the time was too short.

    :param limit: seconds after which the search is given up
    :raises StoreError: where the file cannot be read at all
    """
    given_up = clock.monotonic() + limit
    try:
        with database.read() as session:
            pooled = session.connection().connection.driver_connection
            assert isinstance(pooled, sqlite3.Connection)
            pooled.set_progress_handler(lambda: clock.monotonic() > given_up, _STEPS)
            try:
                return faults(pooled, "quick_check(3)")
            finally:
                pooled.set_progress_handler(None, 0)
    except sqlite3.Error as error:
        if clock.monotonic() > given_up:
            return None
        raise StoreError(f"database {database.place}: {error}", "look at the disk that it is on") from error


def try_writing(database: Database) -> None:
    """Write to no row at all, which needs all that writing needs.

    :raises StoreError: where it is locked, or may not be written
    """
    with database.write() as session:
        session.execute(update(ServiceRow).where(false()).values(text=""))
