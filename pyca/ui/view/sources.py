"""What can be seen and heard of each input: its pictures and its sound level."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyca.ui.view.levels import Level
from pyca.ui.view.previews import STALE_SECONDS, Previews

UNNAMED = "default"
"""The name of the one input that ``[capture]`` describes."""


@dataclass(frozen=True)
class Source:
    """One card of the first screen: a picture, a sound level, or both."""

    label: str
    number: int | None = None
    """of its preview"""
    modified: float | None = None
    """when the picture was written"""
    stale: bool = False
    input: str = ""
    """whose sound is shown here; empty where no sound is measured"""
    level: Level | None = None

    @property
    def key(self) -> str:
        """What its words depend on. It stays the same while the picture moves and the sound changes."""
        picture = (self.modified if self.stale else "live") if self.modified is not None else "none"
        sound = "old" if self.level and self.level.stale else "live"
        return f"{self.number} {self.label} {picture} {self.input} {sound if self.level else ''}"


def gather_sources(previews: Previews, levels: Mapping[str, Level], now: float) -> tuple[Source, ...]:
    """Return the cards in the order of the previews, inputs that are only heard after them."""
    return tuple(_sources(previews, levels, now))


def _sources(previews: Previews, levels: Mapping[str, Level], now: float) -> Iterator[Source]:
    left = dict(levels)
    for file in previews.files:
        modified = previews.modified(file.number)
        stale = modified is None or now - modified > STALE_SECONDS
        # An input with two pictures has one sound, which is shown with the first.
        name = file.label if file.label in left else UNNAMED if UNNAMED in left else ""
        yield Source(file.label, file.number, modified, stale, name, left.pop(name, None))
    for name, level in left.items():
        yield Source(name, input=name, level=level)
