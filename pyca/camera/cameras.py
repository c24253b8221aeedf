"""All cameras of one server: the one facade that HTTP and the command line use."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from numpy.typing import NDArray

from pyca.camera.snapshot import Snapshot
from pyca.config.settings import Settings
from pyca.core.clock import Clock

__all__ = ["Cameras", "Snapshot", "open_cameras"]

LogLines = list[list[str]]
"""[time as YYYY-mm-dd HH:MM:SS,mmm, logger, level, message]"""


class Cameras:
    """The cameras of a folder and the instances that run. Every method may be called by any thread.

    A name may be an alias everywhere.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def start(self) -> None:
        """Begin. Once, before anything else."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """Return the names of all cameras, sorted."""
        raise NotImplementedError

    def aliases(self) -> dict[str, str]:
        """Return the name behind each alias."""
        raise NotImplementedError

    def groups(self) -> dict[str, list[str]]:
        """Return the names of each group's cameras."""
        raise NotImplementedError

    def config(self, name: str) -> dict[str, Any]:
        """Return a camera's complete configuration.

        :raises UnknownCameraError: where there is none of this name
        """
        raise NotImplementedError

    def save(self, name: str, raw: object) -> dict[str, Any]:
        """Save a configuration and have it applied where the camera runs; returns it with its defaults.

        :raises ConfigError: with all that is wrong
        """
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete a configuration; the camera is stopped.

        :raises UnknownCameraError: where there is none of this name
        """
        raise NotImplementedError

    def rename(self, old: str, new: str) -> None:
        """Give a camera another name; it is stopped.

        :raises UnknownCameraError: where there is none of the old name
        :raises ConfigError: where the new name cannot be used
        """
        raise NotImplementedError

    def stream(self, name: str) -> str:
        """Return the address of a camera's stream; it is started where it does not run.

        :raises UnknownCameraError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises CameraBusyError: where no port is free, or the machine has no room for a process
        """
        raise NotImplementedError

    def online(self, name: str) -> tuple[bool, str]:
        """Tell whether a camera answers, and why it does not.

        :raises UnknownCameraError: where there is none of this name
        """
        raise NotImplementedError

    def geometry(self, name: str) -> tuple[int, int]:
        """Return width and height of the images that a camera's stream has.

        :raises UnknownCameraError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        """
        raise NotImplementedError

    def snapshot(self, name: str, *, raw: bool = False, timeout: float = 10.0) -> Snapshot:
        """Return the next image of a camera, whether it runs or not.

        :param raw: as the camera delivers it, before everything that its configuration does to it
        :param timeout: seconds
        :raises UnknownCameraError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises SourceError: where it delivers no image in time, or garbage
        """
        raise NotImplementedError

    def frames(self, name: str) -> AbstractContextManager[Iterator[Snapshot]]:
        """Return the images of a camera's stream from now on, the newest ones; counts as one client.

        The iterator ends where the stream has ended or nothing came for five seconds.

        :raises UnknownCameraError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises CameraBusyError: as :meth:`stream`
        """
        raise NotImplementedError

    def stop(self, name: str) -> None:
        """Stop a camera's instance; nothing happens where none runs or the name is unknown."""
        raise NotImplementedError

    def stop_all(self) -> None:
        """Stop all instances."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Stop a camera's instance and forget all about it."""
        raise NotImplementedError

    def info(self) -> dict[str, Any]:
        """Return version, active_instances, cpu, memory, tx, rx of this server."""
        raise NotImplementedError

    def heartbeat(self) -> dict[str, Any]:
        """Return version and instances, each with its figures in one level."""
        raise NotImplementedError

    def state(self, name: str) -> dict[str, Any]:
        """Return the facts of a camera's instance; is_stream_active is false where none runs.

        :raises UnknownCameraError: where there is no camera of this name
        """
        raise NotImplementedError

    def logs(self) -> LogLines:
        """Return the newest log messages of this server."""
        raise NotImplementedError

    def instance_logs(self, name: str) -> LogLines:
        """Return the newest log messages of a camera's instance, also after it ended."""
        raise NotImplementedError

    def background(self, name: str, image: NDArray[Any]) -> None:
        """Keep a background image under a name.

        :raises ConfigError: where the name or the image cannot be used
        """
        raise NotImplementedError

    def script_names(self) -> list[str]:
        """Return the names of the user scripts.

        :raises CameraError: where no folder for scripts is configured; as for all about scripts
        """
        raise NotImplementedError

    def script(self, name: str) -> str:
        """Return a user script.

        :raises CameraError: where there is none of this name
        """
        raise NotImplementedError

    def save_script(self, name: str, text: str) -> None:
        """Keep a user script; nothing runs it.

        :raises CameraError: where the name cannot be used
        """
        raise NotImplementedError

    def delete_script(self, name: str) -> None:
        """Delete a user script.

        :raises CameraError: where there is none of this name
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop everything. Nothing can be asked any more."""
        raise NotImplementedError


def open_cameras(settings: Settings, clock: Clock) -> Cameras:
    """Return the cameras of ``[camera]``, not yet started.

    :param settings: ``[camera] directory``, ``backgrounds``, ``scripts``, ``bind``, ``hostname``, ports, ``sockets``
    """
    return Cameras(settings, clock)
