"""Where files may be written: below one folder, and never over a file that is there."""

import os
from collections.abc import Iterator
from pathlib import Path

from pyca.core.errors import ImagingError, MachineError
from pyca.folders.names import LONGEST, fault_in, shown

_MOST = 9999
_DEEPEST = 20
"""folders that a name may lead through"""


def placed(folder: Path, name: str) -> Path:
    """Return the path of a file that a configuration names, and make the folders that lead to it.

    :param folder: that all files are below
    :param name: a path below it; an absolute one has to be below it too
    :raises ImagingError: where it is none, or leads out of the folder
    :raises MachineError: where a folder cannot be made
    """
    if not name.strip() or name.endswith("/"):
        raise ImagingError("File name not defined")
    said = shown(name)
    if fault_in(name):
        raise ImagingError(f"The file name {said} has a control character in it.", "Choose another name")
    given = Path(name)
    if ".." in given.parts:
        raise ImagingError(f"The file name {said} has “..” in it.", f"Name a file below {folder}")
    # Links are followed, so that none leads out of the folder.
    real = Path(os.path.realpath(folder))
    path = Path(os.path.realpath(folder / given))
    if real not in path.parents:
        raise ImagingError(
            f"The file {said} is not below {folder}, where the files of pipelines are.",
            "Give a name without a folder, or one that begins with a folder in it",
        )
    _check_length(path, real, said)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_folder = path.is_dir()
    except OSError as error:
        raise MachineError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    if is_folder:
        raise ImagingError(f"{said} is a folder.", "Choose another name")
    return path


def _check_length(path: Path, folder: Path, said: str) -> None:
    """Refuse what no file system takes, and folders that nobody can have meant."""
    names = path.relative_to(folder).parts
    if len(names) > _DEEPEST + 1 or any(len(os.fsencode(name)) > LONGEST for name in names):
        raise ImagingError(
            f"The file name {said} is too long: {_DEEPEST} folders and names of {LONGEST} bytes are allowed.",
            "Choose another name",
        )


def names(path: Path) -> Iterator[Path]:
    """Return the names to try: the path itself, then “name-2.h5”, “name-3.h5” …"""
    yield path
    for number in range(2, _MOST):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
