"""The backgrounds of cameras: images in files of NumPy's NPY format, which are never deleted."""

import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pyca.core.errors import ImagingError, MachineError, UnknownNameError
from pyca.folders.names import checked, fault_of
from pyca.images.image import Image
from pyca.images.npy import from_npy, limited
from pyca.media.durable import write_durably
from pyca.runtime.files import read_regular

ENDING = ".npy"
LARGEST = 2**28
"""bytes of a file"""
_MOMENT = r"_\d{8}_\d{6}_\d{6}"


class Backgrounds:
    """A folder of backgrounds. Thread-safe. Messages refer to them by id, so nothing here deletes one.

    :param folder: made when the first background is saved
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self, camera: str, image: Image, seconds: float) -> str:
        """Save a background that was just taken and return its id.

        :param image: (height, width)
        :param seconds: since 1970 UTC
        """
        return self.save(background_id(camera, seconds), image)

    def save(self, name: str, image: Image) -> str:
        """Save a background under an id and return that.

        :param image: (height, width)
        :raises ImagingError: where the id or the image is impossible, or the file cannot be written
        """
        checked(name, "background")
        file = io.BytesIO()
        np.save(file, limited(image), allow_pickle=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_durably(self._file(name), file.getvalue())
        except OSError as error:
            remedy = "Free some space, or let the server write to its folder."
            raise MachineError(
                f"“{self._file(name)}” cannot be written: {error.strerror}.", remedy
            ) from error
        return name

    def read(self, name: str) -> Image:
        """Return a background: (height, width), read-only.

        :raises ImagingError: where there is none of this id, or its file is no image
        """
        checked(name, "background")
        try:
            data = read_regular(self._file(name), LARGEST)
        except FileNotFoundError as error:
            raise UnknownNameError(missing(name)) from error
        except OSError as error:
            raise MachineError(f"“{self._file(name)}” cannot be read: {error.strerror}.") from error
        try:
            return from_npy(data)
        except ImagingError as error:
            raise ImagingError(f"“{self._file(name)}”: {error.message}", error.remedy) from error

    def has(self, name: str) -> bool:
        """Tell whether there is one of this id."""
        return not fault_of(name) and self._file(name).exists()

    def fault_of(self, name: str) -> str:
        """Return what is said where there is none of this id; empty where there is."""
        return "" if self.has(name) else missing(name)

    def names(self, camera: str = "") -> list[str]:
        """Return the ids of a camera's backgrounds, the oldest first; without a camera all of them, sorted.

        :raises ImagingError: where the folder cannot be read
        """
        try:
            files = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MachineError(f"The folder “{self._folder}” cannot be read: {error.strerror}.") from error
        names = [file.removesuffix(ENDING) for file in files if file.endswith(ENDING) and file[0] != "."]
        own = re.compile(re.escape(camera) + _MOMENT)
        return sorted(name for name in names if not camera or own.fullmatch(name))

    def latest(self, camera: str) -> str:
        """Return the id of a camera's newest background.

        :raises ImagingError: where it has none
        """
        names = self.names(camera)
        if not names:
            raise UnknownNameError(f"No background matches for the specified prefix '{camera}'.")
        return names[-1]

    def _file(self, name: str) -> Path:
        return self._folder / (name + ENDING)


def missing(name: str) -> str:
    """Return what is said where there is no background of an id."""
    return f"Requested background '{name}' does not exist."


def background_id(camera: str, seconds: float) -> str:
    """Return the id of a background, by which those of a camera are sorted by time.

    :param seconds: since 1970 UTC
    """
    return f"{camera}_{datetime.fromtimestamp(seconds, UTC):%Y%m%d_%H%M%S_%f}"
