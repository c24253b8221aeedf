"""Whether anybody listens at an address, within a time that is known before."""

import queue
import socket
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from pyca.core.errors import OfflineError
from pyca.sources.source import OFFLINE_SECONDS

_Place = tuple[socket.AddressFamily, tuple[Any, ...]]


def is_connectable(address: str) -> bool:
    """Whether tcp://host:port names one host and one port."""
    try:
        parts = urlsplit(address)
        return bool(parts.port and parts.hostname and parts.hostname != "*")
    except ValueError:
        return False


def check(address: str, seconds: float = OFFLINE_SECONDS) -> None:
    """Return where somebody takes a connection.

    :param address: tcp://host:port or ipc:///path
    :raises OfflineError: where nobody does within that time
    """
    until = time.monotonic() + seconds
    if address.startswith("ipc://"):
        path = address.removeprefix("ipc://")
        _connect(address, socket.AF_UNIX, "\0" + path[1:] if path.startswith("@") else path, seconds)
        return
    reason = OfflineError(f"Nobody answers at {address}.")
    for family, place in _places(address, seconds):
        try:
            _connect(address, family, place, until - time.monotonic())
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


def _places(address: str, seconds: float) -> list[_Place]:
    """Return the addresses of a host. To ask for its name may take long, which nobody waits for."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 0
    with suppress(OSError):
        return _resolved(host, port, socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[list[_Place] | str] = queue.SimpleQueue()

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
        raise OfflineError(f"Nobody answers at {address}: {answer}.")
    return answer


def _resolved(host: str, port: int, flags: int = 0) -> list[_Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(entry[0], entry[4]) for entry in found]
