"""Who may read the database: it holds the keys of streams and the hashes of passwords."""

import glob
import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_MODE = 0o640
"""the owner's, and the group's to read where the umask lets it; nobody else's"""
_OTHERS = stat.S_IRWXO
COMPANIONS = ("", "-wal", "-shm")
"""what SQLite keeps beside a file; it gives them the rights of the file"""
_COPIES = (".[0-9]*.*", ".damaged-*")


def create(file: Path) -> None:
    """Make an empty file that others on this machine cannot read, unless it is there already.

    What is wrong with its folder is left to whoever opens the file, and says so.
    """
    # Only a new one is opened: to close another one would take SQLite's locks from this process.
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))


def tighten(file: Path) -> None:
    """Take the rights of others from a file that an earlier version left open to everybody.

    So it is done for what SQLite keeps beside it, for copies that upgrades made, and for damaged ones.
    """
    kept = [one for copies in _COPIES for one in file.parent.glob(f"{glob.escape(file.name)}{copies}")]
    for one in (*(Path(f"{file}{companion}") for companion in COMPANIONS), *kept):
        try:
            mode = stat.S_IMODE(one.stat().st_mode)
            if mode & _OTHERS:
                one.chmod(mode & ~_OTHERS)
                logger.info("%s: everybody could read it, and cannot any more", one)
        except OSError as error:
            # Somebody else's file, or none: it still works.
            logger.debug("%s: %s", one, error.strerror)


def open_to_all(file: Path) -> list[Path]:
    """Return which of a database's files everybody on this machine can read, its copies among them."""
    found = []
    with suppress(OSError):
        for one in sorted(file.parent.glob(f"{glob.escape(file.name)}*")):
            if one.is_file() and not one.name.endswith(".lock") and one.stat().st_mode & stat.S_IROTH:
                found.append(one)
    return found
