"""The folder of cameras: one file of JSON for each."""

from pathlib import Path

from pyca.camera.files.configuration import Configuration, parse
from pyca.folders.folder import Folder
from pyca.folders.sort import Sort
from pyca.images.backgrounds import Backgrounds

RESERVED = ("aliases", "background", "config_names", "groups", "heartbeat", "info", "script", "version")
"""words that follow /cam/ in the addresses of the interface"""


def open_folder(path: Path, backgrounds: Path | None = None, *, create: bool = True) -> Folder[Configuration]:
    """Return the cameras of a folder.

    :param backgrounds: folder of those that cameras may name; None where that is not to be checked
    :param create: make the folder where it is missing, with a simulated camera in it, and log what is wrong
    :raises ImagingError: where that is impossible
    """
    kept = Backgrounds(backgrounds) if backgrounds else None
    return Folder(path, CAMERAS, kept.fault_of if kept else None, create=create)


def _unknown(name: str, file: str) -> str:
    return f"Unable to load config '{name}'. Config file '{file}' does not exist."


CAMERAS = Sort(
    "camera",
    "camera",
    parse,
    RESERVED,
    _unknown,
    {"simulation": {"source": "simulation", "source_type": "simulation"}},
)
