"""The folder of configurations: one file of JSON for each, changed by servers and by hand."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from pyca.core.camera import ENDING
from pyca.core.errors import (
    ConfigError,
    ImagingError,
    MachineError,
    PycaError,
    UnknownNameError,
)
from pyca.folders import jsonfile
from pyca.folders.entries import Entry, look, owners, refusal_of
from pyca.folders.names import checked, shown
from pyca.folders.sort import Sort, W
from pyca.folders.writers import Writers
from pyca.media.durable import sync_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """What is to be said about one file.

    :param problems: why it cannot be used; empty where it can
    :param warnings: what is allowed and still deserves attention
    """

    file: Path
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Folder(Generic[W]):
    """All that are configured. Thread-safe; several servers may use one folder.

    Files changed by hand are noticed at the next question. A file that cannot be used hides no other.

    :param sort: what they are
    :param missing: tells what is wrong with the id of a background; None where that is not to be checked
    :param create: make the folder where it is missing, with the first ones in it, and log what is wrong
    :raises ImagingError: where that is impossible
    """

    def __init__(
        self,
        path: Path,
        sort: Sort[W],
        missing: Callable[[str], str] | None = None,
        *,
        create: bool = True,
    ) -> None:
        self._path = path
        self._sort = sort
        self._missing = missing
        self._lock = threading.RLock()
        self._writers = Writers(path)
        self._entries: dict[str, Entry[W]] = {}
        self._aliases: dict[str, str] = {}
        self._doubles: frozenset[str] = frozenset()
        self._logs = create
        if create:
            self._create()

    def names(self) -> list[str]:
        """Return all names, sorted; also of those whose file cannot be used.

        :raises ImagingError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            return list(self._entries)

    def aliases(self) -> dict[str, str]:
        """Return which name each alias means."""
        with self._lock:
            self._look()
            return dict(self._aliases)

    def groups(self) -> dict[str, list[str]]:
        """Return the names of each group, sorted."""
        found: dict[str, list[str]] = {}
        for name, configuration in self._usable():
            for group in configuration.group:
                found.setdefault(group, []).append(name)
        return dict(sorted(found.items()))

    def resolve(self, name: str) -> str:
        """Return the name that a name or alias means.

        :raises UnknownNameError: where there is none
        :raises ImagingError: where nothing can have this name
        """
        checked(name, self._sort.noun)
        with self._lock:
            self._look()
            if name in self._entries:
                return name
            if name in self._aliases:
                return self._aliases[name]
        raise self._unknown(name)

    def read(self, name: str) -> W:
        """Return a configuration, named by name or alias.

        :raises UnknownNameError: where there is none
        :raises ConfigError: with all that is wrong with it
        :raises ImagingError: where its file cannot be read or is no JSON
        """
        with self._lock:
            name = self.resolve(name)
            entry = self._entries[name]
        if entry.configuration is None:
            raise self._error(name, entry)
        return entry.configuration

    def everything(self) -> dict[str, W | PycaError]:
        """Return each configuration or what is wrong with it, with one look at the folder.

        :raises ImagingError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            entries = self._entries
        return {name: entry.configuration or self._error(name, entry) for name, entry in entries.items()}

    def save(self, name: str, raw: object) -> W:
        """Write a configuration, new or not, and return it with its defaults.

        :param name: its name or an alias of it; it becomes ``name`` in the file
        :raises ConfigError: with all that is wrong; nothing is written
        :raises ImagingError: where the name is impossible or the file cannot be written
        """
        self._check_new(name)
        with self._alone():
            name = self._aliases.get(name, name) if name not in self._entries else name
            problems = self._clashes(name, raw)
            try:
                configuration = self._sort.parse(name, raw)
            except ConfigError as error:
                wanted = raw.get("image_background") if isinstance(raw, Mapping) else None
                problems += self._without_background(wanted)
                raise ConfigError([*error.problems, *problems], error.remedy) from error
            problems += self._without_background(configuration.image_background)
            if problems:
                raise ConfigError(problems)
            jsonfile.save(self._file(name), configuration.as_json())
            return configuration

    def delete(self, name: str) -> str:
        """Delete a configuration, named by name or alias, and return its name.

        :raises UnknownNameError: where there is none
        :raises ImagingError: where it cannot be deleted
        """
        checked(name, self._sort.noun)
        with self._alone():
            try:
                name = self.resolve(name)
                self._file(name).unlink()
                sync_folder(self._path)
            except (UnknownNameError, FileNotFoundError) as error:
                raise UnknownNameError(f"Config '{name}' does not exist.") from error
            except OSError as error:
                raise MachineError(f"“{self._file(name)}” cannot be deleted: {error.strerror}.") from error
        return name

    def rename(self, old: str, new: str) -> W:
        """Give a configuration another name and return it.

        :param old: its name or alias
        :raises UnknownNameError: where there is none
        :raises ImagingError: where the new name is impossible or taken, or the file cannot be renamed
        """
        checked(old, self._sort.noun)
        self._check_new(new)
        with self._alone():
            old = self.resolve(old)
            if new in self._entries or self._aliases.get(new, old) != old:
                text = f"{self._sort.noun.capitalize()} '{new}' exists already."
                raise ImagingError(text, "Choose another name, or delete it first.")
            renamed = self.read(old).renamed(new)
            jsonfile.move(self._file(old), self._file(new), renamed.as_json())
            return renamed

    def check(self) -> list[Finding]:
        """Return what is to be said about each file, those in order included; sorted by name.

        :raises ImagingError: where the folder cannot be read
        """
        with self._lock:
            self._look()
            entries = dict(self._entries)
        having = owners(entries)
        return [self._finding(name, entry, having, entries) for name, entry in entries.items()]

    def _finding(
        self, name: str, entry: Entry[W], having: Mapping[str, list[str]], entries: Mapping[str, Entry[W]]
    ) -> Finding:
        # The file is named beside them.
        problems = [problem.removeprefix(f"“{self._file(name)}” ") for problem in entry.problems]
        if fault := refusal_of(name, self._sort.reserved):
            problems.append(f"the name {shown(name)} {fault}")
        configuration = entry.configuration
        if configuration is None:
            return Finding(self._file(name), tuple(problems))
        problems += self._without_background(configuration.image_background)
        for alias in configuration.alias:
            if alias in entries:
                problems.append(f"alias: {shown(alias)} is the name of a {self._sort.noun}")
            elif others := [owner for owner in having[alias] if owner != name]:
                problems.append(f"alias: {shown(alias)} is an alias of {', '.join(map(repr, others))} too")
        return Finding(self._file(name), tuple(problems), configuration.warnings)

    def _clashes(self, name: str, raw: object) -> list[str]:
        """Return which wanted aliases mean something else already."""
        wanted = raw.get("alias") if isinstance(raw, Mapping) else None
        aliases = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list | tuple) else []
        problems, noun = [], self._sort.noun
        for alias in aliases:
            if not isinstance(alias, str):
                continue
            if alias in self._sort.reserved:
                problems.append(f"alias: found {alias!r}, expected a name that is no word of the interface")
            elif alias in self._entries or alias == name:
                problems.append(
                    f"alias: found {shown(alias)}, which is the name of a {noun}; expected a unique one"
                )
            elif self._aliases.get(alias, name) != name:
                owner = self._aliases[alias]
                problems.append(
                    f"alias: found {shown(alias)}, an alias of {noun} {owner!r}; expected a unique one"
                )
        return problems

    def _without_background(self, wanted: object) -> list[str]:
        if not wanted or not isinstance(wanted, str) or self._missing is None:
            return []
        fault = self._missing(wanted)
        return [fault] if fault else []

    def _usable(self) -> list[tuple[str, W]]:
        with self._lock:
            self._look()
            entries = list(self._entries.items())
        return [(name, entry.configuration) for name, entry in entries if entry.configuration]

    def _look(self) -> None:
        """Read what changed since the last look."""
        found = look(self._path, self._entries, self._sort)
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
            logger.warning("Alias %r of %s stands for several: it means %r.", alias, having[alias], meant)
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
                raise ImagingError(
                    f"“{self._path}” is no folder.", f"Set [{self._sort.section}] directory to a folder."
                ) from None
            return
        except OSError as error:
            text = f"The folder of {self._sort.noun}s “{self._path}” cannot be made: {error.strerror}."
            remedy = f"Make it, or set [{self._sort.section}] directory to another one."
            raise MachineError(text, remedy) from error
        for name, raw in self._sort.first.items():
            self.save(name, raw)
        logger.info("Made the folder of %ss “%s”.", self._sort.noun, self._path)

    def _file(self, name: str) -> Path:
        return self._path / (name + ENDING)

    def _error(self, name: str, entry: Entry[W]) -> PycaError:
        return entry.fault.error() if entry.fault else self._unknown(name)

    def _unknown(self, name: str) -> UnknownNameError:
        return UnknownNameError(self._sort.unknown(name, str(self._file(name))))

    def _check_new(self, name: str) -> None:
        """Check a name that is to be given."""
        noun = self._sort.noun
        checked(name, noun)
        if fault := refusal_of(name, self._sort.reserved):
            raise ImagingError(f"The {noun}'s name {shown(name)} {fault}.", "Choose another name.")


def _tell(file: Path, entry: Entry[W], before: Entry[W] | None) -> None:
    """Log what is to be said about a file that changed, once."""
    said = before.findings if before else ()
    for finding in entry.findings:
        if finding not in said:
            logger.warning("“%s”: %s", file, finding.removeprefix(f"“{file}” "))
