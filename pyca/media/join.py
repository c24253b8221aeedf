"""Join the parts of an interrupted recording, without encoding anything again."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.copy import copy_streams
from pyca.media.ffmpeg import Tools
from pyca.media.probe import RECORDED, Probe, measure, probe
from pyca.media.run import limit_for
from pyca.media.streams import Stream

_TOLERANCE = 0.2
"""seconds per joint; 0.085 s is the worst that was measured"""
_RATE_TOLERANCE = 0.03
"""share by which the frame rates of live parts, which are measured ones, may differ"""
_PLAIN_AAC = ("Main", "LC", "LTP")
_SAME = ("kind", "codec", "width", "height", "pixels", "ticks", "sample_rate", "layout")


def comparable(parts: Sequence[Probe]) -> str | None:
    """Return why parts cannot be joined by copying, None where they can.

    FFmpeg joins whatever it is given and reports success, so this is found out before: container, order of
    streams, codec, profile, size, pixel format, time base, frame rate, sample rate and channels must agree.
    Differing codec headers (extradata) of else equal streams do no harm.
    """
    for part in parts:
        if part.duration is None:
            return f"“{part.path.name}” has no timestamps"
    for first, second in pairwise(parts):
        if reason := _difference(first, second):
            return f"“{first.path.name}” and “{second.path.name}” differ: {reason}"
    return None


def join(parts: Sequence[Path], target: Path, tools: Tools, starts: Sequence[float] | None = None) -> Path:
    """Join parts into one file, in their order, and return it. The parts stay.

    :param target: the new file; its suffix names the container
    :param starts: when each part began, in seconds on one clock. With them the file keeps the wall clock and
        shows the last picture during a gap; without them gaps are closed
    :raises MediaError: where parts are unlike, unreadable, or the result is not as long as it must be;
        nothing is left behind then, and the parts can be used as they are
    """
    if not parts or (starts is not None and len(starts) != len(parts)):
        raise MediaError("nothing to join", "give parts, and one start for each")
    probes = [probe(path, tools) for path in parts]
    if reason := comparable(probes):
        raise MediaError(f"the parts of “{target.name}” cannot be joined: {reason}", "use them one by one")
    steps = _steps([measure(path, tools) for path in parts], starts)
    return copy_streams(
        ["-f", "concat", "-safe", "0", "-protocol_whitelist", "file,pipe", "-i", "pipe:0"],
        target,
        tools,
        limit=2 * limit_for(*parts),
        check=lambda joined: _check(joined, probes, steps, tools),
        feed=concat_list([path.absolute() for path in parts], steps),
    )


def concat_list(parts: Sequence[Path], steps: Sequence[float]) -> str:
    """Return the list of parts in FFmpeg's ffconcat format.

    Every step is written: FFmpeg would believe the header of a cut-off part, which claims its whole length.

    :param steps: seconds from the start of each part to the start of the next
    :raises MediaError: where a name cannot be written in such a list
    """
    lines = ["ffconcat version 1.0"]
    for part, step in zip(parts, steps, strict=True):
        lines += [f"file {quote(f'file:{part}')}", f"duration {step:.6f}"]
    # The last part simply ends; a length would cut it.
    return "\n".join([*lines[:-1], ""])


def quote(name: str) -> str:
    """Return a name for ffconcat: in single quotes, a quote itself outside of them behind a backslash.

    The format is read line by line, so a line end cannot be written at all.

    :raises MediaError: where the name holds a line end or a NUL
    """
    if any(character in name for character in "\n\r\0"):
        raise MediaError(f"{name!r} holds a line end", "rename the file or its folder")
    return "'" + name.replace("'", "'\\''") + "'"


def _steps(lengths: Sequence[float], starts: Sequence[float] | None) -> list[float]:
    """Return the seconds from each part's start to the next one's, for the last part its length.

    A next part that seems to begin before the last one ends (a stepped clock) follows directly.
    """
    if starts is None:
        return list(lengths)
    gaps = [after - before for before, after in pairwise(starts)]
    return [max(gap, length) for gap, length in zip([*gaps, 0.0], lengths, strict=True)]


def _check(joined: Path, parts: Sequence[Probe], steps: Sequence[float], tools: Tools) -> None:
    tolerance = _TOLERANCE * max(len(parts) - 1, 1)
    expected = sum(steps)
    last = parts[-1]
    copied = [(index, stream) for index, stream in enumerate(last.streams) if stream.kind != "data"]
    ends = [0.0]
    for position, (index, stream) in enumerate(copied):
        if stream.kind in RECORDED:
            ends.append(measure(joined, tools, position))
            # Each stream must reach as far into the last part as it does there: only this shows lost sound.
            wanted = expected - steps[-1] + measure(last.path, tools, index)
            if ends[-1] < wanted - tolerance:
                raise MediaError(f"joined parts: {stream} ends at {ends[-1]:.1f} s instead of {wanted:.1f} s")
    if abs(max(ends) - expected) > tolerance:
        raise MediaError(
            f"joined parts last {max(ends):.1f} s instead of {expected:.1f} s", "use them one by one"
        )


def _difference(first: Probe, second: Probe) -> str | None:
    if first.container != second.container:
        return f"container {first.container} and {second.container}"
    if len(first.streams) != len(second.streams):
        return f"{len(first.streams)} and {len(second.streams)} streams"
    for one, other in zip(first.streams, second.streams, strict=True):
        if reason := _unlike(one, other):
            return reason
    return None


def _profile(stream: Stream) -> str:
    """Return the profile, one for all kinds of plain AAC.

    A recorder that enters a running transport stream may take the first bytes for another of them; the sound
    decodes all the same.
    """
    return "LC" if stream.codec == "aac" and stream.profile in _PLAIN_AAC else stream.profile


def _unlike(one: Stream, other: Stream) -> str | None:
    if any(getattr(one, field) != getattr(other, field) for field in _SAME) or _profile(one) != _profile(
        other
    ):
        return f"{one} ({one.profile}) and {other} ({other.profile})"
    if abs(one.fps - other.fps) > _RATE_TOLERANCE * max(one.fps, other.fps):
        return f"{one.fps:g} and {other.fps:g} fps"
    return None
