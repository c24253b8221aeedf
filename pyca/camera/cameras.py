"""All cameras of one server: the one facade that HTTP and the command line use."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from numpy.typing import NDArray

from pyca import __version__
from pyca.camera.files.configuration import Configuration
from pyca.camera.files.folder import open_folder
from pyca.camera.prober import Prober
from pyca.config.settings import Settings
from pyca.core.errors import ImagingError, PycaError, SourceError
from pyca.folders.scripts import KeepsScripts, Scripts
from pyca.images.backgrounds import Backgrounds
from pyca.images.snapshot import Snapshot
from pyca.instances.desk import Desk
from pyca.instances.facts import Load, flat_figures, instance_facts
from pyca.instances.instances import Instances
from pyca.instances.keeper import Keeper
from pyca.instances.launcher import Launcher
from pyca.instances.logs import InstanceLogs, Kept
from pyca.instances.newest import newest_frames
from pyca.instances.places import Places
from pyca.instances.ports import Network, Ports
from pyca.instances.running import EndedError, Running, unpacked
from pyca.runtime.channel import close_files
from pyca.runtime.nursery import Nursery

__all__ = ["Cameras", "Snapshot", "open_cameras"]

NOUN = "camera"
JOBS: Mapping[str, str] = {
    "instance": "pyca.camera.instance.instance:run",
    "probe": "pyca.camera.instance.probe:run",
}
"""what the processes of cameras do"""
_PRELOAD = ("bitshuffle", "lz4.block", "numpy.random")
"""what many cameras import when they are opened, which takes longer than all the rest of a start"""

_FIRST_FRAME_SECONDS = 2.0
"""for a camera that tells the size of its images only with them"""

LogLines = list[list[str]]
"""[time as YYYY-mm-dd HH:MM:SS,mmm, logger, level, message]"""


class Cameras(KeepsScripts):
    """The cameras of a folder and the instances that run. Every method may be called by any thread.

    A name may be an alias everywhere.

    :param settings: ``[camera]`` says where cameras, backgrounds and streams are
    :param jobs: functions of the processes, see :class:`pyca.runtime.nursery.Nursery`
    """

    def __init__(self, settings: Settings, jobs: Mapping[str, str] = JOBS) -> None:
        camera = settings.camera
        super().__init__(Scripts(camera.scripts, NOUN))
        backgrounds = str(camera.backgrounds.absolute())
        self._backgrounds = Backgrounds(camera.backgrounds)
        self._folder = open_folder(camera.directory, camera.backgrounds)
        self._nursery = Nursery(jobs, _PRELOAD)
        self._prober = Prober(self._nursery, backgrounds)
        self._desk = Desk()
        network = Network(camera.bind, camera.hostname)
        places = Places(network, Ports(camera.first_port, camera.last_port), camera.sockets, both=True)
        launcher: Launcher[Configuration] = Launcher(
            self._nursery, self._hear, NOUN, {"backgrounds": backgrounds}
        )
        self._instances = Instances(
            self._folder.read, launcher, self._nursery, places, noun=NOUN, written=self._folder.everything
        )
        self._keeper = Keeper(self._look)
        self._kept = Kept()
        self._instance_logs = InstanceLogs(NOUN)
        self._load = Load()

    def start(self) -> None:
        """Begin. Once, before anything else."""
        logging.getLogger().addHandler(self._kept)
        self._nursery.start()
        self._desk.start()
        self._keeper.start()

    def names(self) -> list[str]:
        """Return the names of all cameras, sorted."""
        return self._folder.names()

    def aliases(self) -> dict[str, str]:
        """Return the name behind each alias."""
        return self._folder.aliases()

    def groups(self) -> dict[str, list[str]]:
        """Return the names of each group's cameras."""
        return self._folder.groups()

    def config(self, name: str) -> dict[str, Any]:
        """Return a camera's complete configuration.

        :raises UnknownNameError: where there is none of this name
        """
        return self._folder.read(name).as_json()

    def everything(self) -> dict[str, dict[str, Any] | PycaError]:
        """Return each camera's complete configuration or what is wrong with it; looks at the folder once."""
        return {
            name: found if isinstance(found, PycaError) else found.as_json()
            for name, found in self._folder.everything().items()
        }

    def save(self, name: str, raw: object) -> dict[str, Any]:
        """Save a configuration and have it applied where the camera runs; returns it with its defaults.

        :raises ConfigError: with all that is wrong
        """
        known = self._folder.aliases().get(name, name)
        configuration = self._folder.save(known, raw)
        self._instances.apply(configuration.name, configuration)
        return configuration.as_json()

    def delete(self, name: str) -> None:
        """Delete a configuration; the camera is stopped.

        :raises UnknownNameError: where there is none of this name
        """
        self._instances.stop(self._folder.delete(name))

    def rename(self, old: str, new: str) -> None:
        """Give a camera another name; it is stopped.

        :raises UnknownNameError: where there is none of the old name
        :raises ConfigError: where the new name cannot be used
        """
        known = self._folder.resolve(old)
        self._folder.rename(known, new)
        self._instances.stop(known)

    def stream(self, name: str) -> str:
        """Return the address of a camera's stream; it is started where it does not run.

        :raises UnknownNameError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises BusyError: where no port is free, or the machine has no room for a process
        """
        return self._instances.stream(self._folder.resolve(name)).shown

    def local(self, name: str) -> str:
        """Return where the stream of a camera that runs is as well, for programs of this machine; or nothing.

        :raises UnknownNameError: where there is none of this name
        """
        running = self._instances.find(self._folder.resolve(name))
        return running.address.beside if running is not None else ""

    def online(self, name: str) -> tuple[bool, str]:
        """Tell whether a camera answers, and why it does not.

        :raises UnknownNameError: where there is none of this name
        """
        known = self._folder.resolve(name)
        running = self._instances.find(known)
        if running is not None:
            return running.online, "" if running.online else running.why
        try:
            self._probe(known, "online")
        except SourceError as error:
            return False, error.message
        return True, ""

    def geometry(self, name: str) -> tuple[int, int]:
        """Return width and height of the images that a camera's stream has.

        :raises UnknownNameError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        """
        known = self._folder.resolve(name)
        running = self._instances.find(known)
        if running is not None:
            # One that ends meanwhile is asked as one that does not run.
            with suppress(EndedError):
                return running.size() or _size_of(running.snapshot(raw=False, timeout=_FIRST_FRAME_SECONDS))
        answer, _ = self._probe(known, "geometry")
        width, height = answer["geometry"]
        return width, height

    def snapshot(self, name: str, *, raw: bool = False, timeout: float = 10.0) -> Snapshot:
        """Return the next image of a camera, whether it runs or not.

        :param raw: as the camera delivers it, before everything that its configuration does to it
        :param timeout: seconds
        :raises UnknownNameError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises SourceError: where it delivers no image in time, or garbage
        """
        known = self._folder.resolve(name)
        running = self._instances.find(known)
        if running is not None:
            with suppress(EndedError):
                return running.snapshot(raw=raw, timeout=timeout)
        answer, files = self._probe(known, "snapshot", raw=raw, timeout=timeout)
        try:
            return unpacked(answer, files)
        finally:
            close_files(files)

    def frames(self, name: str) -> AbstractContextManager[Iterator[Snapshot]]:
        """Return the images of a camera's stream from now on, the newest ones; counts as one client.

        The iterator ends where the camera was stopped or nothing came for five seconds.

        :raises UnknownNameError: where there is none of this name
        :raises OfflineError: where the camera does not answer
        :raises BusyError: as :meth:`stream`
        """
        known = self._folder.resolve(name)
        address = self._instances.stream(known).local
        return newest_frames(address, lambda: self._instances.is_over(known))

    def stop(self, name: str) -> None:
        """Stop a camera's instance; nothing happens where none runs or the name is unknown."""
        self._instances.stop(self._known(name))

    def stop_all(self) -> None:
        """Stop all instances."""
        self._instances.stop_all()

    def remove(self, name: str) -> None:
        """Stop a camera's instance and forget all about it."""
        known = self._known(name)
        self._instances.stop(known)
        self._instance_logs.forget(known)

    def info(self) -> dict[str, Any]:
        """Return version, active_instances, cpu, memory, tx, rx of this server."""
        running = self._instances.running()
        return {
            "version": __version__,
            "active_instances": {name: instance_facts(one) for name, one in sorted(running.items())},
            **self._load.look(),
        }

    def heartbeat(self) -> dict[str, Any]:
        """Return version and instances, each with its figures in one level."""
        running = self._instances.running()
        return {
            "version": __version__,
            "instances": {name: flat_figures(one) for name, one in sorted(running.items())},
        }

    def logs(self) -> LogLines:
        """Return the newest log messages of this server."""
        return self._kept.lines()

    def instance_logs(self, name: str) -> LogLines:
        """Return the newest log messages of a camera's instance, also after it ended."""
        return self._instance_logs.lines(self._known(name))

    def background(self, name: str, image: NDArray[Any]) -> None:
        """Keep a background image under a name.

        :raises ConfigError: where the name or the image cannot be used
        """
        self._instances.apply_background(self._backgrounds.save(name, image))

    def close(self) -> None:
        """Stop everything. Nothing can be asked any more."""
        self._keeper.close()
        self._instances.close()
        self._nursery.close()
        self._desk.close()
        logging.getLogger().removeHandler(self._kept)
        self._instance_logs.close()

    def _hear(self, running: Running[Configuration]) -> None:
        def ended() -> None:
            running.note_end()
            self._keeper.call()

        self._desk.add(running.ward.channel, running.hear, ended)

    def _look(self) -> None:
        """Look after all that runs. For the keeper's thread."""
        now = time.monotonic()
        self._load.measure(now)
        for running in self._instances.running().values():
            running.measure(now)
        self._instances.look_after()

    def _known(self, name: str) -> str:
        """Return a camera's name, or the given one where nobody knows it any more."""
        try:
            return self._folder.resolve(name)
        except ImagingError:
            return name

    def _probe(
        self, name: str, what: str, *, raw: bool = False, timeout: float = 0.0
    ) -> tuple[dict[str, Any], list[int]]:
        return self._prober.ask(self._folder.read(name), what, raw=raw, timeout=timeout)


def _size_of(snapshot: Snapshot) -> tuple[int, int]:
    height, width = snapshot.image.shape
    return width, height


def open_cameras(settings: Settings) -> Cameras:
    """Return the cameras of ``[camera]``, not yet started.

    :param settings: ``[camera]`` says where cameras, backgrounds and streams are
    """
    return Cameras(settings)
