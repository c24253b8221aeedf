"""The store of user libraries: what scripts may import or read. Nothing here runs or imports one."""

from pathlib import Path

from pyca.core.errors import ImagingError
from pyca.folders.names import checked
from pyca.folders.store import Store

FOLDER = "lib"
"""below that of the scripts"""
ENDINGS = (".py", ".egg", ".zip", ".so", ".csv")
LARGEST = 50_000_000
"""bytes of a library"""


class Libraries(Store):
    """A folder of libraries. Thread-safe.

    :param scripts: folder of scripts, below which they are; None where none are wanted
    :param section: of the settings that name it
    """

    def __init__(self, scripts: Path | None, section: str) -> None:
        folder = scripts / FOLDER if scripts is not None else None
        super().__init__(folder, section, "library", "libraries", ENDINGS, LARGEST)

    def _file(self, name: str) -> Path:
        folder = self._wanted()
        if not self._fits(checked(name, "library")):
            raise ImagingError(
                f"Library '{name}' is none that can be kept.",
                f"Give it a name that ends in one of {', '.join(ENDINGS)}.",
            )
        return folder / name
