"""Copy streams into a new file that appears whole or not at all."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.durable import replace_durably
from pyca.media.explain import explain
from pyca.media.ffmpeg import Tools
from pyca.media.run import run, url

MUXERS = {
    "mp4": ("mp4", "-movflags", "+faststart"),
    "mov": ("mov", "-movflags", "+faststart"),
    "mkv": ("matroska",),
    "mka": ("matroska",),
    "webm": ("webm",),
    "ts": ("mpegts",),
    "flac": ("flac",),
    "wav": ("wav",),
    "ogg": ("ogg",),
    "mp3": ("mp3",),
    "aac": ("adts",),
}
"""File name suffix → FFmpeg's muxer and its options."""


def copy_streams(
    source: Sequence[str],
    target: Path,
    tools: Tools,
    *,
    limit: float,
    check: Callable[[Path], None],
    feed: str = "",
) -> Path:
    """Copy all streams of an input into ``target``, which is replaced only by a checked, synced file.

    :param source: the input options of FFmpeg
    :param limit: seconds that it may take
    :param check: raises where the new file is not what it should be
    :param feed: text for FFmpeg's standard input
    :raises MediaError: where FFmpeg fails, the check does, or the folder cannot be written
    """
    # Same folder, so that the rename is atomic; hidden, so that nobody takes it for a recording; always the
    # same name, so that the next try replaces what a power cut left.
    temporary = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", *source]
        # Data streams (time codes, cameras' telemetry) fit into few containers and are no recording.
        copy = ["-map", "0", "-map", "-0:d?", "-ignore_unknown", "-c", "copy", "-f", *muxer(target.suffix)]
        result = run([*argv, *copy, "-y", url(temporary)], limit, feed)
        # FFmpeg 5 ends with 0 where the disk became full only at the very end.
        if result.code or "No space left" in result.errors:
            raise MediaError(f"“{target}” cannot be written: {explain(result.errors)}")
        check(temporary)
        replace_durably(temporary, target)
    except OSError as error:
        raise MediaError(
            f"“{target}” cannot be written: {error.strerror}", "check folder and disk"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return target


def muxer(suffix: str) -> tuple[str, ...]:
    """Return FFmpeg's muxer and options for a file name suffix, with or without its dot.

    :raises MediaError: where pyCA knows no such container
    """
    try:
        return MUXERS[suffix.lower().lstrip(".")]
    except KeyError:
        known = ", ".join(MUXERS)
        raise MediaError(f"“{suffix}” is no container that pyCA writes", f"use one of {known}") from None
