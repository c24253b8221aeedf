"""The folder of pipelines: one file of JSON for each."""

from pathlib import Path

from pyca.folders.folder import Folder
from pyca.folders.sort import Sort
from pyca.images.backgrounds import Backgrounds
from pyca.pipeline.files.fields import Configuration
from pyca.pipeline.files.reading import parse

RESERVED = (
    "background",
    "camera",
    "config_names",
    "groups",
    "heartbeat",
    "info",
    "instance",
    "lib",
    "script",
    "version",
)
"""words that follow /pipeline/ in the addresses of the interface"""


def open_folder(path: Path, backgrounds: Path | None = None, *, create: bool = True) -> Folder[Configuration]:
    """Return the pipelines of a folder.

    :param backgrounds: folder of those that pipelines may name; None where that is not to be checked
    :param create: make the folder where it is missing, with a pipeline of the simulated camera in it, and
        log what is wrong
    :raises ImagingError: where that is impossible
    """
    kept = Backgrounds(backgrounds) if backgrounds else None
    return Folder(path, PIPELINES, kept.fault_of if kept else None, create=create)


def _unknown(name: str, file: str) -> str:
    return f"Pipeline '{name}' does not exist."


PIPELINES = Sort(
    "pipeline",
    "pipeline",
    parse,
    RESERVED,
    _unknown,
    {"simulation": {"camera_name": "simulation"}},
)
