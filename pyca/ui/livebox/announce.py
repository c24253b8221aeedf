"""Tells the network by mDNS that there is a livebox here, and says goodbye at the end."""

import importlib.util
import logging
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyca.core.errors import UsageError

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

logger = logging.getLogger(__name__)

TYPES = ("_livebox._tcp.local.", "_http._tcp.local.")
PERIOD = 15.0
"""Seconds between two looks at whether the machine has other addresses by now."""
LONGEST_FACT = 200
"""bytes of a value that is told; the format has room for 255 with its name"""
_LONGEST = 50
"""bytes of a name, with room for the number that tells it from another one of the same"""


@dataclass(frozen=True)
class Box:
    """What is announced.

    :param name: what people are shown
    :param identity: tells boxes of one name apart: the MAC address
    :param facts: what is told beside name and port
    """

    name: str
    identity: str
    port: int
    facts: tuple[tuple[str, str], ...] = ()


class Announcer:
    """Announces from :meth:`start` until :meth:`close`, anew whenever the machine's addresses change.

    :param addresses: returns those at which the box can be reached now
    :param period: seconds between two looks at them
    :raises UsageError: where the library for it is not there
    """

    def __init__(self, box: Box, addresses: Callable[[], Sequence[str]], *, period: float = PERIOD) -> None:
        if importlib.util.find_spec("zeroconf") is None:
            raise UsageError("mDNS needs the library zeroconf", "pip install 'pyca[mdns]', or do without it")
        self._box = box
        self._addresses = addresses
        self._period = period
        self._ended = threading.Event()
        self._is_silent = False
        """whether it was told already that it does not work"""
        self._thread = threading.Thread(target=self._run, name="mdns", daemon=True)

    def start(self) -> None:
        """Begin; it takes a second until others know."""
        self._thread.start()

    def close(self) -> None:
        """Say goodbye."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            self._announce_for_ever()
        except Exception:
            # The box can be used without being announced, and somebody has to know that it is not.
            logger.exception("mDNS has failed: nothing is announced any more")

    def _announce_for_ever(self) -> None:
        told: tuple[str, ...] = ()
        voice: Zeroconf | None = None
        while not self._ended.is_set():
            present = tuple(sorted(self._addresses()))
            if present != told:
                _end(voice)
                voice = self._announce(present) if present else None
                told = present if voice else ()
            self._ended.wait(self._period)
        _end(voice)

    def _announce(self, addresses: Sequence[str]) -> "Zeroconf | None":
        """Announce the box; None where that is not possible at present."""
        from zeroconf import Error, IPVersion, Zeroconf

        # A kernel without IPv6 must not be asked for it.
        version = IPVersion.All if any(":" in one for one in addresses) else IPVersion.V4Only
        voice = None
        try:
            voice = Zeroconf(interfaces=list(addresses), ip_version=version)
            for kind in TYPES:
                made = service(self._box, kind, addresses)
                voice.register_service(made, allow_name_change=True, cooperating_responders=False)
                logger.info("announced as %s", made.name)
        except (OSError, Error) as error:
            # The network may be away for days.
            if not self._is_silent:
                logger.warning("mDNS does not work, it is tried again: %s", error)
            self._is_silent = True
            _end(voice)
            return None
        self._is_silent = False
        return voice


def service(box: Box, kind: str, addresses: Sequence[str]) -> "ServiceInfo":
    """Return what is announced of a box."""
    from zeroconf import ServiceInfo

    return ServiceInfo(
        kind,
        f"{label(box.name)}.{kind}",
        port=box.port,
        properties=dict(box.facts),
        # Not the machine's own name: its own responder answers for that, with addresses that it knows better.
        server=f"livebox-{re.sub('[^0-9a-z]', '', (box.identity or socket.gethostname()).lower())}.local.",
        parsed_addresses=list(addresses),
    )


def label(name: str) -> str:
    """Return a name as others are shown it: dots would end it, and it has an end in bytes."""
    plain = "".join(character if character.isprintable() else " " for character in name.replace(".", "-"))
    return cut(plain.strip(), _LONGEST).strip() or "livebox"


def cut(text: str, most: int) -> str:
    """Return as much of a text as goes into a number of bytes."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")


def _end(voice: "Zeroconf | None") -> None:
    """Say goodbye for all that was announced."""
    if voice is not None:
        voice.unregister_all_services()
        voice.close()
