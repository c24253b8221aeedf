"""Give a recording another container, without touching pictures and sound."""

from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.copy import copy_streams
from pyca.media.ffmpeg import Tools
from pyca.media.probe import RECORDED, Probe, measure, probe
from pyca.media.run import limit_for, url

_TOLERANCE = 0.5
"""seconds"""


def remux(source: Path, container: str, tools: Tools) -> Path:
    """Copy a recording into another container beside it and return the new file.

    The source stays: the new file has its streams and its length, so the caller may remove it. Only where
    both have the same name the new file takes the source's place (a cut-off file becomes a proper one).

    :param container: suffix of the new file: mp4, mkv, mov, webm, …
    :raises MediaError: where the source is no media, the container cannot hold it, or the copy differs
    """
    original = probe(source, tools)
    if original.duration is None:
        # Bare H.264 knows no time; a container would play it at FFmpeg's guess of 25 pictures a second.
        raise MediaError(f"“{source}” has no timestamps to keep", "let the capture command write mkv or mp4")
    return copy_streams(
        ["-i", url(source)],
        source.with_suffix(f".{container.lower().lstrip('.')}"),
        tools,
        limit=2 * limit_for(source),
        check=lambda copy: _check(probe(copy, tools), original, tools),
    )


def _check(copy: Probe, original: Probe, tools: Tools) -> None:
    wanted = [(s.kind, s.codec) for s in original.streams if s.kind in RECORDED]
    present = [(s.kind, s.codec) for s in copy.streams if s.kind in RECORDED]
    if wanted != present:
        raise MediaError(
            f"a copy of “{original.path}” lacks streams: it has {_show(copy)}, not {_show(original)}"
        )
    if _agree(copy.duration, original.duration):
        return
    # Headers lie: a recording that starts late claims the time before it, too. Packets do not.
    real = measure(original.path, tools)
    if not _agree(copy.duration, real):
        raise MediaError(
            f"a copy of “{original.path}” lasts {copy.duration or 0:.1f} s instead of {real:.1f} s",
            "use the original",
        )


def _agree(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _TOLERANCE


def _show(file: Probe) -> str:
    return ", ".join(str(stream) for stream in file.streams)
