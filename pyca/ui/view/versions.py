"""What pyCA runs on: versions of programs and libraries, asked once and remembered."""

import os
import platform
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media import abilities
from pyca.media.ffmpeg import find_ffmpeg

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_LICENCE = 60


@dataclass(frozen=True)
class Library:
    """A library that is used."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True)
class Ffmpeg:
    """The FFmpeg that would record."""

    path: str
    version: str
    trouble: str = ""
    """why there is none, in words"""


class Versions:
    """Remembers what does not change while this process runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ffmpeg: tuple[tuple[Path, int] | None, Ffmpeg] | None = None

    @property
    def python(self) -> str:
        """The version of Python."""
        return platform.python_version()

    @cached_property
    def sqlalchemy(self) -> str:
        """The version of SQLAlchemy."""
        return metadata.version("SQLAlchemy")

    @cached_property
    def libraries(self) -> tuple[Library, ...]:
        """What pyCA needs and what is there of its extras, in alphabetic order."""
        found = {name.lower(): library for name in _required() if (library := _library(name))}
        return tuple(found[name] for name in sorted(found))

    def ffmpeg(self) -> Ffmpeg:
        """Return the FFmpeg that is found now; its version is asked again only where the file changed."""
        try:
            path = find_ffmpeg(os.environ)
            key = (path, path.stat().st_mtime_ns)
        except MediaError as error:
            return Ffmpeg("", "", f"{error}.")
        except OSError as error:
            return Ffmpeg("", "", f"{error}.")
        with self._lock:
            if self._ffmpeg is None or self._ffmpeg[0] != key:
                try:
                    self._ffmpeg = (key, Ffmpeg(str(path), abilities.version(path)))
                except MediaError as error:
                    self._ffmpeg = (key, Ffmpeg(str(path), "", f"{error}."))
            return self._ffmpeg[1]


def _required() -> list[str]:
    """Return the names of what pyCA's package asks for; from its source folder, of what it imports."""
    try:
        lines = metadata.requires("pyca") or []
    except metadata.PackageNotFoundError:
        lines = list(_IMPORTED)
    return [
        name[0]
        for line in lines
        if "extra == 'test'" not in line.replace('"', "'") and (name := _NAME.match(line))
    ]


_IMPORTED = (
    "alembic", "click", "configobj", "Flask", "gunicorn", "icalendar", "imageio-ffmpeg", "Jinja2",
    "prometheus-client", "psutil", "psycopg", "pycurl", "python-dateutil", "recurring-ical-events",
    "sdnotify", "SQLAlchemy", "waitress", "Werkzeug",
)  # fmt: skip


def _library(name: str) -> Library | None:
    try:
        facts = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    return Library(facts["Name"], facts["Version"], _licence(facts))


def _licence(facts: metadata.PackageMetadata) -> str:
    """Return a licence in few words; older packages put the whole text there, or only a classifier."""
    named = next((str(facts[key]) for key in ("License-Expression", "License") if key in facts), "")
    if named and len(named) <= _LONGEST_LICENCE and "\n" not in named and named.upper() != "UNKNOWN":
        return named
    classified = [one for one in facts.get_all("Classifier") or () if one.startswith("License ::")]
    return ", ".join(one.rpartition(" :: ")[2] for one in classified) or "not named"
