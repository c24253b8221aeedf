"""A row of the table: what was measured, beside the figures to beat."""

import shutil
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure.

    :param existing: what the best-known existing programs reach, in words
    :param target: what the median must not exceed, None where nothing was promised
    :param worst_target: the same for the worst sample
    :param unit: of targets and samples
    :param reason: why there are no samples
    :param at_least: the target is what the median must reach, such as requests per second
    """

    what: str
    existing: str
    target: float | None
    unit: str
    samples: tuple[float, ...] = ()
    worst_target: float | None = None
    reason: str = ""
    at_least: bool = False

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def worst(self) -> float:
        """The sample farthest from nothing: a command may be too early. The least of what should be much."""
        return min(self.samples) if self.at_least else max(self.samples, key=abs)

    @property
    def ratio(self) -> float | None:
        """Median divided by target, or the other way round: 1 or less is as promised."""
        if not self.samples or not self.target or not self.median:
            return 0.0 if self.samples and self.target and not self.at_least else None
        return self.target / self.median if self.at_least else abs(self.median) / self.target

    def as_dict(self) -> dict[str, Any]:
        found = asdict(self)
        if self.samples:
            found |= {"median": self.median, "worst": self.worst, "ratio": self.ratio}
        return found

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the table's columns."""
        goals = [show(goal) for goal in (self.target, self.worst_target) if goal is not None]
        goal = f"{'≥ ' if self.at_least else ''}{' / '.join(goals)} {self.unit}" if goals else "–"
        if not self.samples:
            return self.what, self.existing, goal, f"not measured: {self.reason}", "–"
        several = f" / {show(self.worst)}" if len(self.samples) > 1 else ""
        measured = f"{show(self.median)}{several} {self.unit}"
        return self.what, self.existing, goal, measured, "–" if self.ratio is None else f"{self.ratio:.2f}"


HEADER = ("what", "existing", "target", "measured: median / worst", "ratio")


def missing(name: str, reason: str) -> Row:
    """Return the row of something that could not be measured."""
    return Row(name, "–", None, "", reason=reason)


def show(value: float) -> str:
    """Return a number with three digits that matter."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"


def print_table(rows: list[Row]) -> None:
    """Print all rows, columns aligned."""
    table = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(HEADER))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in table
    ]
    rule = "-|-".join("-" * width for width in widths)
    limit = None if shutil.get_terminal_size((0, 0)).columns == 0 else 400
    for line in (lines[0], rule, *lines[1:]):
        print(line.rstrip()[:limit])
