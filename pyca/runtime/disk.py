"""How much a disk has left."""

import shutil
from pathlib import Path


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there: it may still have to be made."""
    return next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), Path("/"))


def is_there(path: Path) -> bool:
    """Tell whether a file is there; what a disk that answers with an error holds is not."""
    try:
        return path.exists()
    except OSError:
        return False


def free_bytes(folder: Path) -> int | None:
    """Return the free bytes where a folder is or will be; None where nobody can tell."""
    try:
        return shutil.disk_usage(existing(folder)).free
    except OSError:
        return None
