"""Can this machine make the stream that is wanted? Asked before anything is started."""

from collections.abc import Collection

from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.binary import Binary, ask, binary_at, encoders_of, protocols_of
from pyca.live.encoders import AUTO, COPY, choose_encoder, software
from pyca.live.inputs import InputKind, find_input, parse_input
from pyca.live.plan import Surroundings


def check_abilities(
    profile: Profile, source: Source, surroundings: Surroundings, schemes: Collection[str] = ()
) -> None:
    """Refuse what cannot work here.

    :param schemes: of the destinations' addresses, such as rtmps
    :raises ParameterError: where the input or the encoder is none that we know
    :raises MediaError: where the input is not there, or FFmpeg lacks an encoder or a protocol
    """
    wanted = parse_input(source.input)
    if wanted.kind is not InputKind.RECORDER:
        find_input(wanted, surroundings.environ)
    binary = binary_at(surroundings.tools.ffmpeg)
    ask(binary)
    _check_protocols(binary, schemes)
    software(binary)
    if "aac" not in encoders_of(binary):
        raise MediaError(f"{binary.path} has no encoder “aac”", "install a fuller FFmpeg")
    if source.encoder not in (AUTO, COPY):
        choose_encoder(source.encoder, binary, profile)


def _check_protocols(binary: Binary, schemes: Collection[str]) -> None:
    for scheme in sorted(set(schemes)):
        if scheme not in protocols_of(binary):
            raise MediaError(
                f"{binary.path} cannot send to {scheme}:// addresses",
                "install a fuller FFmpeg, or use another kind of destination",
            )
