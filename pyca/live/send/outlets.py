"""The command lines of the processes that pass a stream on: to servers, into files, to the player page."""

import os
import re
import secrets
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pyca.core.control import ParameterError
from pyca.core.errors import CommandError
from pyca.core.masking import SHORT
from pyca.live.flow.hidden import PRESET, preset, reads_presets
from pyca.live.plan import Surroundings
from pyca.live.send.address import Address, hide
from pyca.media.run import url

SEGMENT = 2
"""seconds of one piece of the player page's stream"""
SEGMENTS = 6
"""pieces that its list names"""
PREVIEW_WIDTH = 640
"""pixels"""

_TIMEOUT = 7.0
"""seconds after which FFmpeg itself gives up a silent connection, a bit before we do"""
_START = ("-hide_banner", "-nostdin", "-loglevel", "error", "-nostats", "-progress", "pipe:1")
_INPUT = ("-stats_period", "0.5", "-probesize", "4096", "-analyzeduration", "0", "-f", "flv", "-i", "pipe:0")
# By kind: metadata behind the first frame are a stream too to FFmpeg, and it would wait for more of them.
# And by itself it holds pictures back for ten seconds where a program has no sound, though one before it had.
_COPY = ("-map", "0:v?", "-map", "0:a?", "-c", "copy", "-max_interleave_delta", "500000")
_CONTAINERS: dict[str, tuple[str, ...]] = {
    ".mkv": ("-f", "matroska", "-cluster_time_limit", "1000", "-flush_packets", "1"),
    ".mp4": ("-f", "mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-flush_packets", "1"),
    ".flv": ("-f", "flv", "-flush_packets", "1"),
    ".ts": ("-f", "mpegts", "-flush_packets", "1"),
}
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_MOST_NAMES = 10_000
_CHANCE = 5
"""digits that tell the pieces of two processes apart"""
_DIGITS = 10
_PIECE = re.compile(rf"(?:part|init)-\d{{{_CHANCE}}}(\d{{{_DIGITS}}})\.")


@dataclass(frozen=True)
class Outlet:
    """One process that takes FLV on its standard input and passes it on."""

    argv: tuple[str, ...]
    """:data:`~pyca.live.flow.hidden.PRESET` stands for the file with the secrets"""
    shown: str
    """where it goes, as it may be shown"""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """what must be hidden in what it says, the longest first"""
    preset: bytes = field(default=b"", repr=False)
    """content of the file with the secrets"""
    network: bool = True
    """True where bytes leave the machine"""
    patience: float = 8.0
    """seconds without any progress after which it is taken for stalled"""
    waits: bool = False
    """True where it waits for somebody to fetch the stream: that nobody does is no fault"""
    in_band: bool = False
    """repeat what decoders must know at each key frame, as the container can tell it only once"""
    renew: bool = False
    """begin anew where the sound becomes another kind, which most containers can tell only once too"""

    traces: Callable[[], Iterable[Path]] | None = field(default=None, repr=False, compare=False)
    """finds the files that show the last seconds to whoever fetches them"""

    @property
    def keeps(self) -> bool:
        """True where what was sent can still be seen for a while."""
        return self.traces is not None

    def wipe(self) -> None:
        """Remove what can still be seen."""
        with suppress(OSError):
            for file in self.traces() if self.traces else ():
                file.unlink(missing_ok=True)

    @property
    def exposed(self) -> bool:
        """True where a secret stands in its arguments, which everybody on the machine may read."""
        return self.masked_argv != self.argv

    @property
    def masked_argv(self) -> tuple[str, ...]:
        """Its arguments without the secrets; a short one is no secret in a word such as “flv”."""
        long = tuple(secret for secret in self.secrets if len(secret) >= SHORT)
        return tuple(hide(word, self.secrets if "://" in word else long) for word in self.argv)

    def hide(self, text: str) -> str:
        """Return a text without the secrets."""
        return hide(text, self.secrets)


def to_server(address: Address, around: Surroundings) -> Outlet:
    """Return what sends to a server."""
    by_file = bool(address.options) and reads_presets(around.tools.ffmpeg)
    words: list[str] = [*_begin(around), *_COPY]
    if address.scheme == "rtmps":
        words += _tls(around)
    if address.scheme == "srt":
        words += ["-f", "mpegts", "-flush_packets", "1", "-mpegts_flags", "+resend_headers"]
    else:
        words += ["-f", "flv", "-flvflags", "no_duration_filesize", "-rw_timeout", str(int(_TIMEOUT * 1e6))]
    if by_file:
        words += ["-fpre", PRESET, address.target]
    else:
        words += [*(("-passphrase", address.passphrase) if address.passphrase else ()), address.whole]
    return Outlet(
        tuple(words),
        address.masked,
        address.secrets,
        preset(address.options) if by_file else b"",
        waits=address.mode == "listener",
        in_band=address.scheme == "srt",
        renew=address.scheme == "srt",
    )


def to_file(file: Path, around: Surroundings) -> Outlet:
    """Return what writes a file, under the next free name.

    :raises ParameterError: where it cannot be written
    """
    file = free_name(file)
    words = (*_begin(around), *_COPY, *_CONTAINERS[file.suffix.lower()], "-n", url(file))
    once = file.suffix.lower() != ".flv"
    return Outlet(words, str(file), network=False, in_band=once, renew=once)


def to_player(folder: Path, around: Surroundings) -> Outlet:
    """Return what writes the files of the player page, after removing old ones.

    They are numbered from the present moment on: a player then never takes one for another, also where the
    process was replaced.

    :raises CommandError: where the folder cannot be written
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = _pieces(folder)
        for file in old:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}", "check its owner") from error
    # Also where the clock was set back: numbers never fall, and no name comes twice, as names are cached.
    number = max([int(around.clock.now()), *(_number(file) + 1 for file in old)])
    chance = secrets.randbelow(10**_CHANCE)
    words = (
        *_begin(around),
        # Moments go on where a process is replaced, so that a player just goes on.
        "-copyts",
        *_COPY,
        *("-f", "hls", "-hls_segment_type", "fmp4"),
        *("-hls_time", str(SEGMENT), "-hls_list_size", str(SEGMENTS)),
        *("-hls_flags", "delete_segments+temp_file+independent_segments", "-start_number", str(number)),
        *("-hls_fmp4_init_filename", f"init-{chance:0{_CHANCE}}{number:0{_DIGITS}}.mp4"),
        *("-hls_segment_filename", str(folder / f"part-{chance:0{_CHANCE}}%0{_DIGITS}d.m4s")),
        str(folder / "index.m3u8"),
    )
    return Outlet(
        words, str(folder), network=False, in_band=True, renew=True, traces=partial(_pieces, folder)
    )


def to_preview(picture: Path, around: Surroundings) -> Outlet:
    """Return what writes a small picture of the stream every two seconds; only key frames are decoded.

    An old picture is removed.

    :raises CommandError: where that cannot be
    """
    half = picture.with_name(f"{picture.name}.tmp")  # as FFmpeg calls it until it is whole
    try:
        picture.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{picture} cannot be removed: {error.strerror}", "check its owner") from error
    words = (
        *_begin(around, "-skip_frame", "nokey", "-threads", "1"),
        *("-map", "0:v", "-vf", f"fps=1/2:round=up,scale={PREVIEW_WIDTH}:-2", "-threads", "1", "-q:v", "5"),
        *("-f", "image2", "-update", "1", "-atomic_writing", "1", "-y", url(picture)),
    )
    return Outlet(words, str(picture), network=False, patience=30.0, traces=lambda: (picture, half))


def check_file(file: Path) -> None:
    """Check that a recording can be written there.

    :raises ParameterError: where it cannot
    """
    if file.suffix.lower() not in _CONTAINERS:
        known = ", ".join(_CONTAINERS)
        raise ParameterError("record", f"“{file.name}” has no known ending", f"use one of {known}")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise ParameterError("record", f"there is no folder {folder}", "create it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ParameterError("record", f"nothing can be written to {folder}", "check its owner and mode")


def free_name(file: Path) -> Path:
    """Return a file, or where it exists the first of ``name-2``, ``name-3`` … that does not.

    :raises ParameterError: as :func:`check_file`
    """
    check_file(file)
    names = (file.with_stem(f"{file.stem}-{number}") for number in range(2, _MOST_NAMES))
    for name in (file, *names):
        if not os.path.lexists(name):
            return name
    raise ParameterError("record", f"there are too many files called {file.name}", "remove some")


def _pieces(folder: Path) -> list[Path]:
    """Return the files of the player page."""
    return [file for file in folder.iterdir() if file.suffix in (".m3u8", ".m4s", ".mp4", ".tmp")]


def _number(piece: Path) -> int:
    """Return the number of a piece, -1 for other files."""
    match = _PIECE.match(piece.name)
    return int(match[1]) if match else -1


def _keep(file: Path, content: bytes) -> None:
    """Write a file that others may be reading, where it holds anything else."""
    if not file.exists() or file.read_bytes() != content:
        aside = file.with_suffix(".new")
        aside.write_bytes(content)
        aside.replace(file)


def _begin(around: Surroundings, *input_options: str) -> list[str]:
    return [str(around.tools.ffmpeg), *_START, *input_options, *_INPUT]


def _tls(around: Surroundings) -> Sequence[str]:
    """Return the options that make FFmpeg check certificates; by itself it does so from version 8 on only."""
    if around.insecure:
        return ("-tls_verify", "0")
    authorities = _authorities(around)
    return ("-tls_verify", "1", *(("-ca_file", str(authorities)) if authorities else ()))


def _authorities(around: Surroundings) -> Path | None:
    """Return the certificates that are trusted: a bundled FFmpeg does not know where this machine has them.

    FFmpeg reads one file, so those of the machine and those of the configuration are put together.

    :raises CommandError: where they cannot be read
    """
    candidates = (ssl.get_default_verify_paths().cafile, *_CERTIFICATES)
    usual = next((Path(one) for one in candidates if one and os.path.exists(one)), None)
    if around.ca_file is None:
        return usual
    together = around.folder / "authorities.pem"
    try:
        parts = [file.read_bytes() for file in (usual, around.ca_file) if file]
        _keep(together, b"\n".join(parts))
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be used: {error.strerror}", "check the certificates"
        ) from error
    return together
