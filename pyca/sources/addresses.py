"""Cameras in the network: does one answer? Known within a second, whatever FFmpeg would wait for."""

import ipaddress
import re
import select
import socket
import time
from urllib.parse import parse_qs, urlsplit

from pyca.core.errors import OfflineError, SourceError
from pyca.core.secrecy import mask
from pyca.media.sources import bare
from pyca.sources.reach import is_host, knock, places

_PORTS = {
    "rtsp": 554,
    "rtsps": 322,
    "http": 80,
    "https": 443,
    "rtmp": 1935,
    "rtmps": 443,
    "tcp": 0,
    "udp": 0,
    "srt": 0,
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_JOIN = {
    4: (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP),
    6: (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP),
}
_REMEDY = "is it switched on, and in this network?"


def scheme_of(source: str) -> str:
    """Return the scheme of an address in small letters, empty for what is none."""
    match = _SCHEME.match(source)
    return match[1].lower() if match else ""


def require_known(address: str) -> None:
    """Refuse an address that no camera can have.

    :raises SourceError: where the scheme is none that we read, or host or port are missing
    """
    scheme = scheme_of(address)
    if scheme not in _PORTS:
        known = ", ".join(f"{name}://" for name in _PORTS)
        raise SourceError(f"a camera's address cannot begin with “{scheme}://”", f"known are {known}")
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[scheme]
        host = parts.hostname or ""
        there = bool(port) and (is_host(host) or (scheme == "udp" and not host))
    except ValueError:
        there = False
    if not there or re.search(r"\s", address):
        raise SourceError(f"the address {mask(address)} names no host or a wrong port", "correct it")


def require_answer(address: str, seconds: float) -> None:
    """Refuse a camera that does not answer in time; of SRT nobody but FFmpeg can tell.

    :raises OfflineError: where it does not
    """
    parts = urlsplit(address)
    scheme, shown = scheme_of(address), bare(address)
    port = parts.port or _PORTS[scheme]
    try:
        if scheme == "udp":
            _wait_for_datagram(parts.hostname or "0.0.0.0", port, shown, seconds)
        elif scheme != "srt":
            knock(parts.hostname or "", port, shown, seconds)
    except OfflineError as error:
        raise OfflineError(error.message, _REMEDY) from error


def waits_to_be_called(address: str) -> bool:
    """Tell whether it is the camera that connects to us, as SRT can be told to."""
    return scheme_of(address) == "srt" and "listener" in parse_qs(urlsplit(address).query).get("mode", [])


def _wait_for_datagram(host: str, port: int, shown: str, seconds: float) -> None:
    """Listen for a moment where FFmpeg is going to."""
    until = time.monotonic() + seconds
    (family, place), *_ = places(host, port, shown, seconds)
    group = ipaddress.ip_address(place[0].partition("%")[0])
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
            if group.is_multicast:
                level, join = _JOIN[group.version]
                listener.setsockopt(level, join, group.packed + bytes(4))
        except OSError as error:
            raise SourceError(
                f"UDP port {port} cannot be listened to: {error.strerror}", "does another program use it?"
            ) from error
        # Unlike select, poll takes descriptors of any number.
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        if not poll.poll(max(until - time.monotonic(), 0.0) * 1000):
            raise OfflineError(f"nothing arrives at UDP port {port} within {seconds:g} s")
