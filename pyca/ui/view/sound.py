"""Sound levels as they are shown: in words, and as lengths of a bar."""

from dataclasses import dataclass

from pyca.config.settings import Health
from pyca.ui.view.levels import Level

LOWEST = -60.0
"""dB at the left end of the bar; the right end is full scale."""
STEPS = 600
"""Length of the whole bar, in its own units."""
PEAK_WIDTH = 3


@dataclass(frozen=True)
class Meter:
    """A level as it is shown."""

    words: str
    look: str
    """class: “bad” where somebody has to act, “old” where nothing is measured any more"""
    width: int
    peak: int
    """place of the peak mark"""


def meter(level: Level, health: Health) -> Meter:
    """Return a level in words and lengths.

    :param health: from when on sound counts as missing or too loud
    """
    if level.stale or level.rms is None:
        return Meter("not measured", "old", 0, -9)
    peak_level = level.rms if level.peak is None else level.peak
    width, peak = _length(level.rms), min(_length(peak_level), STEPS - PEAK_WIDTH)
    if level.rms <= health.silence_level:
        return Meter("no sound", "bad", width, peak)
    if peak_level >= health.clipping_level:
        return Meter("too loud", "bad", width, peak)
    return Meter(f"{level.rms:.0f} dB".replace("-", "−"), "", width, peak)


def _length(level: float) -> int:
    share = (min(max(level, LOWEST), 0.0) - LOWEST) / -LOWEST
    return round(share * STEPS)
