"""How a stream went, as curves: drawn here, so that no script is needed, and in words beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10

from pyca.core.live import Sample
from pyca.ui.view.live_words import bit_rate

WIDTH, HEIGHT = 600, 100
"""The units in which curves are drawn."""
POINTS = 120
"""Moments that a curve is made of."""
PERIOD = 5.0
"""Seconds between two samples."""
ROWS = 12
"""of the table that says the same"""
MADE = "made here"
"""name of the curve of what the encoder makes"""

_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""What the upper edge of a graph may be, but for zeros."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """One line of a graph.

    :param number: which look it has; that of the same destination is the same in all graphs
    :param path: in the language of SVG
    :param words: what it shows
    """

    name: str
    number: int
    path: str
    words: str


@dataclass(frozen=True)
class Graph:
    """Some curves with one measure.

    :param top: what the upper edge means
    """

    name: str
    title: str
    top: str
    curves: tuple[Curve, ...]

    @property
    def words(self) -> str:
        """What all curves show."""
        return "; ".join(f"{curve.name}: {curve.words}" for curve in self.curves) or "nothing measured yet"


@dataclass(frozen=True)
class Row:
    """The figures of one moment, in the order of the table's columns."""

    at: float
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """All graphs of a time, and their table."""

    since: float
    until: float
    graphs: tuple[Graph, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def step_of(seconds: float) -> float:
    """Return how many seconds one point of a curve stands for where it covers so many."""
    return max(PERIOD, seconds / POINTS)


def health(samples: Sequence[Sample], labels: Mapping[str, str], since: float, until: float) -> Health:
    """Return the graphs of figures.

    :param samples: in the order of their moments
    :param labels: what destinations are called, by their ids
    """
    series = _series(samples)
    names = {one: MADE if not one else labels.get(one) or one for one in series}
    canvas = _Canvas(since, max(until, since + 1))
    rates = {one: [(sample.at, sample.bitrate) for sample in each] for one, each in series.items()}
    frames = {"": [(sample.at, sample.fps) for sample in series.get("", [])]}
    lost = {one: _increments(each) for one, each in series.items()}
    return Health(
        since,
        until,
        (
            canvas.graph("bitrate", "Bitrate", rates, names, bit_rate, _rate_words),
            canvas.graph("fps", "Frames per second", frames, names, lambda fps: f"{fps:g}", _frame_words),
            canvas.graph("dropped", "Dropped frames", lost, names, lambda frames: f"{frames:g}", _lost_words),
        ),
        ("Bitrate", "Frames per second", "Dropped", *(names[one] for one in series if one)),
        tuple(_rows(series)),
    )


def _series(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.destination, []).append(sample)
    return dict(sorted(found.items()))


def _increments(samples: Sequence[Sample]) -> list[Point]:
    """Return how many frames were lost from one moment to the next. A count that falls has begun anew."""
    # What was lost before the first moment belongs to the time before.
    first = [(samples[0].at, 0.0)] if samples else []
    return first + [
        (new.at, float(new.dropped - old.dropped if new.dropped >= old.dropped else new.dropped))
        for old, new in pairwise(samples)
    ]


def _rows(series: Mapping[str, Sequence[Sample]]) -> Iterable[Row]:
    made = series.get("", [])
    each = max(len(made) // ROWS, 1)
    for sample in made[::-1][::each][::-1][-ROWS:]:
        others = [_nearest(all_of, sample.at) for one, all_of in series.items() if one]
        lost = sample.dropped + sum(other.dropped for other in others if other)
        cells = [bit_rate(sample.bitrate), f"{sample.fps:.1f}", str(lost)]
        yield Row(sample.at, (*cells, *(bit_rate(other.bitrate) if other else "–" for other in others)))


def _nearest(samples: Sequence[Sample], moment: float) -> Sample | None:
    found = min(samples, key=lambda one: abs(one.at - moment), default=None)
    return found if found and abs(found.at - moment) <= 6 * PERIOD else None


def _rate_words(points: Sequence[Point]) -> str:
    rates = [rate for _, rate in points]
    return f"latest {bit_rate(rates[-1])}, between {bit_rate(min(rates))} and {bit_rate(max(rates))}"


def _frame_words(points: Sequence[Point]) -> str:
    frames = [fps for _, fps in points]
    return f"latest {frames[-1]:.1f}, between {min(frames):.1f} and {max(frames):.1f}"


def _lost_words(points: Sequence[Point]) -> str:
    lost = round(sum(count for _, count in points))
    return f"{lost} in this time" if lost else "none"


class _Canvas:
    """Turns moments and values into the units of the drawing."""

    def __init__(self, since: float, until: float) -> None:
        self._since, self._seconds = since, until - since

    def graph(
        self,
        name: str,
        title: str,
        series: Mapping[str, Sequence[Point]],
        names: Mapping[str, str],
        show: Callable[[float], str],
        words: Callable[[Sequence[Point]], str],
    ) -> Graph:
        """Return one graph. Those without a point are left out."""
        top = _round_up(max((value for each in series.values() for _, value in each), default=0.0))
        curves = tuple(
            Curve(names[one], number, self._path(each, top), words(each))
            for number, (one, each) in enumerate(series.items())
            if each
        )
        return Graph(name, title, show(top), curves)

    def _path(self, points: Sequence[Point], top: float) -> str:
        # Where nothing was measured for a while there is no line: the stream may have stood still.
        hole = 3 * step_of(self._seconds) + PERIOD
        parts = []
        last = None
        for at, value in points:
            order = "M" if last is None or at - last > hole else "L"
            x = (at - self._since) / self._seconds * WIDTH
            parts.append(f"{order}{x:.1f} {HEIGHT - value / top * HEIGHT:.1f}")
            last = at
        # A single point is a dot, which takes a line of no length.
        return " ".join(parts) if len(parts) != 1 else f"{parts[0]}h0.1"


def _round_up(value: float) -> float:
    """Return the next number that is good to read."""
    if value <= 1:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return next(unit * factor for factor in _STEPS if unit * factor >= value)
