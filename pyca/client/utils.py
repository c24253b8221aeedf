"""Small helpers for programs that read streams."""


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
