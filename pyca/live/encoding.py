"""The command that makes the stream: it reads the input, encodes it once, and writes FLV to its output."""

from dataclasses import dataclass, field

from pyca.core.live import Profile, Source
from pyca.live.plan import Surroundings
from pyca.live.sound import sound_input
from pyca.media.h264 import SOFTWARE, picture_filters, picture_options, sound_options

BEGIN = ("-hide_banner", "-nostats", "-loglevel", "warning")
WRITE_FLV = ("-flvflags", "no_duration_filesize", "-flush_packets", "1", "-f", "flv", "pipe:1")
"""every frame leaves as soon as it is there"""


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
    """
    size = profile.size
    test = f"testsrc2=size={size.width}x{size.height}:rate={profile.fps}"
    sound = sound_input(profile.audio, own=False)
    flips = [name for name, wanted in (("hflip", source.hflip), ("vflip", source.vflip)) if wanted]
    argv = [
        *(str(surroundings.tools.ffmpeg), *BEGIN, "-nostdin"),
        *("-progress", f"pipe:{progress_fd}", "-stats_period", "1"),
        *("-re", "-f", "lavfi", "-i", test, *sound),
        *("-map", "0:v:0", "-map", "1:a:0" if sound else "0:a:0"),
        *("-vf", picture_filters(size, profile.fps, *flips)),
        *picture_options(profile, SOFTWARE),
        *sound_options(),
        *WRITE_FLV,
    ]
    return CameraCommand(argv)
