"""The files of a folder of configurations, read again where they changed."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from pyca.core.camera import ENDING, camera_of
from pyca.core.errors import ConfigError, ImagingError, MachineError, PycaError
from pyca.folders import jsonfile
from pyca.folders.names import fault_of
from pyca.folders.sort import Sort, W

_SETTLED = 100_000_000
"""nanoseconds after which a file that changes again has another time for certain"""

Signature = tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """Why a file cannot be used. No exception: one that is kept, keeps all that its readers were doing.

    :param mistakes: what is wrong with what it says; empty where it could not even be read
    :param of_machine: where the machine did not let it be read
    """

    message: str
    remedy: str
    mistakes: tuple[str, ...] = ()
    of_machine: bool = False

    @classmethod
    def of(cls, error: ImagingError | ConfigError) -> "Fault":
        """Return what an error tells."""
        mistakes = tuple(error.problems) if isinstance(error, ConfigError) else ()
        return cls(error.message, error.remedy, mistakes, isinstance(error, MachineError))

    def error(self) -> PycaError:
        """Return a new error that tells the same."""
        if self.mistakes:
            return ConfigError(list(self.mistakes), self.remedy)
        kind = MachineError if self.of_machine else ImagingError
        return kind(self.message, self.remedy)


@dataclass(frozen=True)
class Entry(Generic[W]):
    """One file as it was read last.

    :param signature: what is different whenever the file is; empty where it must be read again
    :param fault: why there is no configuration
    """

    signature: Signature
    configuration: W | None = None
    fault: Fault | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong with it; empty where it can be used."""
        if self.fault is None:
            return ()
        return self.fault.mistakes or (str(self.fault.error()),)

    @property
    def findings(self) -> tuple[str, ...]:
        """Everything that is to be said about it."""
        return self.problems or (self.configuration.warnings if self.configuration else ())


def look(folder: Path, before: Mapping[str, Entry[W]], sort: Sort[W]) -> dict[str, Entry[W]]:
    """Return all configurations of a folder by name, sorted. Only what changed is read.

    :param before: what the last look returned
    :raises ImagingError: where the folder cannot be read
    """
    try:
        files = sorted(os.listdir(folder))
    except OSError as error:
        raise MachineError(
            f"The folder of {sort.noun}s “{folder}” cannot be read: {error.strerror}."
        ) from error
    found = {}
    for file in files:
        if name := camera_of(file):
            signature = _signature(folder / file)
            known = before.get(name)
            unchanged = known is not None and signature and known.signature == signature
            found[name] = known if known and unchanged else _read(folder / file, name, signature, sort)
    return dict(sorted(found.items()))


def owners(entries: Mapping[str, Entry[W]]) -> dict[str, list[str]]:
    """Return the names of those that have each alias, in the order of the entries."""
    found: dict[str, list[str]] = {}
    for name, entry in entries.items():
        for alias in entry.configuration.alias if entry.configuration else ():
            found.setdefault(alias, []).append(name)
    return found


def refusal_of(name: str, reserved: Sequence[str]) -> str:
    """Return why a configuration may not be called so; empty where it may."""
    if fault := fault_of(name):
        return fault
    if name in reserved:
        return "is a word of the interface"
    return "" if camera_of(name + ENDING) else "is kept for other files"


def _signature(file: Path) -> Signature:
    """Return what changes whenever a file does; empty where it has only just changed."""
    try:
        status = file.stat()
    except OSError as error:
        # Such as a link to nowhere, which stays what it is until it leads somewhere.
        return (-(error.errno or 1),)
    if abs(time.time_ns() - status.st_mtime_ns) <= _SETTLED:
        return ()
    return (status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _read(file: Path, name: str, signature: Signature, sort: Sort[W]) -> Entry[W]:
    try:
        return Entry(signature, sort.parse(name, jsonfile.load(file)))
    except (ImagingError, ConfigError) as error:
        if isinstance(error.__cause__, OSError) and len(signature) > 1:
            # It is there, so the reason may be ours and pass, such as too many open files.
            signature = ()
        return Entry(signature, fault=Fault.of(error))
