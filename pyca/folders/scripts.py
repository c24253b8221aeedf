"""The store of user scripts: texts that are kept for others. Nothing here runs one."""

import os
from pathlib import Path

from pyca.core.errors import ImagingError, MachineError, UnknownNameError
from pyca.folders.names import checked
from pyca.media.durable import sync_folder, write_durably
from pyca.runtime.files import read_regular

ENDING = ".py"
LARGEST = 1_000_000
"""bytes of a script"""


class Scripts:
    """A folder of scripts. Thread-safe.

    :param folder: made when the first script is saved; None where no scripts are wanted
    :param section: of the settings that name it
    """

    def __init__(self, folder: Path | None, section: str) -> None:
        self._folder = folder
        self._section = section

    def names(self) -> list[str]:
        """Return the names of all scripts with their ending, sorted.

        :raises ImagingError: where no scripts are wanted, or the folder cannot be read
        """
        folder = self._wanted()
        try:
            return sorted(name for name in os.listdir(folder) if name.endswith(ENDING) and name[0] != ".")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MachineError(
                f"The folder of scripts “{folder}” cannot be read: {error.strerror}."
            ) from error

    def read(self, name: str) -> str:
        """Return a script.

        :param name: with or without its ending
        :raises ImagingError: where there is none of this name, or it cannot be read
        """
        file = self._file(name)
        try:
            return read_regular(file, LARGEST).decode("utf-8")
        except FileNotFoundError as error:
            raise self._unknown(name) from error
        except OSError as error:
            raise MachineError(f"“{file}” cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise ImagingError(f"“{file}” is no text in UTF-8: see byte {error.start}.") from error

    def save(self, name: str, text: str) -> str:
        """Keep a script and return its name with the ending.

        :raises ImagingError: where the name is impossible, the text too long, or it cannot be written
        """
        file = self._file(name)
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ImagingError(f"Script '{name}' is no text: see letter {error.start}.") from error
        if len(data) > LARGEST:
            raise ImagingError(f"A script of {len(data)} bytes is too large, {LARGEST} are allowed.")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(file, data)
        except OSError as error:
            remedy = "Free some space, or let the server write to its folder."
            raise MachineError(f"“{file}” cannot be written: {error.strerror}.", remedy) from error
        return file.name

    def delete(self, name: str) -> None:
        """Delete a script.

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

    def _wanted(self) -> Path:
        if self._folder is None:
            raise ImagingError("No scripts are kept here.", f"Set [{self._section}] scripts to a folder.")
        return self._folder

    def _file(self, name: str) -> Path:
        folder = self._wanted()
        name = checked(name, "script")
        if name.endswith(ENDING):
            return folder / name
        if "." in name:
            raise ImagingError(
                f"Script '{name}' is none of Python.", f"Give it a name that ends in {ENDING}."
            )
        return folder / (name + ENDING)

    def _unknown(self, name: str) -> UnknownNameError:
        return UnknownNameError(f"Requested script '{name}' does not exist.")
