"""How loud the inputs are that are recorded now."""

from dataclasses import dataclass

from pyca.config.settings import Settings
from pyca.media import levels

STALE_SECONDS = 5.0
"""A level that is older than this is not live."""


@dataclass(frozen=True)
class Level:
    """The sound of one input.

    :param rms: level of its latest second in dB below full scale, None where unknown
    :param peak: its highest sample in dB below full scale, None where unknown
    :param at: when it was measured, in seconds since 1970 UTC
    :param stale: whether that is too long ago to be shown as live
    """

    rms: float | None
    peak: float | None
    at: float
    stale: bool


def read(settings: Settings, now: float) -> dict[str, Level]:
    """Return the levels by input; inputs that do not measure their sound, or do not run, are not in it.

    :param now: seconds since 1970 UTC
    """
    return {
        name: Level(sound.rms, sound.peak, sound.at, stale=abs(now - sound.at) > STALE_SECONDS)
        for name, sound in levels.read(settings.capture.preview_dir).items()
        if name in settings.named_inputs
    }
