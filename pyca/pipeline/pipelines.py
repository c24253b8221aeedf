"""All pipelines of one server: the one facade that HTTP and the command line use."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pyca import __version__
from pyca.bsread.message import Message
from pyca.config.settings import Settings
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import ImagingError, PycaError
from pyca.folders.libraries import FOLDER, Libraries
from pyca.folders.names import checked
from pyca.folders.scripts import Scripts
from pyca.images.backgrounds import Backgrounds
from pyca.images.image import Image
from pyca.instances.desk import Desk
from pyca.instances.facts import Load
from pyca.instances.keeper import Keeper
from pyca.instances.launcher import Launcher
from pyca.instances.logs import InstanceLogs, Kept
from pyca.instances.ports import Network, Ports
from pyca.instances.running import STOP_SECONDS, Running
from pyca.kernel import choice
from pyca.pipeline.control.camera_server import CameraServer
from pyca.pipeline.control.collector import USUAL, Collector
from pyca.pipeline.control.facts import flat_figures, instance_facts, told_endings
from pyca.pipeline.control.overtime import Overtime
from pyca.pipeline.control.permanent import Permanent
from pyca.pipeline.control.places import PipelinePlaces
from pyca.pipeline.control.roster import Roster
from pyca.pipeline.control.saved import Saved
from pyca.pipeline.control.stores import Stores
from pyca.pipeline.files.configuration import Configuration, merged, parse
from pyca.pipeline.files.folder import open_folder
from pyca.pipeline.instance import jobs
from pyca.pipeline.instance.jobs import NOUN
from pyca.runtime.nursery import Nursery

logger = logging.getLogger(__name__)

__all__ = ["Created", "Message", "Pipelines", "open_pipelines"]

JOBS: Mapping[str, str] = {**jobs.JOBS, "background": "pyca.pipeline.control.collect:run"}
"""what the processes of pipelines do"""
_FILE_SECONDS = 15.0
"""that a process gets to write the rest of its file before it is killed"""
_NEITHER = "You must specify either the pipeline name or the configuration for the pipeline."

LogLines = list[list[str]]
"""[time as YYYY-mm-dd HH:MM:SS,mmm, logger, level, message]"""


@dataclass(frozen=True)
class Created:
    """An instance that was just made, or that was there already.

    :param stream: its address; the file where it writes one
    :param config: its complete configuration
    """

    id: str
    stream: str
    config: dict[str, Any]


class Pipelines(Saved, Stores):
    """The pipelines of a folder and the instances that run. Every method may be called by any thread.

    :param settings: ``[pipeline]`` says where pipelines, backgrounds and streams are
    :param clock: for the ids of backgrounds
    :param processes: functions of the processes, see :class:`pyca.runtime.nursery.Nursery`
    """

    def __init__(
        self, settings: Settings, clock: Clock | None = None, processes: Mapping[str, str] = JOBS
    ) -> None:
        pipeline = settings.pipeline
        backgrounds = Backgrounds(pipeline.backgrounds)
        cameras = CameraServer(pipeline.cameras, pipeline.token)
        Saved.__init__(self, open_folder(pipeline.directory, pipeline.backgrounds), backgrounds)
        libraries = Libraries(pipeline.scripts, NOUN)
        Stores.__init__(self, backgrounds, Scripts(pipeline.scripts, NOUN), libraries, cameras)
        self._nursery = Nursery(processes, jobs.PRELOAD)
        kept = str(pipeline.backgrounds.absolute())
        self._collector = Collector(self._nursery, cameras, kept, clock or SystemClock())
        self._desk = Desk()
        network = Network(pipeline.bind, pipeline.hostname)
        ports = Ports(pipeline.first_port, pipeline.last_port)
        places = PipelinePlaces(network, ports, pipeline.files.absolute())
        launcher: Launcher[Configuration] = Launcher(
            self._nursery, self._hear, NOUN, argument_of(settings), _stop_seconds
        )
        permanent = Permanent(pipeline.directory)
        self._roster = Roster(self, permanent, launcher, self._nursery, places)
        self._instances = self._roster.instances
        self._overtime = Overtime(self._nursery, pipeline.script_seconds)
        self._keeper = Keeper(self._look)
        self._kept = Kept()
        self._instance_logs = InstanceLogs(NOUN)
        self._load = Load()
        self._kernel = choice.load().name

    def start(self) -> None:
        """Begin, permanent instances too. Once, before anything else."""
        logging.getLogger().addHandler(self._kept)
        logger.info("Images are computed with the %s kernel", self._kernel)
        self._nursery.start()
        self._desk.start()
        self._keeper.start()

    def create(self, raw: object, id: str | None = None) -> Created:
        """Start a private instance, which everybody may change who knows its id.

        :param raw: its configuration, decoded JSON
        :param id: None for a new one
        :raises ConfigError: with all that is wrong with the configuration
        :raises BusyError: where an instance of this id runs, or no port is free
        :raises OfflineError: where its camera does not answer
        """
        if raw is None:
            raise ImagingError(_NEITHER)
        return self._created(parse(_id(id), raw), is_named=id is not None)

    def create_named(
        self,
        name: str,
        id: str | None = None,
        additional: Mapping[str, Any] | None = None,
    ) -> Created:
        """Start a private instance of a saved pipeline.

        :param additional: what shall be different from what was saved
        :raises UnknownNameError: where there is no such pipeline
        :raises PycaError: as :meth:`create`
        """
        if not name:
            raise ImagingError(_NEITHER)
        configuration = self.named(name)
        if additional:
            configuration = merged(configuration, additional, running=False)
        return self._created(configuration.renamed(_id(id)), name, is_named=id is not None)

    def shared(self, raw: object) -> Created:
        """Return a read-only instance that does as a configuration says; an equal one is used again.

        :param raw: the configuration, decoded JSON
        :raises PycaError: as :meth:`create`
        """
        if raw is None:
            raise ImagingError(_NEITHER)
        name, stream, configuration = self._roster.share(parse(str(uuid4()), raw))
        return Created(name, stream, configuration.as_json())

    def stream(self, name: str) -> str:
        """Return the address of an instance's stream; a saved pipeline of its name is started, read-only.

        :raises UnknownNameError: where there is neither
        :raises PycaError: as :meth:`create`
        """
        return self._roster.stream(name)

    def instance_info(self, name: str) -> dict[str, Any]:
        """Return the facts of an instance that runs.

        :raises UnknownNameError: where there is none; the remedy tells how it ended
        """
        return instance_facts(*self._roster.find(name))

    def instance_config(self, name: str) -> dict[str, Any]:
        """Return the complete configuration of an instance, also of one that is being started again.

        :raises UnknownNameError: where there is none
        """
        entry = self._roster.entry(name)
        if entry is None:
            raise self._roster.unknown(name)
        return entry.configuration.as_json()

    def exitcode(self, name: str) -> int | None:
        """Return the exit code of an instance that has ended, None while it runs.

        :raises UnknownNameError: where there was none
        """
        if self._roster.entry(name) is not None:
            return None
        ending = self._instances.endings.of(name)
        if ending is None:
            raise self._roster.unknown(name)
        return ending.exitcode

    def change(self, name: str, update: Mapping[str, Any]) -> dict[str, Any]:
        """Change the configuration of an instance that runs; returns the whole of it.

        :param update: only what changes
        :raises UnknownNameError: where there is none
        :raises ImagingError: where it is read-only
        :raises ConfigError: with all that is wrong
        """
        return self._roster.change(name, update).as_json()

    def message(self, name: str, timeout: float = 10.0) -> Message:
        """Return the newest message of an instance, or its first one; whoever asks counts as a listener.

        :param timeout: seconds
        :raises UnknownNameError: where there is none
        :raises SourceError: where none comes in time
        """
        running, _ = self._roster.find(name)
        running.usable()
        return running.message(timeout)

    def collect(self, camera: str, n_images: object = USUAL) -> str:
        """Return the id of a new background of a camera, once its images have come. Others do not wait.

        :param camera: its name, or an alias
        :param n_images: how many images it is the mean of
        :raises ImagingError: where that is no number
        :raises UnknownNameError: where there is no such camera
        :raises SourceError: where it delivers nothing
        :raises MachineError: where the camera server does not answer
        """
        return self._collector.collect(camera, n_images)

    def save_background(self, name: str, image: Image) -> None:
        """Keep a background under an id. Instances that subtract one of this id take it anew.

        :raises ImagingError: where the id or the image cannot be used
        """
        self._instances.apply_background(self._backgrounds.save(name, image))

    def stop(self, name: str) -> None:
        """Stop an instance; nothing happens where there is none. A permanent one is started again."""
        self._instances.stop(name)

    def stop_all(self) -> None:
        """Stop all instances. Permanent ones are started again."""
        self._roster.stop_all()

    def remove(self, name: str) -> None:
        """Stop an instance and forget all about it."""
        self._instances.stop(name)
        self._instances.endings.forget(name)
        self._instance_logs.forget(name)

    def info(self) -> dict[str, Any]:
        """Return version, active_instances, cpu, memory, tx, rx of this server.

        Also the kernel that instances compute with, and how those have ended that are over.
        """
        running = self._roster.running()
        return {
            "version": __version__,
            "active_instances": {name: instance_facts(*one) for name, one in running.items()},
            **self._load.look(),
            "kernel": self._kernel,
            "ended_instances": told_endings(self._instances.endings.everything(), running),
        }

    def heartbeat(self) -> dict[str, Any]:
        """Return version and instances, each with its figures in one level."""
        running = self._roster.running()
        return {
            "version": __version__,
            "instances": {name: flat_figures(*one) for name, one in running.items()},
        }

    def logs(self) -> LogLines:
        """Return the newest log messages of this server."""
        return self._kept.lines()

    def instance_logs(self, name: str) -> LogLines:
        """Return the newest log messages of an instance, also after it ended."""
        return self._instance_logs.lines(name)

    def close(self) -> None:
        """Stop everything. Nothing can be asked any more."""
        self._keeper.close()
        self._roster.close()
        self._nursery.close()
        self._desk.close()
        logging.getLogger().removeHandler(self._kept)
        self._instance_logs.close()

    def _created(self, configuration: Configuration, origin: str = "", *, is_named: bool) -> Created:
        try:
            stream, made = self._roster.create(configuration, origin)
        except PycaError:
            if not is_named:  # nobody knows this id
                self.remove(configuration.name)
            raise
        return Created(configuration.name, stream, made.as_json())

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
            self._overtime.look(running, now)
        self._roster.look_after()


def argument_of(settings: Settings) -> dict[str, Any]:
    """Return what the process of each instance is told beside its configuration.

    That is where the camera server is (``cameras``, ``token``) and the ``dispatcher``, the folders of
    ``backgrounds``, ``files``, ``scripts`` and ``libraries``, the last two None where none may be run;
    ``script_seconds`` and ``script_memory`` are their limits.
    """
    pipeline = settings.pipeline
    scripts = pipeline.scripts.absolute() if pipeline.scripts and pipeline.run_scripts else None
    return {
        "cameras": pipeline.cameras,
        "token": pipeline.token,
        "dispatcher": pipeline.dispatcher,
        "backgrounds": str(pipeline.backgrounds.absolute()),
        "files": str(pipeline.files.absolute()),
        "scripts": str(scripts) if scripts else None,
        "libraries": str(scripts / FOLDER) if scripts else None,
        "script_seconds": pipeline.script_seconds,
        "script_memory": pipeline.script_memory,
    }


def open_pipelines(settings: Settings, clock: Clock | None = None) -> Pipelines:
    """Return the pipelines of ``[pipeline]``, not yet started.

    :param settings: ``[pipeline]`` says where pipelines, backgrounds and streams are
    :param clock: for the ids of backgrounds
    """
    return Pipelines(settings, clock)


def _id(wanted: str | None) -> str:
    return str(uuid4()) if wanted is None else checked(wanted, "instance")


def _stop_seconds(configuration: Configuration) -> float:
    return _FILE_SECONDS if configuration.mode == "FILE" else STOP_SECONDS
