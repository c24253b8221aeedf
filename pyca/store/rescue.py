"""A database that is damaged or gone: it is set aside and a new one takes its place, while all goes on."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from pyca.core.errors import StoreError

logger = logging.getLogger(__name__)

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_COMPANIONS = ("", "-wal", "-shm")
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


def set_aside(file: Path) -> Path | None:
    """Move a damaged file out of the way, with what belongs to it.

    :return: where it is now; None where it is not damaged, or gone
    :raises StoreError: where the folder must not be written
    """
    if not file.exists() or not _damaged(file):
        return None
    target = _unused(file)
    try:
        for companion in _COMPANIONS:
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


def _damaged(file: Path) -> bool:
    """Look into a file from its first to its last page."""
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError as error:
        return tells_damage(error)
    return found is None or found[0] != "ok"


def _unused(file: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = file.with_name(f"{file.name}.damaged-{stamp}")
    number = 2
    while target.exists():
        target = file.with_name(f"{file.name}.damaged-{stamp}-{number}")
        number += 1
    return target
