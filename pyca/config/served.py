"""Which folders may be served to browsers: none with what is nobody's business."""

from collections.abc import Iterator
from pathlib import Path

from pyca.config.addresses import database_file
from pyca.config.settings import Settings


def why_not_served(settings: Settings, folder: Path) -> str:
    """Return what speaks against serving a folder, empty where nothing does.

    :param folder: ``[live] docroot``
    """
    top = folder.resolve()
    for words, file in _files(settings):
        if file.resolve().is_relative_to(top):
            return f"it holds {words} {file}"
    for words, other in (("streamer", settings.live.directory), ("recordings", settings.capture.directory)):
        real = other.resolve()
        if real.is_relative_to(top) or top.is_relative_to(real):
            return f"it has files in common with the folder of the {words}, {other}"
    return ""


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.file is not None:
        yield "the configuration", settings.file
    # Not by the database's library: a plain stream has no database, and shall not load what opens one.
    database = database_file(settings.agent.database)
    if database is not None:
        yield "the database", database
