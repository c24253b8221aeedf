"""The folder of configurations: one file of JSON for each camera, changed by servers and by hand."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pyca.camera.files import jsonfile
from pyca.camera.files.backgrounds import Backgrounds, missing
from pyca.camera.files.configuration import Configuration, parse
from pyca.camera.files.entries import RESERVED, Entry, look, owners, refusal_of
from pyca.camera.files.names import checked, shown
from pyca.camera.files.writers import Writers
from pyca.core.camera import ENDING
from pyca.core.errors import (
    CameraError,
    CameraMachineError,
    ConfigError,
    PycaError,
    UnknownCameraError,
)
from pyca.media.durable import sync_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """What is to be said about one file.

    :param problems: why its camera cannot be used; empty where it can
    :param warnings: what is allowed and still deserves attention
    """

    file: Path
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Folder:
    """All cameras that are configured. Thread-safe; several servers may use one folder.

    Files changed by hand are noticed at the next question. A file that cannot be used hides no other.

    :param backgrounds: folder of those that cameras may name; None where that is not to be checked
    :param create: make the folder where it is missing, with a simulated camera in it, and log what is wrong
    :raises CameraError: where that is impossible
    """

    def __init__(self, path: Path, backgrounds: Path | None = None, *, create: bool = True) -> None:
        self._path = path
        self._backgrounds = Backgrounds(backgrounds) if backgrounds else None
        self._lock = threading.RLock()
        self._writers = Writers(path)
        self._entries: dict[str, Entry] = {}
        self._aliases: dict[str, str] = {}
        self._doubles: frozenset[str] = frozenset()
        self._logs = create
        if create:
            self._create()

    def names(self) -> list[str]:
        """Return the names of all cameras, sorted; also of those whose file cannot be used.

        :raises CameraError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            return list(self._entries)

    def aliases(self) -> dict[str, str]:
        """Return which camera each alias means."""
        with self._lock:
            self._look()
            return dict(self._aliases)

    def groups(self) -> dict[str, list[str]]:
        """Return the cameras of each group, sorted."""
        found: dict[str, list[str]] = {}
        for name, configuration in self._usable():
            for group in configuration.group:
                found.setdefault(group, []).append(name)
        return dict(sorted(found.items()))

    def resolve(self, name: str) -> str:
        """Return the name of the camera that a name or alias means.

        :raises UnknownCameraError: where there is none
        :raises CameraError: where no camera can have this name
        """
        checked(name, "camera")
        with self._lock:
            self._look()
            if name in self._entries:
                return name
            if name in self._aliases:
                return self._aliases[name]
        raise self._unknown(name)

    def read(self, name: str) -> Configuration:
        """Return the configuration of a camera, named by name or alias.

        :raises UnknownCameraError: where there is none
        :raises ConfigError: with all that is wrong with it
        :raises CameraError: where its file cannot be read or is no JSON
        """
        with self._lock:
            name = self.resolve(name)
            entry = self._entries[name]
        if entry.configuration is None:
            raise self._error(name, entry)
        return entry.configuration

    def everything(self) -> dict[str, Configuration | PycaError]:
        """Return the configuration of each camera or what is wrong with it, with one look at the folder.

        :raises CameraError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            entries = self._entries
        return {name: entry.configuration or self._error(name, entry) for name, entry in entries.items()}

    def save(self, name: str, raw: object) -> Configuration:
        """Write the configuration of a camera, new or not, and return it with its defaults.

        :param name: its name or an alias of it; it becomes ``name`` in the file
        :raises ConfigError: with all that is wrong; nothing is written
        :raises CameraError: where the name is impossible or the file cannot be written
        """
        _writable(name)
        with self._alone():
            name = self._aliases.get(name, name) if name not in self._entries else name
            problems = self._clashes(name, raw) + self._without_background(raw)
            try:
                configuration = parse(name, raw)
            except ConfigError as error:
                raise ConfigError([*error.problems, *problems], error.remedy) from error
            if problems:
                raise ConfigError(problems)
            jsonfile.save(self._file(name), configuration.as_json())
            return configuration

    def delete(self, name: str) -> str:
        """Delete the configuration of a camera, named by name or alias, and return the camera's name.

        :raises UnknownCameraError: where there is none
        :raises CameraError: where it cannot be deleted
        """
        checked(name, "camera")
        with self._alone():
            try:
                name = self.resolve(name)
                self._file(name).unlink()
                sync_folder(self._path)
            except (UnknownCameraError, FileNotFoundError) as error:
                raise UnknownCameraError(f"Config '{name}' does not exist.") from error
            except OSError as error:
                raise CameraMachineError(
                    f"“{self._file(name)}” cannot be deleted: {error.strerror}."
                ) from error
        return name

    def rename(self, old: str, new: str) -> Configuration:
        """Give a camera another name and return its configuration.

        :param old: its name or alias
        :raises UnknownCameraError: where there is none
        :raises CameraError: where the new name is impossible or taken, or the file cannot be renamed
        """
        checked(old, "camera")
        _writable(new)
        with self._alone():
            old = self.resolve(old)
            if new in self._entries or self._aliases.get(new, old) != old:
                raise CameraError(
                    f"Camera '{new}' exists already.", "Choose another name, or delete it first."
                )
            configuration = self.read(old)
            aliases = tuple(alias for alias in configuration.alias if alias != new)
            renamed = replace(configuration, name=new, alias=aliases)
            jsonfile.move(self._file(old), self._file(new), renamed.as_json())
            return renamed

    def check(self) -> list[Finding]:
        """Return what is to be said about each file, those in order included; sorted by name.

        :raises CameraError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            entries = dict(self._entries)
        having = owners(entries)
        return [self._finding(name, entry, having, entries) for name, entry in entries.items()]

    def _finding(
        self, name: str, entry: Entry, having: Mapping[str, list[str]], entries: Mapping[str, Entry]
    ) -> Finding:
        # The file is named beside them.
        problems = [problem.removeprefix(f"“{self._file(name)}” ") for problem in entry.problems]
        if fault := refusal_of(name):
            problems.append(f"the name {shown(name)} {fault}")
        configuration = entry.configuration
        if configuration is None:
            return Finding(self._file(name), tuple(problems))
        problems += self._without_background({"image_background": configuration.image_background})
        for alias in configuration.alias:
            if alias in entries:
                problems.append(f"alias: {shown(alias)} is the name of a camera")
            elif others := [owner for owner in having[alias] if owner != name]:
                problems.append(f"alias: {shown(alias)} is an alias of {', '.join(map(repr, others))} too")
        return Finding(self._file(name), tuple(problems), configuration.warnings)

    def _clashes(self, name: str, raw: object) -> list[str]:
        """Return which wanted aliases mean something else already."""
        wanted = raw.get("alias") if isinstance(raw, Mapping) else None
        aliases = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list | tuple) else []
        problems = []
        for alias in aliases:
            if not isinstance(alias, str):
                continue
            if alias in RESERVED:
                problems.append(f"alias: found {alias!r}, expected a name that is no word of the interface")
            elif alias in self._entries or alias == name:
                problems.append(
                    f"alias: found {shown(alias)}, which is the name of a camera; expected a unique one"
                )
            elif self._aliases.get(alias, name) != name:
                owner = self._aliases[alias]
                problems.append(
                    f"alias: found {shown(alias)}, an alias of camera {owner!r}; expected a unique one"
                )
        return problems

    def _without_background(self, raw: object) -> list[str]:
        wanted = raw.get("image_background") if isinstance(raw, Mapping) else None
        if not wanted or not isinstance(wanted, str) or self._backgrounds is None:
            return []
        return [] if self._backgrounds.has(wanted) else [missing(wanted)]

    def _usable(self) -> list[tuple[str, Configuration]]:
        with self._lock:
            self._look()
            entries = list(self._entries.items())
        return [(name, entry.configuration) for name, entry in entries if entry.configuration]

    def _look(self) -> None:
        """Read what changed since the last look."""
        found = look(self._path, self._entries)
        if found != self._entries:
            if self._logs:
                for name, entry in found.items():
                    _tell(self._file(name), entry, self._entries.get(name))
            self._entries = found
            self._settle_aliases()

    def _settle_aliases(self) -> None:
        having = owners(self._entries)
        self._aliases = {alias: names[0] for alias, names in having.items() if alias not in self._entries}
        doubles = frozenset(
            alias for alias, names in having.items() if len(names) > 1 or alias in self._entries
        )
        for alias in sorted(doubles - self._doubles if self._logs else ()):
            meant = alias if alias in self._entries else having[alias][0]
            logger.warning(
                "Alias %r of %s stands for several cameras: it means %r.", alias, having[alias], meant
            )
        self._doubles = doubles

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and servers from writing, not from reading, and look at what they wrote."""
        with self._writers.alone():
            with self._lock:
                self._look()
            yield

    def _create(self) -> None:
        try:
            self._path.mkdir(parents=True)
        except FileExistsError:
            if not self._path.is_dir():
                raise CameraError(
                    f"“{self._path}” is no folder.", "Set [camera] directory to a folder."
                ) from None
            return
        except OSError as error:
            text = f"The folder of cameras “{self._path}” cannot be made: {error.strerror}."
            raise CameraMachineError(text, "Make it, or set [camera] directory to another one.") from error
        self.save("simulation", {"source": "simulation", "source_type": "simulation"})
        logger.info("Made the folder of cameras “%s” with a simulated one in it.", self._path)

    def _file(self, name: str) -> Path:
        return self._path / (name + ENDING)

    def _error(self, name: str, entry: Entry) -> PycaError:
        return entry.fault.error() if entry.fault else self._unknown(name)

    def _unknown(self, name: str) -> UnknownCameraError:
        file = self._file(name)
        return UnknownCameraError(f"Unable to load config '{name}'. Config file '{file}' does not exist.")


def _writable(name: str) -> None:
    checked(name, "camera")
    if fault := refusal_of(name):
        raise CameraError(f"The camera's name {shown(name)} {fault}.", "Choose another name.")


def _tell(file: Path, entry: Entry, before: Entry | None) -> None:
    """Log what is to be said about a file that changed, once."""
    said = before.findings if before else ()
    for finding in entry.findings:
        if finding not in said:
            logger.warning("“%s”: %s", file, finding.removeprefix(f"“{file}” "))
