"""Cameras in the network: does one answer? Known within a second, whatever FFmpeg would wait for."""

import ipaddress
import re
import select
import socket
import threading
from urllib.parse import SplitResult, urlsplit

from pyca.core.errors import OfflineError, SourceError
from pyca.core.secrecy import mask
from pyca.media.sources import bare

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
        there = bool(port) and (scheme == "udp" or bool(parts.hostname))
    except ValueError:
        there = False
    if not there or re.search(r"\s", address):
        raise SourceError(f"the address {mask(address)} names no host or a wrong port", "correct it")


def require_answer(address: str, seconds: float) -> None:
    """Refuse a camera that does not answer in time; of SRT nobody can tell.

    :raises OfflineError: where it does not
    """
    parts = urlsplit(address)
    match scheme_of(address):
        case "srt":
            return
        case "udp":
            _wait_for_datagram(parts, seconds)
        case scheme:
            _call(parts.hostname or "", parts.port or _PORTS[scheme], bare(address), seconds)


def _call(host: str, port: int, shown: str, seconds: float) -> None:
    """Connect and hang up at once."""
    wrong = [f"nothing answers within {seconds:g} s"]

    def call() -> None:
        try:
            socket.create_connection((host, port), seconds).close()
            wrong.clear()
        except OSError as error:
            wrong[:] = [error.strerror or wrong[0]]

    # Looking up a name takes no time limit: who looks may go on looking, and nobody waits.
    caller = threading.Thread(target=call, name="camera-call", daemon=True)
    caller.start()
    caller.join(seconds)
    if reason := next(iter(wrong), ""):
        raise OfflineError(f"the camera at {shown} does not answer: {reason}", _REMEDY)


def _wait_for_datagram(parts: SplitResult, seconds: float) -> None:
    """Listen for a moment where FFmpeg is going to."""
    port = parts.port or 0
    try:
        group = ipaddress.ip_address(parts.hostname or "0.0.0.0")
    except ValueError:
        return  # a name: FFmpeg finds out what it means
    family = socket.AF_INET6 if group.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
            if group.is_multicast and group.version == 4:
                listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + bytes(4))
        except OSError as error:
            raise SourceError(
                f"UDP port {port} cannot be listened to: {error.strerror}", "does another program use it?"
            ) from error
        if group.is_multicast and group.version == 6:
            return
        if not select.select([listener], [], [], seconds)[0]:
            raise OfflineError(f"nothing arrives at UDP port {port} within {seconds:g} s", _REMEDY)
