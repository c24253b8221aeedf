"""Where the streamer's own application listens: on this machine alone, on one network card, or on all."""

import ipaddress
import socket
from dataclasses import dataclass

from pyca.config.addresses import is_loopback
from pyca.core.errors import UsageError
from pyca.ui.listening import everywhere, shown
from pyca.ui.livebox import machine


@dataclass(frozen=True)
class Place:
    """Somewhere to listen.

    :param host: an address, empty for all of them
    """

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """True where nobody else can reach it."""
        return is_loopback(self.host)

    @property
    def is_everywhere(self) -> bool:
        """True where it is all addresses, if only those of one kind."""
        return not self.host or ipaddress.ip_address(self.host).is_unspecified


def find(bind: str, port: int) -> Place:
    """Return what ``[live] bind`` means.

    :param bind: localhost, an address, the name of a network card, or ``*`` or nothing for all addresses
    :raises UsageError: where it is none of these, or the card has no address
    """
    wanted = bind.strip()
    if everywhere(wanted):
        return Place("", port)
    if is_loopback(wanted):
        return Place("127.0.0.1" if wanted.lower().endswith("localhost") else wanted.strip("[]"), port)
    try:
        return Place(str(ipaddress.ip_address(wanted.strip("[]"))), port)
    except ValueError:
        pass  # then it is the name of a network card, or a mistake
    if wanted not in machine.cards():
        known = ", ".join(machine.cards())
        raise UsageError(
            f"bind: “{wanted[:60]}” is neither an address nor a network card of this machine",
            f"use localhost, an address, * for all, or a card: {known}",
        )
    found = machine.addresses_of(wanted)
    if not found:
        raise UsageError(
            f"bind: the network card {wanted} has no address", "connect it, or bind to another one"
        )
    return Place(found[0], port)


def announced(place: Place) -> list[str]:
    """Return the addresses at which others reach a place: of those kinds alone on which somebody listens."""
    if not place.is_everywhere:
        return [place.host]
    every = [address for card in machine.cards() for address in machine.addresses_of(card)]
    outside = [one for one in map(ipaddress.ip_address, every) if not one.is_loopback]
    return [str(one) for one in outside if not place.host or (":" in place.host) == (one.version == 6)]


def named(place: Place) -> str:
    """Return a host at which a place can be reached: nobody calls “all addresses”."""
    return socket.gethostname() if place.is_everywhere else shown(place.host)
