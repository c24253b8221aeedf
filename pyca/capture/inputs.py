"""Which inputs an event wants, and what that means in files and words of a command line."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pyca.capture.feeds import NO_FEEDS, Passing, fed, feeds_of
from pyca.config.feeds import feeds_in
from pyca.config.settings import Input, Settings
from pyca.core.event import Event
from pyca.core.live import Profile
from pyca.core.naming import recording_name, safe_name
from pyca.media.health import picture_filters, sound_filters
from pyca.runtime.command import Place, build_argv, fill, needs

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One input of one event: what to run, and which files of which flavor it leaves.

    :param name: the input's name
    """

    name: str
    input: Input
    folder: Path
    base: str
    preview_dir: Path
    filters: Mapping[str, str]
    """what a command may hold to measure its own signal, by placeholder"""
    feeds: Mapping[str, Passing]
    """what a command may hold to pass on what it records to the stream, by placeholder"""
    cameras: str = ""
    """address of the camera server"""
    container: str = ""
    """file ending of what is delivered, empty where that is what was recorded"""

    @property
    def self_ending(self) -> bool:
        """True where the command is told its length and so ends by itself."""
        return needs(self.input.command, "time")

    @property
    def feeding(self) -> bool:
        """True where the command passes on what it records to the stream."""
        return fed(self.input.command, self.feeds)

    def argv(self, part: int, seconds: float) -> list[str]:
        """Return the command line of a part.

        :param seconds: how long it is to record
        :raises CommandError: where the command cannot be read
        """
        values = {**self._values(part, seconds), **self.filters}
        # A length that stands before one output counts for that one alone: a second would never end.
        length = values["time"] if self.self_ending else ""
        places: dict[str, Place] = {name: partial(passing, length) for name, passing in self.feeds.items()}
        for name, camera in feeds_in(self.input.command).items():
            places[name] = partial(_read, camera.words(self.cameras))
        return build_argv(self.input.command, values, places)

    def files(self, part: int) -> tuple[Path, ...]:
        """Return the files that a part writes, in the order of the flavors."""
        values = self._values(part, 0)
        return tuple(Path(fill(file, values)).absolute() for file in self.input.files)

    def previews(self, part: int) -> tuple[Path, ...]:
        """Return the preview pictures that a part writes again and again."""
        values = self._values(part, 0)
        return tuple(Path(fill(file, values)).absolute() for file in self.input.preview)

    def health_file(self, part: int) -> Path | None:
        """Return where the command reports on its signal; None where it does not."""
        if not any(needs(self.input.command, name) for name in self.filters):
            return None
        return self.folder / f"{safe_name(self.name)}-{part}.health"

    def log_file(self, part: int) -> Path:
        """Return where the command's messages go: beside the recording."""
        return self.folder / f"{safe_name(self.name)}-{part}.log"

    def within(self, folder: Path) -> "Job":
        """Return the same in another folder."""
        return replace(self, folder=folder)

    def without_feed(self) -> "Job":
        """Return the same, which passes on nothing."""
        return replace(self, feeds=NO_FEEDS)

    def make_folders(self) -> None:
        """Make the folders that the command writes to.

        :raises OSError: where that is not allowed or the disk is full
        """
        for folder in {self.folder, self.preview_dir, *(file.parent for file in self.files(1))}:
            folder.mkdir(parents=True, exist_ok=True)

    def _values(self, part: int, seconds: float) -> Mapping[str, str]:
        # The first part has the plain name that scripts of existing installations expect.
        name = self.base if part == 1 else f"{self.base}-part{part}"
        return {
            "time": str(max(round(seconds), 1)),
            "dir": str(self.folder),
            "name": name,
            "previewdir": str(self.preview_dir),
        }


def folder_of(settings: Settings, event: Event) -> Path:
    """Return the folder of an event's recording."""
    return settings.capture.directory / recording_name(event.uid, event.start)


def fallback_of(settings: Settings, folder: Path) -> Path | None:
    """Return the folder that takes what has no room in a recording's own one."""
    fallback = settings.capture.fallback_directory
    return fallback / folder.name if fallback else None


def jobs_everywhere(settings: Settings, event: Event, folder: Path) -> list[Job]:
    """Return what is to be run for an event, in its folder and again in the fallback, where one is set."""
    here, spare = jobs(settings, event, folder), fallback_of(settings, folder)
    return [*here, *(job.within(spare) for job in here)] if spare else here


def jobs(settings: Settings, event: Event, folder: Path, profile: Profile | None = None) -> list[Job]:
    """Return what is to be run for an event: the inputs that it names, or all.

    :param profile: how the stream is encoded; by default as the configuration says
    """
    available = settings.named_inputs
    unknown = [name for name in event.inputs if name not in available]
    if unknown:
        logger.warning(
            "“%s” asks for unknown inputs: %s; configured are: %s",
            event.title,
            ", ".join(unknown),
            ", ".join(available),
        )
    # Its folder keeps its name wherever the event is moved meanwhile, and so do its files.
    base = folder.name
    filters = {
        "picture_health": picture_filters(settings.health),
        "sound_health": sound_filters(settings.health),
    }
    return [
        Job(
            name=name,
            input=source,
            folder=folder,
            base=f"{base}-{safe_name(name)}" if settings.inputs else base,
            preview_dir=settings.capture.preview_dir,
            filters=filters,
            feeds=feeds_of(settings, event, profile),
            cameras=settings.camera.address,
            container=settings.capture.container,
        )
        for name, source in settings.inputs_for(event.inputs).items()
    ]


def _read(words: list[str], before: list[str]) -> list[str]:
    return [*before, *words]
