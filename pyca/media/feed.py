"""The second output of a recorder's FFmpeg: what it records goes to the streamer as well.

The recording never suffers by it. A thread of its own sends; whatever it cannot send in time is left out, and
it tries again every other second, for ever, whether anybody listens or not.
"""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from pyca.core.live import Profile
from pyca.media.h264 import SOFTWARE, picture_filters, picture_options, sound_options

ENCODERS = frozenset({"aac"})
"""what an FFmpeg has to have, also where pictures are copied"""
MUXERS = frozenset({"fifo", "flv"})
PROTOCOL = "unix"
_AVC = "7"
"""FLV's name for H.264: the one that a container such as MP4 gives it means nothing there"""
_PAUSE = 2
"""seconds between two tries: each that fails leaves a line in the recorder's log"""
_QUEUE = 60
"""frames of pictures and sound that wait, nearly a second of them"""
_PATIENCE = 500_000
"""microseconds after which a streamer that takes nothing is hung up on: a recording's end waits for it"""
_SOUND = frozenset({"alsa", "pulse", "jack", "oss", "sndio"})
"""formats of inputs that hold sound alone"""
_MADE_SOUND = re.compile(r"\s*(?:\[[^]]*\]\s*)?(?:sine|anullsrc|aevalsrc|anoisesrc|amovie)\b")
"""beginning of what FFmpeg makes itself where it is sound"""


def feed_output(
    profile: Profile | None, socket: Path, before: Sequence[str] = (), length: str = ""
) -> list[str]:
    """Return FFmpeg's words for an output to the streamer.

    :param profile: how it is encoded; None where the recorder's pictures are H.264 and are copied
    :param socket: where the streamer listens, or will
    :param before: the command's words that stand before. Where they end with ``-map`` and what it takes, that
        is sent; else the pictures of the first input that is more than sound, and the sound of the first
        that is no more.
    :param length: seconds after which it ends, empty for never: FFmpeg ends with the last of its outputs
    """
    own = _own_maps(before)
    made = any(name.startswith("[") for name in own)
    pictures = ["-c:v", "copy", "-tag:v", _AVC] if profile is None else _encoded(profile, filtered=not made)
    return [
        *([] if own else _maps(before)),
        *pictures,
        *sound_options(filtered=not made),
        # Encoders cannot know that FLV, hidden behind the queue, wants their parameters once.
        *("-flags", "+global_header"),
        *("-f", "fifo", "-fifo_format", "flv", "-queue_size", str(_QUEUE), "-drop_pkts_on_overflow", "1"),
        *("-attempt_recovery", "1", "-recover_any_error", "1", "-recovery_wait_time", str(_PAUSE)),
        *("-format_opts", f"flvflags=no_duration_filesize:rw_timeout={_PATIENCE}"),
        *_limit(length),
        f"{PROTOCOL}:{socket}",
    ]


def unsent(maps: Sequence[str], length: str = "") -> list[str]:
    """Return the words that stand for an output to the streamer where nothing is passed on.

    :param maps: those directly before it that choose what is passed on
    :param length: as in :func:`feed_output`
    """
    # FFmpeg refuses to begin where what a filter makes goes nowhere.
    made = [word for name in _own_maps(maps) if name.startswith("[") for word in ("-map", name)]
    return [*made, *_limit(length), "-f", "null", "-"] if made else []


def _limit(length: str) -> list[str]:
    return ["-t", length] if length else []


def _encoded(profile: Profile, *, filtered: bool) -> list[str]:
    filters = ["-vf", picture_filters(profile.size, profile.fps)] if filtered else []
    return [*filters, *picture_options(profile, SOFTWARE)]


def _own_maps(before: Sequence[str]) -> list[str]:
    """Return what the words directly before the output map to it."""
    found: list[str] = []
    end = len(before)
    while end >= 2 and before[end - 2] == "-map":
        found.append(before[end - 1])
        end -= 2
    return found


def _maps(before: Sequence[str]) -> list[str]:
    """Return the maps for a command that has none: FFmpeg chooses nothing by itself for a queue.

    What is not there is left out: one map without a stream ends FFmpeg, and the recording with it.
    """
    inputs = [place for place, word in enumerate(before) if word == "-i"]
    spans = itertools.pairwise([0, *inputs])
    heard = [_is_sound(before[begin:end], "".join(before[end + 1 : end + 2])) for begin, end in spans]
    pictures = heard.index(False) if False in heard else 0
    sound = heard.index(True) if True in heard else pictures
    return ["-map", f"{pictures}:v:0?", "-map", f"{sound}:a:0?"]


def _is_sound(options: Sequence[str], name: str) -> bool:
    """Tell whether an input surely is sound alone.

    :param options: the words before it
    """
    formats = {value for word, value in itertools.pairwise(options) if word == "-f"}
    return bool(formats & _SOUND or ("lavfi" in formats and _MADE_SOUND.match(name)))
