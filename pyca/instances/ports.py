"""The ports of streams, and the addresses that belong to them."""

import os
import socket
import stat
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from pyca.config.addresses import is_address
from pyca.core.errors import BusyError, ImagingError
from pyca.core.live import LONGEST_SOCKET
from pyca.folders.names import checked

EXHAUSTED = "All ports are used. Stop some instances before opening a new stream."


class Ports:
    """Gives out ports round robin, so that a client of a stream that has ended does not find another one.

    :param first: the lowest
    :param last: the highest, included
    """

    def __init__(self, first: int, last: int) -> None:
        self._all = range(first, last + 1)
        self._next = 0
        self._held: set[int] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._all)

    def take(self) -> int:
        """Return a port that no instance of ours has.

        :raises BusyError: where there is none
        """
        with self._lock:
            for step in range(len(self._all)):
                port = self._all[(self._next + step) % len(self._all)]
                if port not in self._held:
                    self._next += step + 1
                    self._held.add(port)
                    return port
        raise BusyError(EXHAUSTED)

    def hold(self, port: int) -> None:
        """Have one port, which its configuration demands.

        :raises BusyError: where another instance of ours has it
        """
        if not self.held_now(port):
            raise taken(port)

    def held_now(self, port: int) -> bool:
        """Take one port if it is still free; tells whether it was."""
        with self._lock:
            if port in self._held:
                return False
            self._held.add(port)
            return True

    def release(self, port: int) -> None:
        """Give one back."""
        with self._lock:
            self._held.discard(port)


def taken(port: int, noun: str = "instance") -> BusyError:
    """Return the error for a port that a configuration demands and somebody else has."""
    return BusyError(
        f"Port {port} is in use, which the {noun}'s configuration demands",
        "stop who uses it, or take “port” out of the configuration",
    )


@dataclass(frozen=True)
class Address:
    """Where one stream is.

    :param bind: what its process listens at
    :param shown: what clients are told
    :param local: for a client in this process
    :param beside: where it is as well, faster for programs of this machine; empty for none
    """

    bind: str
    shown: str
    local: str
    beside: str = ""


@dataclass(frozen=True)
class Network:
    """Where the streams of a server are.

    :param interface: name or address that the server listens at
    :param hostname: in addresses of streams; empty for one that follows from ``interface``
    """

    interface: str
    hostname: str = ""

    def address(self, port: int) -> Address:
        """Return the address of a stream over TCP."""
        host = _host(self.interface)
        everywhere = host in ("0.0.0.0", "::", "")
        name = self.hostname or (socket.gethostname() if everywhere else _quoted(host))
        local = "127.0.0.1" if everywhere else _quoted(host)
        bound = "*" if everywhere else _quoted(host)
        return Address(*(f"tcp://{place}:{port}" for place in (bound, name, local)))


def _host(interface: str) -> str:
    """Return the address to bind, empty for all of them.

    Loopback's name is its IPv4 address, which all clients understand.
    """
    if interface in ("", "*"):
        return ""
    if interface == "localhost":
        return "127.0.0.1"
    if is_address(interface):
        return interface
    try:
        return socket.gethostbyname(interface)
    except OSError:
        # Binding to it says what is wrong.
        return interface


def _quoted(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def socket_folder(wanted: Path | None, noun: str = "camera") -> Path:
    """Return the folder of the streams that are Unix sockets, made where it is not there.

    :param wanted: None for one in the runtime directory
    :param noun: what the streams are those of; those of others are elsewhere
    :raises ImagingError: where there can be none, or it is somebody else's
    """
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        if wanted is None and (runtime := os.environ.get(name, "").split(":")[0]):
            wanted = Path(runtime) / f"{noun}s"
    folder = wanted or Path(tempfile.gettempdir()) / f"pyca-{noun}s-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ImagingError(f"There is no folder for sockets at {folder}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or (wanted is None and found.st_uid != os.getuid()):
        raise ImagingError(f"{folder} is no folder of ours", _elsewhere(noun))
    return folder


def socket_address(folder: Path, name: str, noun: str = "camera") -> Address:
    """Return the address of a stream as a Unix socket; one that nobody listens at is removed.

    :param noun: what the stream is that of
    :raises BusyError: where somebody listens there
    :raises ImagingError: where its path is too long
    """
    path = folder / checked(name, noun)
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        raise ImagingError(
            f"The path {path} is longer than the {LONGEST_SOCKET} bytes that a socket's may have",
            _elsewhere(noun),
        )
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as visitor:
            if visitor.connect_ex(str(path)) == 0:
                raise BusyError(f"Somebody else streams at {path}", "stop the other server")
        path.unlink(missing_ok=True)
    return Address(*(f"ipc://{path}",) * 3)


def _elsewhere(noun: str) -> str:
    """Return how to have the sockets in another folder."""
    where = "[camera] sockets" if noun == "camera" else "the environment variable RUNTIME_DIRECTORY"
    return f"set {where} to a folder of yours with a short path"
