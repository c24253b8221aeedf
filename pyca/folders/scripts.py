"""The store of user scripts: texts that are kept for others. Nothing here runs one."""

from pathlib import Path

from pyca.core.errors import ImagingError
from pyca.folders.names import checked
from pyca.folders.store import Store

ENDING = ".py"
LARGEST = 1_000_000
"""bytes of a script"""


class Scripts(Store):
    """A folder of scripts. Thread-safe.

    :param folder: made when the first script is saved; None where no scripts are wanted
    :param section: of the settings that name it
    """

    def __init__(self, folder: Path | None, section: str) -> None:
        super().__init__(folder, section, "script", "scripts", (ENDING,), LARGEST)

    def read(self, name: str) -> str:
        """Return a script.

        :param name: with or without its ending
        :raises ImagingError: where there is none of this name, or it cannot be read
        """
        data = self.read_bytes(name)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ImagingError(
                f"“{self._file(name)}” is no text in UTF-8: see byte {error.start}."
            ) from error

    def save(self, name: str, text: str) -> str:
        """Keep a script and return its name with the ending.

        :raises ImagingError: where the name is impossible, the text too long, or it cannot be written
        """
        # What is wrong with the name comes first.
        self._file(name)
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ImagingError(f"Script '{name}' is no text: see letter {error.start}.") from error
        return self.save_bytes(name, data)

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


class KeepsScripts:
    """What a server says of the scripts that it keeps for users. Thread-safe."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def script_names(self) -> list[str]:
        """Return the names of the user scripts.

        :raises ImagingError: where no folder for scripts is configured; as for all about scripts
        """
        return self._scripts.names()

    def script(self, name: str) -> str:
        """Return a user script.

        :raises ImagingError: where there is none of this name
        """
        return self._scripts.read(name)

    def save_script(self, name: str, text: str) -> None:
        """Keep a user script. Cameras run none; pipelines take it when they start, or are told to reload it.

        :raises ImagingError: where the name cannot be used
        """
        self._scripts.save(name, text)

    def delete_script(self, name: str) -> None:
        """Delete a user script.

        :raises ImagingError: where there is none of this name
        """
        self._scripts.delete(name)
