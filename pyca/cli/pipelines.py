"""What ``pyca pipeline`` runs: the pipelines and their interface. Alone here is imported what that needs."""

from pathlib import Path
from typing import TYPE_CHECKING

from pyca.cli.imaging_work import findings_in, needing, serve_images
from pyca.cli.reading import Reader
from pyca.core.clock import Clock
from pyca.core.states import ServiceName

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.folders.folder import Finding
    from pyca.store.database import Database
    from pyca.ui.imaging.server import ImagingServer


def serve_pipelines(settings: "Settings", read: Reader, database: "Database", clock: Clock) -> None:
    """Serve the pipelines until SIGTERM or SIGINT. Only in the main thread.

    :raises UsageError: where the interface cannot be opened
    :raises MissingError: where a library is not installed
    :raises RunningError: where the service runs already
    """
    with needing("pipeline"):
        from pyca.pipeline.pipelines import open_pipelines
        from pyca.ui.pipeline.server import pipeline_server

    pipelines = open_pipelines(settings, clock)

    def make(settings: "Settings") -> "ImagingServer":
        return pipeline_server(settings, database, clock, pipelines)

    serve_images(ServiceName.PIPELINE, pipelines, settings, read, database, clock, make)


def check_libraries() -> None:
    """Load what the pipeline server needs.

    :raises MissingError: where a library is not installed
    """
    with needing("pipeline"):
        import pyca.pipeline.pipelines
        import pyca.ui.imaging.server  # noqa: F401


def findings_of(path: Path, backgrounds: Path | None = None) -> "list[Finding]":
    """Return what is to be said about each pipeline of a folder, or about one file of it.

    :param backgrounds: folder of the images that they may subtract; None where it is not known
    :raises ImagingError: where the folder cannot be read, or the file is no pipeline's
    :raises MissingError: where a library is not installed
    """
    with needing("pipeline"):
        from pyca.pipeline.files.folder import open_folder

    return findings_in(path, open_folder, "pipeline", backgrounds)
