"""A folder of files that users keep for others. Nothing here runs one."""

import os
from pathlib import Path

from pyca.core.errors import ImagingError, MachineError, UnknownNameError
from pyca.folders.names import checked
from pyca.media.durable import sync_folder, write_durably
from pyca.runtime.files import read_regular


class Store:
    """A folder of files of some kinds. Thread-safe.

    :param folder: made when the first file is saved; None where none are wanted
    :param section: of the settings that name it
    :param noun: what one of them is called, such as “script”
    :param plural: what many are called
    :param endings: of the files
    :param largest: bytes that one may have
    """

    def __init__(
        self,
        folder: Path | None,
        section: str,
        noun: str,
        plural: str,
        endings: tuple[str, ...],
        largest: int,
    ) -> None:
        self._folder = folder
        self._section = section
        self._noun = noun
        self._plural = plural
        self._endings = endings
        self._largest = largest

    def names(self) -> list[str]:
        """Return the names of all with their endings, sorted.

        :raises ImagingError: where none are wanted, or the folder cannot be read
        """
        folder = self._wanted()
        try:
            return sorted(name for name in os.listdir(folder) if self._fits(name) and name[0] != ".")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MachineError(
                f"The folder of {self._plural} “{folder}” cannot be read: {error.strerror}."
            ) from error

    def delete(self, name: str) -> None:
        """Delete one.

        :raises ImagingError: where there is none of this name, or it cannot be deleted
        """
        file = self._file(name)
        try:
            file.unlink()
            sync_folder(file.parent)
        except FileNotFoundError as error:
            raise self._unknown(name) from error
        except OSError as error:
            raise MachineError(f"“{file}” cannot be deleted: {error.strerror}.") from error

    def read_bytes(self, name: str) -> bytes:
        """Return what one holds.

        :raises ImagingError: where there is none of this name, or it cannot be read
        """
        file = self._file(name)
        try:
            return read_regular(file, self._largest)
        except FileNotFoundError as error:
            raise self._unknown(name) from error
        except OSError as error:
            raise MachineError(f"“{file}” cannot be read: {error.strerror}.") from error

    def save_bytes(self, name: str, data: bytes) -> str:
        """Keep one and return its name with the ending.

        :raises ImagingError: where the name is impossible, it is too large, or it cannot be written
        """
        file = self._file(name)
        if len(data) > self._largest:
            raise ImagingError(
                f"A {self._noun} of {len(data)} bytes is too large, {self._largest} are allowed."
            )
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(file, data)
        except OSError as error:
            remedy = "Free some space, or let the server write to its folder."
            raise MachineError(f"“{file}” cannot be written: {error.strerror}.", remedy) from error
        return file.name

    def _fits(self, name: str) -> bool:
        return name.endswith(self._endings)

    def _wanted(self) -> Path:
        if self._folder is None:
            raise ImagingError(
                f"No {self._plural} are kept here.", f"Set [{self._section}] scripts to a folder."
            )
        return self._folder

    def _file(self, name: str) -> Path:
        return self._wanted() / checked(name, self._noun)

    def _unknown(self, name: str) -> UnknownNameError:
        return UnknownNameError(f"Requested {self._noun} '{name}' does not exist.")
