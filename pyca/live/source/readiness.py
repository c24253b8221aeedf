"""Can this machine make the stream that is wanted? Asked before anything is started."""

from collections.abc import Collection

from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.plan import Surroundings
from pyca.live.source.binary import Binary, ask, binary_at, demuxers_of, encoders_of, protocols_of
from pyca.live.source.encoders import AUTO, COPY, choose_encoder, require_working, software
from pyca.live.source.encoding import camera_command, require_copyable
from pyca.live.source.inputs import InputKind, find_input, parse_input
from pyca.media.demands import Source as Device
from pyca.media.demands import SourceKind
from pyca.media.sources import look

_DEVICES = {InputKind.DEVICE: "v4l2", InputKind.SCREEN: "x11grab"}
"""FFmpeg's names for what reads them"""
_NOWHERE = 2
"""a descriptor for a command that is not run"""


def check_abilities(
    profile: Profile, source: Source, surroundings: Surroundings, schemes: Collection[str] = ()
) -> None:
    """Refuse what cannot work here.

    :param schemes: of the destinations' addresses, such as rtmps
    :raises ParameterError: where the input or the encoder is none that we know
    :raises MediaError: where the input is not there, or FFmpeg lacks something for it
    """
    wanted = parse_input(source.input)
    binary = binary_at(surroundings.tools.ffmpeg)
    if wanted.kind is not InputKind.RECORDER:
        found = find_input(wanted, surroundings.environ, cameras=surroundings.cameras)
        _check_devices(binary, _DEVICES.get(found.kind, ""), profile.audio)
    ask(binary)
    _check_protocols(binary, schemes)
    software(binary)
    require_sound(binary)
    if source.encoder not in (AUTO, COPY):
        require_working(choose_encoder(source.encoder, binary, profile), binary, profile)


def require_sound(binary: Binary) -> None:
    """Refuse an FFmpeg that cannot encode the sound.

    :raises MediaError: where it cannot
    """
    if "aac" not in encoders_of(binary):
        raise MediaError(f"{binary.path} has no encoder “aac”", "install a fuller FFmpeg")


def check_source(profile: Profile, source: Source, surroundings: Surroundings) -> None:
    """Refuse an input that no patience makes possible; one that is only away may come back.

    :raises ParameterError: where the input is none that we know
    :raises MediaError: where a file is not there or cannot be played, or what is to be copied is no H.264
    """
    wanted = parse_input(source.input)
    if wanted.kind is InputKind.FILE:
        camera_command(profile, source, surroundings, _NOWHERE)
    elif wanted.kind is InputKind.DEVICE and source.encoder == COPY:
        require_copyable(wanted)


def _check_devices(binary: Binary, pictures: str, audio: str) -> None:
    """Look for a sound card, and whether FFmpeg can read such devices: the bundled one lacks ALSA."""
    sound, _, name = audio.partition(":")
    if sound == "alsa" and name:
        seen = look(Device(SourceKind.ALSA, name))
        if seen.there is False:
            raise MediaError(f"the sound device {seen.text}", seen.remedy)
    for form in (pictures, sound if name else ""):
        if form and form not in demuxers_of(binary):
            raise MediaError(f"{binary.path} cannot read from “{form}”", "install the system's FFmpeg")


def _check_protocols(binary: Binary, schemes: Collection[str]) -> None:
    for scheme in sorted(set(schemes)):
        if scheme not in protocols_of(binary):
            raise MediaError(
                f"{binary.path} cannot send to {scheme}:// addresses",
                "install a fuller FFmpeg, or use another kind of destination",
            )
