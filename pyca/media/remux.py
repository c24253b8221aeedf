"""Give a recording another container, without touching pictures and sound."""

from dataclasses import replace
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.copy import copy_streams
from pyca.media.ffmpeg import Tools
from pyca.media.probe import RECORDED, Probe, measure, probe
from pyca.media.run import limit_for, url

_TOLERANCE = 0.5
"""seconds"""


def remux(original: Probe, container: str, tools: Tools, folder: Path | None = None) -> Probe:
    """Copy a recording into another container and return what the new file is.

    The source stays: the new file has its streams and its length, so the caller may remove it. Only where
    both have the same name the new file takes the source's place (a cut-off file becomes a proper one).

    :param original: what a look into the recording has found
    :param container: suffix of the new file: mp4, mkv, mov, webm, …
    :param folder: where the new file goes, by default beside the recording
    :raises MediaError: where there are no timestamps, the container cannot hold it, or the copy differs
    """
    source = original.path
    if original.duration is None:
        # Bare H.264 knows no time; a container would play it at FFmpeg's guess of 25 pictures a second.
        raise MediaError(f"“{source}” has no timestamps to keep", "let the capture command write mkv or mp4")
    copies: list[Probe] = []

    def check(copy: Path) -> None:
        copies.append(probe(copy, tools))
        _check(copies[-1], original, tools)

    target = copy_streams(
        ["-i", url(source)],
        (folder or source.parent) / f"{source.stem}.{container.lower().lstrip('.')}",
        tools,
        limit=2 * limit_for(source),
        check=check,
    )
    return replace(copies[-1], path=target)


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
