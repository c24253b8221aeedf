"""Cameras that FFmpeg reads: in the network, at this machine, films, and what FFmpeg makes itself.

FFmpeg writes gray images with their size before them (yuv4mpegpipe), and names each new size that comes in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from pyca.core.errors import MediaError, OfflineError, SourceError
from pyca.core.secrecy import mask
from pyca.media.demands import Source as Device
from pyca.media.demands import SourceKind
from pyca.media.ffmpeg import find_ffmpeg
from pyca.media.run import run, url
from pyca.media.sources import look
from pyca.sources import addresses
from pyca.sources.options import Option, boolean, choice, integer, number
from pyca.sources.program import ProgramSource, Recipe
from pyca.sources.source import OFFLINE_SECONDS
from pyca.sources.words import input_words, unknown_filter

_MAKES = "lavfi:"
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
_SAYS = ("-hide_banner", "-nostats", "-loglevel", "level+verbose", "-nostdin")
_SOON = ("-fflags", "nobuffer", "-flags", "low_delay")
"""no image is held back, be it for order or for more threads"""
_LOOK = {"udp": 2_000_000}
"""microseconds in which a stream shows what it holds: transport streams say so now and then only"""
_USUAL_LOOK = 1_000_000
_CALLING = 800
"""milliseconds for a camera to answer by SRT"""
_UNASKED = 2.0
"""seconds for that and FFmpeg's start"""
_LOCAL_PATIENCE = 10.0
"""seconds for FFmpeg's start on a busy machine"""
_LIMIT = 10.0
"""seconds for a question to FFmpeg"""

OPTIONS = (
    Option("pixel_format", "gray", choice("gray", "gray16le")),
    Option("width", None, integer(1, 16384, optional=True)),
    Option("height", None, integer(1, 16384, optional=True)),
    Option("frame_rate", None, number(0, 10_000, optional=True)),
    Option("transport", "tcp", choice("tcp", "udp")),
    Option("loop", True, boolean),
    Option("stall", 5.0, number(0.5, 3600)),
    Option("input_options", [], input_words),
)


def make(source: str, options: Mapping[str, Any]) -> ProgramSource:
    """Return a camera, not yet open.

    :param source: an address (rtsp, http, udp and others), a device (``/dev/video0``), a film or picture, or
        ``lavfi:`` and what FFmpeg's filters make, such as ``lavfi:testsrc2=size=640x480:rate=25``
    :raises SourceError: where it is none of these
    """
    wanted = _Wanted(source.removeprefix("v4l2:").strip(), options)
    if not wanted.source or not source.isprintable():
        raise SourceError("a camera of FFmpeg needs an address, a device, a file or “lavfi:…” as its source")
    if wanted.is_made and (unknown := unknown_filter(source.removeprefix(_MAKES))):
        raise SourceError(
            f"“{unknown[:40]}” in “{source[:200]}” is not allowed",
            "use a chain of FFmpeg's test pictures and plain filters, without quotes",
        )
    if wanted.scheme:
        addresses.require_known(wanted.source)
    size = (wanted.width, wanted.height) if wanted.width and wanted.height else None
    return ProgramSource(
        Recipe(
            name=f"the camera “{mask(wanted.source)}”",
            command=wanted.command,
            check=wanted.check,
            size=size,
            # A film would begin again, with the size that it began with.
            follows=size is None and not wanted.is_file,
            stall=options["stall"],
            first=_LOCAL_PATIENCE if wanted.is_made or wanted.is_file else None,
            unasked=_UNASKED if wanted.scheme == "srt" else None,
            called=addresses.waits_to_be_called(wanted.source),
            lasting=options["loop"] or not wanted.is_file,
        )
    )


@dataclass(frozen=True)
class _Wanted:
    """What somebody wants FFmpeg to read, and how."""

    source: str
    options: Mapping[str, Any]

    @property
    def scheme(self) -> str:
        """Of an address, in small letters; empty for anything else."""
        return addresses.scheme_of(self.source)

    @property
    def is_made(self) -> bool:
        """True where FFmpeg makes the images itself."""
        return self.source.startswith(_MAKES)

    @property
    def is_device(self) -> bool:
        """True where a driver delivers them."""
        return self.source.startswith("/dev/")

    @property
    def is_file(self) -> bool:
        """True for films and pictures."""
        return not (self.scheme or self.is_made or self.is_device)

    @property
    def width(self) -> int | None:
        """In pixels, None for what follows from the camera."""
        return self.options["width"] or None

    @property
    def height(self) -> int | None:
        """In pixels, None for what follows from the camera."""
        return self.options["height"] or None

    def check(self) -> None:
        """Look for the camera.

        :raises OfflineError: where it does not answer or is not plugged in
        :raises SourceError: where it is there and cannot be used
        """
        if self.scheme:
            addresses.require_answer(self.source, OFFLINE_SECONDS)
        elif not self.is_made:
            kind = SourceKind.DEVICE if self.is_device else SourceKind.FILE
            seen = look(Device(kind, str(Path(self.source).absolute())))
            if seen.there and not self.is_device and not Path(self.source).is_file():
                raise SourceError(f"{self.source} is neither a film nor a picture: it is no file")
            if not seen.there:
                away = self.is_device and not Path(self.source).exists()
                raise (OfflineError if away else SourceError)(seen.text, seen.remedy)

    def command(self, environ: Mapping[str, str]) -> list[str]:
        """Return FFmpeg's words.

        :raises SourceError: where there is no FFmpeg
        """
        try:
            ffmpeg = find_ffmpeg(environ)
            every = _every_frame(ffmpeg, ffmpeg.stat().st_mtime_ns)
        except (MediaError, OSError) as error:
            raise SourceError(f"the camera needs FFmpeg: {error}") from error
        form = self.options["pixel_format"]
        return [
            *(str(ffmpeg), *_SAYS),
            *self._reading(),
            *self.options["input_options"],
            *("-i", self._name()),
            *("-map", "0:v:0", "-an", "-sn", "-dn"),
            *self._filters(),
            *every,
            *("-pix_fmt", form, "-strict", "-1", "-flush_packets", "1", "-f", "yuv4mpegpipe", "pipe:1"),
        ]

    def _name(self) -> str:
        if self.is_made:
            return self.source.removeprefix(_MAKES)
        return self.source if self.scheme or self.is_device else url(Path(self.source))

    def _reading(self) -> list[str]:
        if self.is_made:
            return ["-re", "-f", "lavfi"]
        if self.is_device:
            return self._device()
        if self.is_file:
            # A playlist among files must not make FFmpeg call somebody.
            alone = ["-re", "-protocol_whitelist", "file,crypto,data"]
            picture = PurePosixPath(self.source).suffix.lower() in _PICTURES
            again = ["-loop", "1"] if picture else ["-stream_loop", "-1"]
            return [*alone, *(again if self.options["loop"] else [])]
        patience = str(round(self.options["stall"] * 1_000_000))
        words = [*_SOON, "-analyzeduration", str(_LOOK.get(self.scheme, _USUAL_LOOK))]
        words += ["-use_wallclock_as_timestamps", "1"]
        if self.scheme in ("rtsp", "rtsps"):
            return [*words, "-rtsp_transport", self.options["transport"], "-timeout", patience]
        if self.scheme == "srt":
            words += ["-connect_timeout", str(_CALLING)]
        return [*words, "-rw_timeout", patience]

    def _device(self) -> list[str]:
        rate, width, height = self.options["frame_rate"], self.width, self.height
        words = [*_SOON, "-f", "v4l2"]
        words += ["-framerate", f"{rate:g}"] if rate else []
        return [*words, "-video_size", f"{width}x{height}"] if width and height else words

    def _filters(self) -> list[str]:
        chain = []
        rate = self.options["frame_rate"]
        if rate and not self.is_device:
            chain.append(_at_most(rate))
        if self.width or self.height:
            chain.append(f"scale={self.width or -1}:{self.height or -1}")
        return ["-vf", ",".join(chain)] if chain else []


def _at_most(rate: float) -> str:
    """Return the filter that leaves out images above a rate.

    Each image has its due time, one period after that of the one before; it may come half a period early, so
    that a camera with just this rate loses none.
    """
    period = 1 / rate
    half = period / 2
    return f"select='if(gte(t,ld(0)-{half:g}),st(0,max(ld(0),t-{half:g})+{period:g}),0)'"


@cache
def _every_frame(ffmpeg: Path, _written: int) -> Sequence[str]:
    """Return the words by which FFmpeg doubles and drops no frame for an even rate.

    :param _written: when the program was, so that another one is asked again
    :raises MediaError: where it cannot be run
    """
    # Since version 5.1; the name before is gone by now.
    new = ("-fps_mode", "passthrough")
    known = run([str(ffmpeg), "-hide_banner", *new, "-version"], _LIMIT).code == 0
    return new if known else ("-vsync", "passthrough")
