"""What the processes of the camera server and of the pipeline server have in common."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pyca.cli.desk import Desk, Server, work_and_serve
from pyca.cli.reading import Reader
from pyca.core.clock import Clock
from pyca.core.errors import ImagingError, MissingError
from pyca.core.states import ServiceName
from pyca.runtime.scarce import allow_many

if TYPE_CHECKING:
    from pyca.config.imaging import Camera, Pipeline
    from pyca.config.settings import Settings
    from pyca.folders.folder import Finding, Folder
    from pyca.runtime.pulse import Pulse
    from pyca.store.database import Database

logger = logging.getLogger(__name__)

_OWN_ENVIRONMENT = "“pip install '.[camera]'” in an environment of your own"
_LOOK_SECONDS = 5.0
"""after which the line about the instances is made anew"""
_OF_INTERFACE = ("port", "enabled", "authentication", "origins")
"""keys that a reload follows at once"""


class Facade(Protocol):
    """The cameras or the pipelines of one server."""

    def start(self) -> None:
        """Begin."""

    def close(self) -> None:
        """End all instances."""

    def names(self) -> list[str]:
        """Return what is configured."""

    def heartbeat(self) -> dict[str, Any]:
        """Return version and instances, each with its figures in one level."""


def serve_images(
    name: ServiceName,
    facade: Facade,
    settings: "Settings",
    read: Reader,
    database: "Database",
    clock: Clock,
    make: "Callable[[Settings], Server]",
) -> None:
    """Serve cameras or pipelines until SIGTERM or SIGINT. Only in the main thread.

    :param name: of the service, and of its section
    :param make: returns a server of the interface that was not started
    :raises UsageError: where the interface cannot be opened
    :raises RunningError: where the service runs already
    """
    allow_many()
    with ExitStack() as open_yet:

        def work(_pulse: "Pulse") -> ImagingWork:
            return ImagingWork(name, settings, facade, clock, open_yet.close)

        begun = False

        def begin(settings: "Settings") -> Server:
            nonlocal begun
            if not begun:
                # Not earlier: where another one runs already, nothing that it writes to may be touched.
                facade.start()
                open_yet.callback(facade.close)
                begun = True
            return make(settings)

        desk = Desk(name, f"The {name} server's interface", settings, read, begin)
        work_and_serve(desk, database, clock, work)


def findings_in(
    path: Path, open_folder: "Callable[..., Folder[Any]]", noun: str, backgrounds: Path | None
) -> "list[Finding]":
    """Return what is to be said about each configuration of a folder, or about one file of it.

    :param open_folder: as that of the cameras
    :param noun: what a configuration is one of
    :param backgrounds: folder of the images that they may subtract; None where it is not known
    :raises ImagingError: where the folder cannot be read, or the file is no configuration
    """
    if not path.is_file():
        return open_folder(path, backgrounds, create=False).check()
    # Its aliases have to be its own among all of the folder.
    every = open_folder(path.parent, backgrounds, create=False).check()
    found = [one for one in every if one.file.name == path.name]
    if not found:
        raise ImagingError(f"“{path}” is no configuration of a {noun}", "name a folder, or a file NAME.json")
    return found


@contextmanager
def needing(noun: str) -> Iterator[None]:
    """Say how to install what a plain capture agent does without.

    :param noun: camera or pipeline: whose server needs it
    :raises MissingError: where a library that is imported within is not there
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == "pyca":
            raise
        how = f"in pyCA's source folder: “./start.sh {noun}”, or {_OWN_ENVIRONMENT}"
        raise MissingError(f"the {noun} server needs “{library}”, which is not installed", how) from error


class ImagingWork:
    """Tells how the instances do, and ends them. A :class:`pyca.cli.desk.Worker`: they work by themselves.

    :param name: of the service, and of its section
    :param close: ends them
    """

    def __init__(
        self,
        name: ServiceName,
        settings: "Settings",
        facade: Facade,
        clock: Clock,
        close: Callable[[], None],
    ) -> None:
        self._name = name
        self._close = close
        self._settings = settings
        self._facade = facade
        self._clock = clock
        self._status = f"no {name} runs"
        self._running = 0

    def tick(self) -> float:
        """Look how the instances do."""
        running = self._facade.heartbeat()["instances"]
        clients = sum(int(one.get("clients") or 0) for one in running.values())
        self._running = len(running)
        if self._name is ServiceName.CAMERA:
            told = f"{self._running} of {len(self._facade.names())} cameras run"
        else:
            # There are private ones beside those that are saved.
            told = "1 pipeline runs" if self._running == 1 else f"{self._running} pipelines run"
        self._status = f"{told}, {clients} client{'' if clients == 1 else 's'}"
        return self._clock.now() + _LOOK_SECONDS

    def close(self) -> None:
        """End all instances; requests that wait for one are answered by that."""
        self._close()

    def files(self) -> tuple[()]:
        """Return nothing: the instances are looked after by threads of their own."""
        return ()

    def busy(self) -> bool:
        """Tell whether an instance runs."""
        return self._running > 0

    def status(self) -> str:
        """Return how many instances run, and for how many clients."""
        return self._status

    def follow(self, settings: "Settings") -> None:
        """Go on with the instances as they are; what they were opened with stays until a restart."""
        before, after = (_opened(getattr(one, self._name)) for one in (self._settings, settings))
        if before != after:
            kept = ", ".join(_OF_INTERFACE)
            logger.warning("What [%s] has beside %s is followed after a restart only", self._name, kept)


def _opened(section: "Camera | Pipeline") -> "Camera | Pipeline":
    """Return a section without what concerns its interface alone."""
    usual = type(section)()
    return replace(section, **{name: getattr(usual, name) for name in _OF_INTERFACE})
