"""What users keep in the pipeline server: backgrounds, scripts, libraries."""

from pyca.folders.libraries import Libraries
from pyca.folders.scripts import KeepsScripts, Scripts
from pyca.images.backgrounds import Backgrounds
from pyca.images.image import Image
from pyca.pipeline.control.camera_server import CameraServer


class Stores(KeepsScripts):
    """Backgrounds, scripts and libraries. Thread-safe.

    :param cameras: knows the names behind the aliases of cameras
    """

    def __init__(
        self, backgrounds: Backgrounds, scripts: Scripts, libraries: Libraries, cameras: CameraServer
    ) -> None:
        super().__init__(scripts)
        self._backgrounds = backgrounds
        self._libraries = libraries
        self._cameras = cameras

    def cameras(self) -> list[str]:
        """Return the names of all cameras, asked from the camera server.

        :raises MachineError: where that does not answer, or refuses
        """
        return self._cameras.names()

    def latest_background(self, camera: str) -> str:
        """Return the id of the newest background of a camera, named by name or alias.

        :raises ImagingError: where it has none
        """
        found = self.backgrounds(camera)
        return found[-1] if found else self._backgrounds.latest(camera)

    def backgrounds(self, camera: str = "") -> list[str]:
        """Return the ids of a camera's backgrounds, the oldest first; without a camera all of them."""
        found = self._backgrounds.names(camera)
        if found or not camera:
            return found
        return self._backgrounds.names(self._cameras.meant(camera))

    def background(self, name: str) -> Image:
        """Return a background by its id: (height, width), read-only.

        :raises ImagingError: where there is none, or its file is no image
        """
        return self._backgrounds.read(name)

    def lib_names(self) -> list[str]:
        """Return the names of the user libraries.

        :raises ImagingError: where no folder for scripts is configured; as for all about libraries
        """
        return self._libraries.names()

    def lib(self, name: str) -> bytes:
        """Return a user library.

        :raises ImagingError: where there is none of this name
        """
        return self._libraries.read_bytes(name)

    def save_lib(self, name: str, data: bytes) -> None:
        """Keep a user library. Instances take it when they start, or where they are told to reload.

        :raises ImagingError: where the name cannot be used
        """
        self._libraries.save_bytes(name, data)

    def delete_lib(self, name: str) -> None:
        """Delete a user library.

        :raises ImagingError: where there is none of this name
        """
        self._libraries.delete(name)
