"""What the livebox interface tells of the machine: which one it is, and what its disk has left."""

import ipaddress
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from pyca.config.settings import Settings
from pyca.runtime.disk import existing

_CARDS = Path("/sys/class/net")
_NOBODY = "00:00:00:00:00:00"


def name(settings: Settings) -> str:
    """Return what this box is called: ``[live] name``, else the name of the machine."""
    return settings.live.name or socket.gethostname()


def identity(cards: Path = _CARDS) -> str:
    """Return the MAC address of the machine: that of its first card, empty where it has none.

    Bridges and tunnels come and go with other addresses, so what is no piece of hardware counts last.
    """
    found = {card: mac for card, mac in _macs().items() if mac not in ("", _NOBODY)}
    first = min(found, key=lambda card: (not (cards / card / "device").exists(), card), default="")
    return found.get(first, "")


def used_percent(folder: Path) -> float:
    """Return how full the disk is that has, or will have, a folder."""
    try:
        disk = shutil.disk_usage(existing(folder))
    except OSError:
        return 0.0
    return round(100 * disk.used / disk.total, 1) if disk.total else 0.0


def addresses_of(card: str) -> list[str]:
    """Return the IP addresses of a network card, IPv4 first; empty where there is no such card."""
    found = [
        one.address.partition("%")[0]
        for one in psutil.net_if_addrs().get(card, ())
        if one.family in (socket.AF_INET, socket.AF_INET6)
    ]
    # An address that counts on one link alone cannot be listened on without naming that link.
    usable = [ipaddress.ip_address(one) for one in found if not one.lower().startswith("fe80:")]
    return [str(one) for one in sorted(usable, key=lambda one: one.version)]


def cards() -> list[str]:
    """Return the names of the network cards."""
    return sorted(psutil.net_if_addrs())


def _macs() -> Mapping[str, str]:
    return {
        card: next((one.address.lower() for one in told if one.family == psutil.AF_LINK), "")
        for card, told in psutil.net_if_addrs().items()
    }
