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


def feed_output(profile: Profile | None, socket: Path, before: Sequence[str] = ()) -> list[str]:
    """Return FFmpeg's words for an output to the streamer.

    :param profile: how it is encoded; None where the recorder's pictures are H.264 and are copied
    :param socket: where the streamer listens, or will
    :param before: the command's words that stand before. Where they end with ``-map`` and what it takes, that
        is sent; else the pictures of the first input and the sound of the first that has some.
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
        f"{PROTOCOL}:{socket}",
    ]


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
    """Return the maps for a command that has none: FFmpeg chooses nothing by itself for a queue."""
    inputs = [place for place, word in enumerate(before) if word == "-i"]
    sound = 0
    for number, (begin, end) in enumerate(itertools.pairwise([0, *inputs])):
        options = before[begin:end]
        formats = {value for word, value in itertools.pairwise(options) if word == "-f"}
        made = "lavfi" in formats and _MADE_SOUND.match("".join(before[end + 1 : end + 2]))
        if formats & _SOUND or made:
            sound = number
            break
    return ["-map", "0:v:0", "-map", f"{sound}:a:0?"]
