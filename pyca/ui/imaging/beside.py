"""Links between the pages of the camera server and those of the pipeline server."""

from urllib.parse import SplitResult, urlsplit

from flask import request

_LOCAL = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("", "*", "0.0.0.0", "::")


def reachable(address: str) -> str:
    """Return the address of a server as whoever asks reaches it, without a slash at its end.

    What is this machine to us may be another one to them: they reach it as they have reached us.

    :param address: such as ``http://localhost:8888``; empty where it is none
    """
    place = urlsplit(address)
    if not place.scheme or place.hostname is None:
        return ""
    host = place.hostname
    if host in _LOCAL:
        host = urlsplit(f"//{request.host}").hostname or host
    return _written(place, host)


def address_of(bind: str, port: int) -> str:
    """Return the address of a server of this machine that listens at a host and port."""
    host = "localhost" if bind in _EVERYWHERE else bind.strip("[]")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _written(place: SplitResult, host: str) -> str:
    host = f"[{host}]" if ":" in host else host
    port = f":{place.port}" if place.port else ""
    return f"{place.scheme}://{host}{port}{place.path.rstrip('/')}"
