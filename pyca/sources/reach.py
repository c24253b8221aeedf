"""Whether anybody listens at an address, within a time that is known before.

Kinds of cameras share this: a name service may take its time, and FFmpeg and ZeroMQ wait for ever.
"""

import queue
import socket
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from pyca.core.errors import OfflineError, SourceError
from pyca.sources.source import OFFLINE_SECONDS

Place = tuple[socket.AddressFamily, tuple[Any, ...]]
"""where to connect to, as :mod:`socket` has it"""


def is_connectable(address: str) -> bool:
    """Whether tcp://host:port names one host and one port."""
    try:
        parts = urlsplit(address)
        return bool(parts.port and is_host(parts.hostname or "") and parts.hostname != "*")
    except ValueError:
        return False


def is_host(name: str) -> bool:
    """Whether a host can have this name: no part of it is empty or longer than 63 letters."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


def check(address: str, seconds: float = OFFLINE_SECONDS) -> None:
    """Return where somebody takes a connection.

    :param address: tcp://host:port or ipc:///path
    :raises OfflineError: where nobody does within that time
    :raises SourceError: where it is no address
    """
    if address.startswith("ipc://"):
        path = address.removeprefix("ipc://")
        _connect(address, socket.AF_UNIX, "\0" + path[1:] if path.startswith("@") else path, seconds)
        return
    parts = urlsplit(address)
    knock(parts.hostname or "", parts.port or 0, address, seconds)


def knock(host: str, port: int, shown: str, seconds: float) -> None:
    """Connect to a host and hang up at once.

    :param shown: the address as it may be told to anybody
    :raises OfflineError: where nobody takes the connection within that time
    :raises SourceError: where that is no host
    """
    until = time.monotonic() + seconds
    reason = OfflineError(f"Nobody answers at {shown}.")
    for family, place in places(host, port, shown, seconds):
        try:
            _connect(shown, family, place, until - time.monotonic())
        except OfflineError as error:
            reason = error
        else:
            return
    raise reason


def _connect(
    address: str, family: socket.AddressFamily, place: tuple[Any, ...] | str, seconds: float
) -> None:
    if seconds <= 0:
        raise OfflineError(f"Nobody answers at {address}.")
    try:
        with socket.socket(family) as probe:
            probe.settimeout(seconds)
            probe.connect(place)
    except OSError as error:
        reason = "" if isinstance(error, TimeoutError) else f": {error.strerror or error}"
        raise OfflineError(f"Nobody answers at {address}{reason}.") from error
    except ValueError as error:
        raise SourceError(f"{address!a} is no address: {error}") from error


def places(host: str, port: int, shown: str, seconds: float) -> list[Place]:
    """Return where a host is. To ask for its name may take long, which nobody waits for.

    :param shown: the address as it may be told to anybody
    :raises OfflineError: where the name service does not tell in time
    :raises SourceError: where that is no host
    """
    if not is_host(host):
        raise SourceError(f"{shown!a}: no host can be called {host!a}", "correct the address")
    with suppress(OSError):
        return _resolved(host, port, socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[list[Place] | str] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_resolved(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(f"{host} is not known ({error})")

    threading.Thread(target=ask, name="name service", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        answer = f"the name service does not tell where {host} is"
    if isinstance(answer, str):
        raise OfflineError(f"Nobody answers at {shown}: {answer}.")
    return answer


def _resolved(host: str, port: int, flags: int = 0) -> list[Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(entry[0], entry[4]) for entry in found]
