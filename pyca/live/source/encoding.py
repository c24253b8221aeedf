"""The command that makes the stream: it reads the input, encodes it once, and writes FLV to its output."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.core.live import SILENCE, Profile, Source
from pyca.live.plan import Surroundings
from pyca.live.source import devices
from pyca.live.source.binary import binary_at
from pyca.live.source.encoders import COPY, choose_encoder, device_options, filters
from pyca.live.source.inputs import NETWORK, Input, InputKind, find_input, parse_input
from pyca.live.source.reading import reading
from pyca.live.source.sound import sound_input
from pyca.live.source.standalone import own_sound
from pyca.media.demands import Source as Device
from pyca.media.demands import SourceKind
from pyca.media.h264 import picture_options, sound_options
from pyca.media.picamera import require_picamera
from pyca.media.run import run, url
from pyca.media.sources import look
from pyca.media.streams import read_text

BEGIN = ("-hide_banner", "-nostats", "-loglevel", "error", "-nostdin")
WRITE_FLV = ("-flvflags", "no_duration_filesize", "-flush_packets", "1", "-f", "flv", "pipe:1")
"""every frame leaves as soon as it is there"""
_LIMIT = 10.0
"""seconds for a look into a file"""
_COPIED = "the camera's H.264 is passed on as it is: resolution, bitrate, frame rate and flips do not count"


@dataclass(frozen=True)
class CameraCommand:
    """How the camera's stream is made.

    :param argv: the FFmpeg that writes FLV to its standard output and its progress to the given descriptor
    :param before: a program whose standard output is FFmpeg's standard input, None for none
    :param notes: what somebody who set the parameters may want to know; to be said once
    """

    argv: list[str] = field(repr=False)
    before: list[str] | None = None
    notes: tuple[str, ...] = ()


def camera_command(
    profile: Profile, source: Source, surroundings: Surroundings, progress_fd: int
) -> CameraCommand:
    """Return the command for an input.

    :param progress_fd: the descriptor on which FFmpeg tells its progress once a second; it inherits it
    :raises ParameterError: where the input or the encoder is none that we know
    :raises MediaError: where the input is not there, or FFmpeg lacks an encoder
    """
    found = find_input(parse_input(source.input), surroundings.environ, cameras=surroundings.cameras)
    if found.kind is InputKind.CAMERA and source.encoder == COPY:
        raise MediaError("the camera server sends images, and no H.264", "set “encoder” to auto")
    making = _Making(profile, source, surroundings, progress_fd, found)
    if found.kind is InputKind.PICAMERA:
        return making.by_picamera()
    notes = (_COPIED,) if source.encoder == COPY else ()
    return CameraCommand(making.argv(), notes=(*notes, *making.notes()))


def require_copyable(found: Input) -> devices.Camera | None:
    """Return what the camera at a device delivers, None where it is away or does not tell.

    :raises MediaError: where that is no H.264
    """
    camera = _camera_at(found)
    if camera and "H264" not in camera.formats:
        raise MediaError(f"the camera {found.name} delivers no H.264", "set “encoder” to auto")
    return camera


def _missing_sound(audio: str) -> str:
    """Return what is wrong with a sound card that surely is not there; empty where nobody can tell."""
    kind, _, name = audio.partition(":")
    if kind != "alsa" or not name:
        return ""
    seen = look(Device(SourceKind.ALSA, name))
    return seen.text if seen.there is False else ""


def _camera_at(found: Input) -> devices.Camera | None:
    return devices.ask(Path(found.name))


@dataclass(frozen=True)
class _Making:
    """All that a command is made of."""

    profile: Profile
    source: Source
    surroundings: Surroundings
    progress_fd: int
    found: Input

    def by_picamera(self) -> CameraCommand:
        """Return FFmpeg behind the camera's own program, which encodes."""
        program = require_picamera(self.surroundings.environ)
        before = program.command(self.profile, hflip=self.source.hflip, vflip=self.source.vflip)
        return CameraCommand(
            self._words(own=False, encoder=COPY), before, (*program.notes(self.profile), *self.notes())
        )

    def notes(self) -> tuple[str, ...]:
        """Return what is otherwise than it was wanted: pictures without a sound card are better than none."""
        wrong = _missing_sound(self.profile.audio)
        return (f"the sound device {wrong}; silence is sent in its place",) if wrong else ()

    def argv(self) -> list[str]:
        """Return FFmpeg's command for any other input."""
        encoder = self.source.encoder
        if encoder != COPY:
            binary = binary_at(self.surroundings.tools.ffmpeg)
            encoder = choose_encoder(encoder, binary, self.profile)
        silent = self._words(own=False, encoder=encoder)
        if self.profile.audio != "input":
            if self.found.kind is InputKind.FILE and encoder == COPY:
                self._check_file()
            return silent
        if self.found.kind not in (InputKind.FILE, *NETWORK):
            return silent
        sounding = self._words(own=True, encoder=encoder)
        if self.found.kind is InputKind.FILE:
            return sounding if self._check_file() else silent
        # Only a look can tell, and a camera may take seconds to answer: it is taken by the child itself.
        ffmpeg = str(self.surroundings.tools.ffmpeg)
        look = [ffmpeg, "-nostdin", "-v", "error", *reading(self.found, self.profile)]
        return [sys.executable, str(Path(own_sound.__file__)), *own_sound.words(look, sounding, silent)]

    def _words(self, *, own: bool, encoder: str) -> list[str]:
        around = self.surroundings
        copy = encoder == COPY
        pictures = reading(self.found, self.profile, self._camera(), copy=copy, cameras=around.cameras)
        audio = SILENCE if _missing_sound(self.profile.audio) else self.profile.audio
        sound = sound_input(audio, own=own, live="-re" not in pictures)
        return [
            *(str(self.surroundings.tools.ffmpeg), *BEGIN),
            *("-progress", f"pipe:{self.progress_fd}", "-stats_period", "1"),
            *device_options(encoder),
            *pictures,
            *sound,
            *("-map", "0:v:0", "-map", "1:a:0" if sound else "0:a:0"),
            *self._picture(encoder),
            *sound_options(),
            *WRITE_FLV,
        ]

    def _picture(self, encoder: str) -> list[str]:
        if encoder == COPY:
            # Besides putting parameter sets before each key frame the filter refuses whatever is not H.264.
            # FFmpeg 5.1 uses up its filters at the end of a file, so one that is played again gets none.
            sets = [] if self.found.kind is InputKind.FILE else ["-bsf:v", "h264_mp4toannexb"]
            return ["-c:v", "copy", *sets]
        source = self.source
        flips = [name for name, wanted in (("hflip", source.hflip), ("vflip", source.vflip)) if wanted]
        return ["-vf", filters(encoder, self.profile, *flips), *picture_options(self.profile, encoder)]

    def _camera(self) -> devices.Camera | None:
        if self.found.kind is not InputKind.DEVICE:
            return None
        return require_copyable(self.found) if self.source.encoder == COPY else _camera_at(self.found)

    def _check_file(self) -> bool:
        """Return whether a file has sound.

        :raises MediaError: where it cannot be read, or is to be copied and cannot be
        """
        argv = [str(self.surroundings.tools.ffmpeg), "-nostdin", "-hide_banner"]
        looked = run([*argv, "-i", url(Path(self.found.name))], _LIMIT)
        try:
            streams = read_text(looked.errors).streams
        except ValueError as error:
            raise MediaError(f"the input {self.found.name} cannot be read", "is it a video?") from error
        pictures = next((stream.codec for stream in streams if stream.kind == "video"), "")
        if not pictures or (self.source.encoder == COPY and pictures != "h264"):
            held = f"holds {pictures}, not H.264" if pictures else "holds no pictures"
            raise MediaError(f"the input {self.found.name} {held}", "name another, or set “encoder” to auto")
        return any(stream.kind == "audio" for stream in streams)
