"""A database that is damaged or gone: it is set aside and a new one takes its place, while all goes on."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from pyca.core.errors import StoreError
from pyca.store.privacy import COMPANIONS

logger = logging.getLogger(__name__)

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""Extended codes of SQLite keep the kind of error in their last byte."""
_PATIENCE = 5.0
"""seconds to wait for somebody who writes, before a file is judged"""


def tells_damage(error: BaseException | None) -> bool:
    """Tell whether an error of SQLite means a damaged file, or one without the tables.

    A database that is locked, full, read-only or not readable is none: nothing is set aside for that.
    """
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    damaged = code is not None and code & _PRIMARY in _DAMAGE
    return damaged or "no such table" in str(error)


def faults(connection: sqlite3.Connection, look: str = "integrity_check(1)") -> str:
    """Look through a file from its first to its last page; return what is wrong, empty where it is whole.

    :param look: the pragma that does so; ``quick_check`` leaves out the indexes
    :raises sqlite3.Error: where it cannot be looked through, which tells nothing
    """
    try:
        found = connection.execute(f"PRAGMA {look}").fetchall()
    except sqlite3.DatabaseError as error:
        if tells_damage(error):
            return str(error)
        raise
    words = "; ".join(str(row[0]) for row in found)
    return "" if words == "ok" else words


def is_whole(file: Path) -> bool | None:
    """Tell whether a file is undamaged; None where that cannot be seen, or where it is gone."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            return not faults(connection)
    except sqlite3.Error:
        return None


def set_aside(file: Path) -> Path:
    """Move a damaged file out of the way, with what belongs to it.

    :return: where it is now
    :raises StoreError: where the folder must not be written
    """
    target = _unused(file)
    try:
        for companion in COMPANIONS:
            old = Path(f"{file}{companion}")
            if old.exists():
                old.rename(f"{target}{companion}")
    except OSError as error:
        raise StoreError(
            f"the damaged database {file} cannot be moved away: {error.strerror}",
            "let pyCA write into its folder, or move it away by hand",
        ) from error
    logger.error("database %s is damaged and was set aside as %s; a new one takes its place", file, target)
    return target


def _unused(file: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = file.with_name(f"{file.name}.damaged-{stamp}")
    number = 2
    while target.exists():
        target = file.with_name(f"{file.name}.damaged-{stamp}-{number}")
        number += 1
    return target
