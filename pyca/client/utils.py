"""Small helpers for programs that read streams."""

import socket


def get_host_port_from_stream_address(stream_address: str) -> tuple[str, int]:
    """Return host and port of the address of a stream.

    :param stream_address: such as ``tcp://host:10100``; an IPv6 address keeps its brackets
    :raises ValueError: where it has no host or no port, as that of an ``ipc`` stream
    """
    scheme, _, place = stream_address.partition("://")
    host, _, port = place.rpartition(":")
    if not (scheme and host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(
            f"found “{stream_address}”, expected the address of a stream such as tcp://host:10100"
        )
    return host, int(port)


def is_at_hand(address: str) -> bool:
    """Tell whether somebody listens at a Unix socket of this machine, and lets us in.

    :param address: such as ``ipc:///path``, or ``ipc://@name`` of one that is no file; all others are none
    """
    if not address.startswith("ipc://"):
        return False
    place = address.removeprefix("ipc://")
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.setblocking(False)
        try:
            visitor.connect("\0" + place[1:] if place.startswith("@") else place)
        except (OSError, ValueError):
            return False
    return True
