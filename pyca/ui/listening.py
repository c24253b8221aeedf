"""Opens the port on which a server of ours listens, and says in words why that is not possible."""

import errno
import socket

from pyca.core.errors import UsageError


def everywhere(host: str) -> bool:
    """Tell whether a setting means all addresses of the machine."""
    return host in ("", "*")


def open_port(host: str, port: int, section: str) -> socket.socket:
    """Open a port ourselves: the server would leave a socket behind where that fails.

    :param host: a name or an address, empty or ``*`` for all addresses
    :param section: of the configuration, for what helps
    :raises UsageError: where it cannot be opened
    """
    both = everywhere(host) and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    place = ("" if everywhere(host) else host.strip("[]"), port)
    try:
        return socket.create_server(place, family=family, dualstack_ipv6=both)
    except OSError as error:
        raise _refused(error, host, port, section) from error


def shown(host: str) -> str:
    """Return a host as it stands in an address of this machine."""
    name = "localhost" if everywhere(host) else host.strip("[]")
    return f"[{name}]" if ":" in name else name


def _refused(error: OSError, host: str, port: int, section: str) -> UsageError:
    """Say why nobody can listen there, in words."""
    place = f"{host or 'all addresses'} port {port}"
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"{place} is taken by another program",
            f"stop it, or set another {section} port; “ss -ltnp sport = :{port}” shows who it is",
        )
    if error.errno == errno.EACCES:
        return UsageError(f"{place} needs special rights", f"set a {section} port of 1024 or more")
    return UsageError(
        f"nobody can listen on {place}: {error}", f"set {section} bind to an address of this machine"
    )
