"""What ``pyca camera`` runs: the cameras and their interface. Alone here is imported what that needs."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyca.cli.desk import Desk, work_and_serve
from pyca.cli.reading import Reader
from pyca.core.clock import Clock
from pyca.core.errors import ImagingError, MissingError
from pyca.core.states import ServiceName
from pyca.runtime.scarce import allow_many

if TYPE_CHECKING:
    from pyca.camera.cameras import Cameras
    from pyca.config.settings import Camera, Settings
    from pyca.folders.folder import Finding
    from pyca.runtime.pulse import Pulse
    from pyca.store.database import Database
    from pyca.ui.imaging.server import ImagingServer

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
"""after which the line about the cameras is made anew"""
_HOW = (
    "in pyCA's source folder: “./start.sh camera”, or “pip install '.[camera]'” in an environment of your own"
)
_OF_INTERFACE = ("port", "enabled", "authentication", "origins")
"""keys that a reload follows at once"""


def serve_cameras(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
    """Serve the cameras until SIGTERM or SIGINT. Only in the main thread.

    :raises UsageError: where the interface cannot be opened
    :raises MissingError: where a library is not installed
    :raises RunningError: where the service runs already
    """
    with needing_camera():
        from pyca.camera.cameras import open_cameras
        from pyca.ui.camera.server import camera_server

    allow_many()
    cameras = open_cameras(settings)

    def make(settings: "Settings") -> "ImagingServer":
        return camera_server(settings, database, clock, cameras)

    with ExitStack() as open_yet:

        def work(_pulse: "Pulse") -> CameraWork:
            return CameraWork(settings, cameras, clock, open_yet.close)

        cameras.start()
        open_yet.callback(cameras.close)
        desk = Desk(ServiceName.CAMERA, "The camera server's interface", settings, read, make)
        work_and_serve(desk, database, clock, work)


def check_libraries() -> None:
    """Load what the camera server needs.

    :raises MissingError: where a library is not installed
    """
    with needing_camera():
        import pyca.camera.cameras
        import pyca.ui.imaging.server  # noqa: F401


def findings_of(path: Path, backgrounds: Path | None = None) -> "list[Finding]":
    """Return what is to be said about each configuration of a folder, or about one file of it.

    :param backgrounds: folder of the images that they may subtract; None where it is not known
    :raises ImagingError: where the folder cannot be read, or the file is no camera's
    :raises MissingError: where a library is not installed
    """
    with needing_camera():
        from pyca.camera.files.folder import open_folder

    if not path.is_file():
        return open_folder(path, backgrounds, create=False).check()
    # Its aliases have to be its own among all of the folder.
    every = open_folder(path.parent, backgrounds, create=False).check()
    found = [one for one in every if one.file.name == path.name]
    if not found:
        raise ImagingError(f"“{path}” is no configuration of a camera", "name a folder, or a file NAME.json")
    return found


@contextmanager
def needing_camera() -> Iterator[None]:
    """Say how to install what a plain capture agent does without.

    :raises MissingError: where a library that is imported within is not there
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name == "pyca":
            raise
        message = f"the camera server needs “{name}”, which is not installed"
        raise MissingError(message, _HOW) from error


class CameraWork:
    """Tells how the cameras do, and ends them. A :class:`pyca.cli.desk.Worker`: they work by themselves.

    :param close: ends them
    """

    def __init__(
        self, settings: "Settings", cameras: "Cameras", clock: Clock, close: Callable[[], None]
    ) -> None:
        self._close = close
        self._settings = settings
        self._cameras = cameras
        self._clock = clock
        self._status = "no camera runs"
        self._running = 0

    def tick(self) -> float:
        """Look how the cameras do."""
        running = self._cameras.heartbeat()["instances"]
        clients = sum(int(one.get("clients") or 0) for one in running.values())
        known = len(self._cameras.names())
        self._running = len(running)
        self._status = (
            f"{self._running} of {known} cameras run, {clients} client{'' if clients == 1 else 's'}"
        )
        return self._clock.now() + _LOOK_SECONDS

    def close(self) -> None:
        """End all cameras; requests that wait for one are answered by that."""
        self._close()

    def files(self) -> tuple[()]:
        """Return nothing: the cameras have threads of their own."""
        return ()

    def busy(self) -> bool:
        """Tell whether a camera runs."""
        return self._running > 0

    def status(self) -> str:
        """Return how many cameras run, and for how many clients."""
        return self._status

    def follow(self, settings: "Settings") -> None:
        """Go on with the cameras as they are; what they were opened with stays until a restart."""
        if _of_cameras(settings.camera) != _of_cameras(self._settings.camera):
            logger.warning("Folders, bind, hostname and ports of [camera] are followed after a restart only")


def _of_cameras(camera: "Camera") -> "Camera":
    """Return a section without what concerns its interface alone."""
    from pyca.config.settings import Camera

    plain = Camera()
    return replace(camera, **{name: getattr(plain, name) for name in _OF_INTERFACE})
