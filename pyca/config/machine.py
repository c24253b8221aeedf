"""What the machine says about itself, for keys that the file leaves empty."""

import socket
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo


def default_name() -> str:
    """Return the name of an agent that has none: ``pyca@`` and the name of the host."""
    return f"pyca@{socket.gethostname()}"


def is_zone(name: str) -> bool:
    """Return whether ``name`` is a time zone of the tz database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def system_zone(environ: Mapping[str, str], etc: Path = Path("/etc")) -> str:
    """Return the name of this machine's time zone, ``UTC`` where it does not tell.

    ``TZ`` comes first, because it decides for every program that it is set for.

    :param etc: the folder with ``timezone`` and ``localtime``
    """
    candidates = (environ.get("TZ", "").removeprefix(":"), _linked_zone(etc), _written_zone(etc))
    return next((name for name in candidates if name and is_zone(name)), "UTC")


def _linked_zone(etc: Path) -> str:
    """Return the zone that ``/etc/localtime`` links to."""
    try:
        return str((etc / "localtime").readlink()).partition("zoneinfo/")[2]
    except OSError:
        return ""


def _written_zone(etc: Path) -> str:
    """Return the zone that ``/etc/timezone`` names."""
    try:
        return (etc / "timezone").read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
