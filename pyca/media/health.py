"""What can be wrong with a signal, and the filters by which the recorder's own FFmpeg tells it.

A capture command sends each stream through one chain into nothing and its standard output into a file::

    … -map 0:v -vf {{picture_health}} -f null - -map 0:a -af {{sound_health}} -f null -

There, every second of picture and of sound leaves a few short lines, see :mod:`pyca.media.judge`.
"""

from dataclasses import dataclass

from pyca.config.settings import Health
from pyca.core.alarm import AlarmKind

SECOND = 48_000
"""samples per examined second of sound"""
_RATE = 0.99
"""seconds between two examined pictures; a little less than one, as timestamps are rounded"""
# Two backslashes reach FFmpeg: one for the filter's options, one for the graph. With one, FFmpeg 5 would
# silently write a file called “pipe”. Unbuffered, as an alarm must not wait for a full buffer.
_PRINT = r"mode=print:file=pipe\\:1:direct=1"


@dataclass(frozen=True)
class Fault:
    """One fault of a signal. It is equal to itself as long as it lasts."""

    kind: AlarmKind
    detail: str
    """a sentence without end mark, for the operator"""


def picture_filters(health: Health) -> str:
    """Return the filter chain for a picture, as it stands in argv.

    It examines one picture a second, or each one that is decoded where those are fewer.
    """
    chain = [
        # Unlike “fps”, this needs not wait for the next picture, which may be a keyframe interval away.
        rf"select=isnan(prev_selected_t)+gte(t-prev_selected_t\,{_RATE})+lt(t\,prev_selected_t)",
        # Averaging would remove the noise by which a camera's still picture differs from a frozen one.
        "scale=160:-2:flags=neighbor",
    ]
    if health.black_seconds > 0:
        chain.append(f"blackdetect=d=0:pix_th={_plain(health.black_level)}")
    if health.frozen_seconds > 0:
        chain.append(f"freezedetect=n={_plain(health.frozen_level)}dB:d={_plain(health.frozen_seconds)}")
    # FFmpeg would fill the gaps up to the original frame rate and report the copies as its own: hence “fps”.
    return ",".join([*chain, "metadata=mode=add:key=seen:value=1", f"metadata={_PRINT}", "fps=1"])


def sound_filters(health: Health) -> str:
    """Return the filter chain for sound, as it stands in argv. It examines every sample."""
    chain = [f"aresample={SECOND}", f"asetnsamples=n={SECOND}"]
    if health.silence_seconds > 0:
        chain.append(f"silencedetect=n={_plain(health.silence_level)}dB:d={_plain(health.silence_seconds)}")
    levels = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level"
    return ",".join([*chain, levels, f"ametadata={_PRINT}"])


def _plain(number: float) -> str:
    """Return a number without an exponent, which FFmpeg's durations do not know."""
    return f"{number:.6f}".rstrip("0").rstrip(".")
