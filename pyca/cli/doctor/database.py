"""Is the database there, whole, of this version, and may it be written?"""

import os
from collections.abc import Iterator
from pathlib import Path

from pyca.cli.doctor.finding import Finding, failed, ok, skipped, warning
from pyca.cli.doctor.permissions import user_name
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.units import show_size
from pyca.runtime.filesystem import filesystem
from pyca.store import privacy
from pyca.store.checkup import damage, try_writing
from pyca.store.database import Database
from pyca.store.tables import SCHEMA
from pyca.store.upgrade import version

_LIMIT = 20.0
"""seconds for looking through an SQLite file"""


def check(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look the database over. Where there is none, none is made: it could belong to the wrong user."""
    database = Database(settings.agent.database)
    try:
        if database.file and not database.file.exists():
            yield _absent(database.file)
            return
        if database.file:
            yield from _file(database.file)
            if not may_be_opened(database.file):
                yield _closed(database.file)
                return
        yield from _content(database, clock)
    finally:
        database.dispose()


def may_be_opened(file: Path) -> bool:
    """Tell whether an SQLite file and what SQLite keeps beside it may be written.

    Where they may not, even a look would leave files of the wrong user behind, which keep pyCA out.
    """
    return os.access(file, os.R_OK | os.W_OK) and os.access(file.parent, os.W_OK | os.X_OK)


def _closed(file: Path) -> Finding:
    user = user_name(os.geteuid())
    remedy = f"look again as pyCA's own user; if that is {user}, run “chown {user} {file.parent} {file}*”"
    return failed("writing", f"user {user} may not write {file} and its folder; it was not opened", remedy)


def _absent(file: Path) -> Finding:
    text = f"there is no database {file} yet"
    if not file.parent.is_dir():
        return warning(
            "file", f"{text}, nor its folder", "start pyCA, which makes both, or correct agent.database"
        )
    return warning("file", text, "start pyCA, which makes it, or correct agent.database and --config")


def _file(file: Path) -> Iterator[Finding]:
    """Tell where it is and how large; its write-ahead log needs the memory that programs share."""
    yield ok("file", f"{file}, {show_size(file.stat().st_size)}")
    disk = filesystem(file)
    if disk.is_network:
        remedy = "set agent.database to a file on a disk of this machine, or use PostgreSQL"
        yield failed("disk", f"it is on {disk.kind}, a network disk, where SQLite loses data", remedy)
    elif disk.is_memory:
        remedy = "set agent.database to a file on a real disk"
        yield warning("disk", f"it is on {disk.kind}, which is empty after a reboot", remedy)
    else:
        yield ok("disk", f"{disk.kind or 'unknown'}, a disk of this machine")
    if found := privacy.open_to_all(file):
        names = " ".join(map(str, found))
        yield warning(
            "privacy",
            f"every user of this machine can read {names}, with stream keys in it",
            f"run “chmod o= {names}”",
        )


def _content(database: Database, clock: Clock) -> Iterator[Finding]:
    found = version(database)
    if not database.file:
        yield ok("address", f"{database.place} answers")
    if found is None:
        yield warning("schema", f"{database.place} has no tables yet", "start pyCA, which makes them")
        return
    if found > SCHEMA:
        yield failed(
            "schema", f"{found} is newer than {SCHEMA}, which this pyCA knows", "install the newer pyCA"
        )
        return
    if found < SCHEMA:
        yield warning("schema", f"{found} is older than {SCHEMA}", "run “pyca db upgrade”, or start pyCA")
    else:
        yield ok("schema", f"{found}, as expected")
    if database.is_sqlite:
        yield _wholeness(database, clock)
    try_writing(database)
    yield ok("writing", "is possible")


def _wholeness(database: Database, clock: Clock) -> Finding:
    found = damage(database, clock, _LIMIT)
    if found is None:
        return skipped("content", f"too large to be looked through within {_LIMIT:.0f} s")
    if found:
        remedy = "look at its disk; pyCA's services set the file aside and make a new one when they meet this"
        return failed("content", f"is damaged: {found}", remedy)
    return ok("content", "is whole")
