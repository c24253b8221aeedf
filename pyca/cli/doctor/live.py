"""Will it stream? Looked at only where somebody wants to."""

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pyca.cli.doctor.finding import Finding, failed, failure, ok, skipped, warning
from pyca.cli.doctor.ports import check_port
from pyca.config.settings import Live, Settings
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.live import LiveEvents
from pyca.core.states import ServiceName
from pyca.live.send.address import Address, parse
from pyca.live.service import operator
from pyca.live.source.binary import binary_at, protocols_of
from pyca.live.source.encoders import AUTO, COPY, choose_encoder, software
from pyca.live.source.inputs import InputKind, find_input, parse_input
from pyca.live.source.readiness import require_sound
from pyca.media.ffmpeg import find_ffmpeg


def is_wanted(settings: Settings) -> bool:
    """Tell whether this agent is to stream."""
    live = settings.live
    return live.enabled or bool(live.url) or LiveEvents(live.events) is not LiveEvents.OFF


def check(settings: Settings, clock: Clock, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at FFmpeg, the input, the address and the port."""
    yield _input(settings, environ)
    yield _encoders(settings.live, environ)
    yield from _destination(settings, environ)
    yield check_port(settings, ServiceName.LIVE, settings.live, clock)


def _input(settings: Settings, environ: Mapping[str, str]) -> Finding:
    try:
        wanted = parse_input(settings.live.input)
        if wanted.kind is InputKind.RECORDER:
            return ok("input", "what the recorder passes on")
        return ok("input", find_input(wanted, environ, cameras=settings.camera.address).shown)
    except PycaError as error:
        return failure("input", error)


def _encoders(live: Live, environ: Mapping[str, str]) -> Finding:
    try:
        binary = binary_at(find_ffmpeg(environ))
        name = (
            live.encoder
            if live.encoder in (AUTO, COPY)
            else choose_encoder(live.encoder, binary, live.profile)
        )
        standby = software(binary)
        require_sound(binary)
    except PycaError as error:
        return failure("encoder", error)
    return ok("encoder", f"{name}; {standby} for the standby picture")


def _destination(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    first = operator.first_destination(settings)
    if not first.url:
        yield skipped("destination", "none in the configuration; it may be set on the page")
        return
    try:
        address = parse(first.url, first.key)
        known = protocols_of(binary_at(find_ffmpeg(environ)))
    except PycaError as error:
        yield failure("destination", error)
        return
    if address.scheme not in known:
        yield failed("destination", f"FFmpeg cannot send by {address.scheme}", "install a fuller FFmpeg")
        return
    yield _resolved(address)


def _resolved(address: Address) -> Finding:
    host = urlsplit(address.base).hostname
    if not host:
        return ok("destination", f"{address.masked} waits for its receiver")
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        remedy = "check the name, and that the network is there"
        return warning("destination", f"{host} is not known: {error.strerror or error}", remedy)
    return ok("destination", address.masked)
