"""Collecting what is wrong with a configuration, so that everything is told at once."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyca.config.locate import Location


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return “; did you mean …?” where a known word resembles ``word``, else nothing."""
    spelled = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), spelled, n=1, cutoff=0.6)
    return f"; did you mean “{spelled[close[0]]}”?" if close else ""


def shorten(text: str, limit: int = 60) -> str:
    """Return ``text`` on one line and short enough to be quoted in a message."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


@dataclass
class Report:
    """The mistakes and warnings found so far.

    :param file: the configuration file, None where there is none
    :param lines: where the file holds what
    """

    file: Path | None = None
    lines: Mapping[Location, int] = field(default_factory=dict)
    variables: dict[Location, str] = field(default_factory=dict)
    """keys that the environment sets, with the name of the variable"""
    _problems: list[tuple[int, str]] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)

    def error(self, location: Location, message: str) -> None:
        """Note a mistake at a section or key."""
        line = 0 if location in self.variables else self._line(location)
        self._problems.append((line, f"{self.place(location)}: {message}"))

    def error_at(self, line: int, message: str) -> None:
        """Note a mistake on a line that is neither section nor key."""
        self._problems.append((line, f"{self.file}:{line}: {message}"))

    def error_in(self, variable: str, message: str) -> None:
        """Note a mistake in an environment variable."""
        self._problems.append((0, f"{variable}: {message}"))

    def warn(self, message: str) -> None:
        """Note what is legal and still deserves the operator's attention."""
        self._warnings.append(message)

    def warn_at(self, location: Location, message: str) -> None:
        """Note a warning about a section or key."""
        self.warn(f"{self.place(location)}: {message}")

    def place(self, location: Location) -> str:
        """Return where a section or key was set: ``etc/pyca.conf:12: ui.port`` or a variable's name."""
        if location in self.variables:
            return self.variables[location]
        name = ".".join(location)
        line = self._line(location)
        if self.file is None:
            return name
        return f"{self.file}:{line}: {name}" if line else f"{self.file}: {name}"

    def _line(self, location: Location) -> int:
        """Return the line of a key, or of the section that lacks it, or 0."""
        for depth in range(len(location), 0, -1):
            if line := self.lines.get(location[:depth]):
                return line
        return 0

    @property
    def problems(self) -> list[str]:
        """Every mistake, in the order of the file."""
        return [message for _, message in sorted(self._problems, key=lambda problem: problem[0])]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning, in the order found."""
        return tuple(self._warnings)
