"""Where a request comes from. What a proxy says of that counts only where it runs on this machine."""

import ipaddress

from flask import Request


def address(asked: Request) -> str:
    """Return the client's address; the peer's where no proxy of this machine names another one.

    Anybody can send ``X-Forwarded-For``. Its last entry is that of the nearest proxy, the only one we know.
    """
    peer = asked.environ.get("REMOTE_ADDR") or ""
    if _is_here(peer) and (told := _last(asked, "X-Forwarded-For")):
        return _shown(told) or peer or "local"
    return _shown(peer) or peer or "local"


def network(client: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network that an IPv6 host can choose from.

    :param client: from :func:`address`
    """
    try:
        known = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known.packed, 64), strict=False))
    return str(known)


def elsewhere(peer: str) -> str:
    """Return what counts as one client of a connection's other side; empty where that is this machine.

    :param peer: its address as the socket tells it
    """
    return "" if _is_here(peer) else network(_shown(peer) or peer)


def is_https(asked: Request) -> bool:
    """Tell whether the browser's own connection is encrypted, here or at the proxy of this machine."""
    if _is_here(asked.environ.get("REMOTE_ADDR") or "") and (told := _last(asked, "X-Forwarded-Proto")):
        return told.lower() == "https"
    return asked.scheme == "https"


def _is_here(peer: str) -> bool:
    """Tell whether a connection came from this machine; one through a Unix socket has no address."""
    if peer in ("", "localhost", "unix:"):
        return True
    try:
        known = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return (getattr(known, "ipv4_mapped", None) or known).is_loopback


def _last(asked: Request, header: str) -> str:
    return asked.headers.get(header, "").rpartition(",")[2].strip()


def _shown(text: str) -> str:
    """Return an address in its usual form, empty where the text is none."""
    try:
        known = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return ""
    return str(getattr(known, "ipv4_mapped", None) or known)
