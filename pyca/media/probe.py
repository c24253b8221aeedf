"""Look into a media file: what it holds and how long it really is."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from pyca.core.errors import MediaError
from pyca.media.explain import explain
from pyca.media.ffmpeg import Tools
from pyca.media.matroska import is_closed
from pyca.media.progress import read_progress
from pyca.media.run import limit_for, run, url
from pyca.media.streams import Header, Stream, read_json, read_text

_LIMIT = 60.0
"""seconds after which a file that FFmpeg cannot make sense of is given up"""
_CLOCKLESS = frozenset({"h264", "hevc", "vvc", "av1", "obu", "m4v", "mpegvideo", "mjpeg", "rawvideo"})
"""bare video streams without timestamps: any length would be a guess at the frame rate"""
_NO_MEDIA = frozenset({"tty", "image2", "concat"})
"""what FFmpeg opens and is no recording: text (as terminal art), pictures, lists"""
RECORDED = ("video", "audio")
"""kinds of streams that make a file a recording"""


@dataclass(frozen=True)
class Probe:
    """What a media file is."""

    path: Path
    size: int
    """bytes"""
    container: str
    """FFmpeg's name, such as “matroska,webm”"""
    streams: tuple[Stream, ...]
    duration: float | None
    """seconds that are really there; None where the format has no clock (bare H.264)"""


def probe(path: Path, tools: Tools) -> Probe:
    """Return what a media file holds, after one short look; a cut-off file is read to its end.

    :raises MediaError: where it is missing, empty, unreadable or no media, with the reason
    """
    size = _readable_size(path)
    header, log = _header(path, tools)
    if not any(stream.kind in RECORDED for stream in header.streams):
        raise MediaError(f"“{path}” holds neither picture nor sound", "check the capture command")
    # FFmpeg takes random bytes for something now and then, and says itself that it guessed.
    if header.container in _NO_MEDIA or header.container.endswith("_pipe") or "misdetection possible" in log:
        raise MediaError(f"“{path}” is no media file", "check the capture command")
    return Probe(path, size, header.container, header.streams, _duration(path, header, log, tools))


def measure(path: Path, tools: Tools, stream: int | None = None) -> float:
    """Return the real length in seconds by reading all packets, from the file's start to the last one's end.

    Reads but does not decode: 0.4 s for 930 MB.

    :param stream: index of a single stream to follow
    :raises MediaError: where nothing can be read
    """
    selected = ["-map", f"0:{stream}"] if stream is not None else ["-map", "0:v?", "-map", "0:a?"]
    argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1"]
    result = run(
        [*argv, "-protocol_whitelist", "file", "-i", url(path), *selected, "-c", "copy", "-f", "null", "-"],
        limit_for(path),
    )
    time = read_progress(result.output).time
    if time is None:
        raise MediaError(f"“{path}” tells no length: {explain(result.errors)}")
    return time


def _readable_size(path: Path) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise MediaError(
            f"“{path}” is missing", "the capture command wrote elsewhere or not at all"
        ) from None
    except OSError as error:
        raise MediaError(f"“{path}” cannot be read: {error.strerror}", "check its folder") from error
    # Opening a named pipe would wait for its writer.
    if not S_ISREG(status.st_mode):
        raise MediaError(f"“{path}” is no regular file", "name the file that the capture command writes")
    if not os.access(path, os.R_OK):
        raise MediaError(f"“{path}” cannot be read: permission denied", "check its owner and mode")
    if not status.st_size:
        raise MediaError(f"“{path}” is empty", "the source delivered nothing")
    return status.st_size


def _header(path: Path, tools: Tools) -> tuple[Header, str]:
    read: Callable[[str], Header]
    if tools.ffprobe:
        look = [str(tools.ffprobe), "-hide_banner", "-v", "warning", "-protocol_whitelist", "file"]
        result = run([*look, "-show_format", "-show_streams", "-of", "json", url(path)], _LIMIT)
        read, report = read_json, result.output
    else:
        # Without an output FFmpeg describes the input and ends with an error.
        look = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-protocol_whitelist", "file"]
        result = run([*look, "-i", url(path)], _LIMIT)
        read, report = read_text, result.errors
    try:
        return read(report), result.errors
    except ValueError as error:
        raise MediaError(f"“{path}” is no readable media file: {explain(result.errors)}") from error


def _duration(path: Path, header: Header, log: str, tools: Tools) -> float | None:
    if header.container in _CLOCKLESS:
        return None
    believable = header.duration is not None and "Estimating duration from bitrate" not in log
    return header.duration if believable and is_closed(path) else measure(path, tools)
