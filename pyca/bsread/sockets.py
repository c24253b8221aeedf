"""What sending and receiving have in common: addresses and sockets of ZeroMQ."""

import errno
import re
import socket as plain
from enum import StrEnum
from pathlib import Path

import zmq

from pyca.core.errors import BusyError, WireError

SILENCE_SECONDS = 30
"""after which a peer whose machine is gone is given up"""
_ADDRESS = re.compile(
    r"tcp://(?:\[[0-9A-Fa-f:.%]+\]|[^\s\0:/\[\]]+):(?P<port>\d{1,5}|\*)|ipc://[^\s\0]+|inproc://[^\s\0]+"
)
_LONGEST_PATH = 107
"""bytes of the path of a Unix socket, sun_path of Linux"""


class Mode(StrEnum):
    """How messages are spread: to everybody, or each to one of those that take them."""

    PUB = "PUB"
    PUSH = "PUSH"
    SUB = "SUB"
    PULL = "PULL"


def checked(address: str) -> str:
    """Return an address that can be used.

    :raises WireError: where it is none
    """
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    port = match["port"] if match else None
    if not match or (port and port != "*" and int(port) > 65535):
        raise WireError(f"{address!r} is no address of a stream; expected is tcp://host:port or ipc:///path")
    try:
        path = address.removeprefix("ipc://").encode()
    except UnicodeEncodeError:
        raise WireError(f"{address!r} is no address of a stream: it has characters that are none") from None
    if address.startswith("ipc://") and len(path) > _LONGEST_PATH:
        raise WireError(f"The path in {address} is too long; at most {_LONGEST_PATH} bytes are possible")
    return address


def prepared(socket: "zmq.Socket[bytes]", address: str) -> None:
    """Let a socket notice peers whose machine is gone, and speak IPv6 where that is asked for."""
    if address.startswith("tcp://["):
        socket.setsockopt(zmq.IPV6, 1)
    if address.startswith("tcp://"):
        socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, SILENCE_SECONDS // 3)
        socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, SILENCE_SECONDS // 6)
        socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 4)


def bind(socket: "zmq.Socket[bytes]", address: str) -> str:
    """Bind a socket.

    :return: the real address, with the port that was chosen where it was 0
    :raises BusyError: where somebody else has the address
    :raises WireError: where it is no address of this machine
    """
    given = re.sub(r":0$", ":*", checked(address))
    if address.startswith("ipc://") and _answers(Path(address.removeprefix("ipc://"))):
        # ZeroMQ would take it away from the other one.
        raise _taken(address)
    try:
        socket.bind(given)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise _taken(address) from None
        raise WireError(f"Nothing can be sent or received at {address}: {_reason(error)}") from None
    return bytes(socket.getsockopt(zmq.LAST_ENDPOINT)).rstrip(b"\0").decode()


def connect(socket: "zmq.Socket[bytes]", address: str) -> str:
    """Connect a socket, as soon as somebody is there, and again whenever the connection is lost.

    :raises WireError: where it is no address
    """
    try:
        socket.connect(checked(address))
    except zmq.ZMQError as error:
        raise WireError(f"{address} cannot be connected to: {_reason(error)}") from None
    return address


def _answers(path: Path) -> bool:
    """Whether somebody listens at a Unix socket: after the end of a process it may be left behind."""
    with plain.socket(plain.AF_UNIX) as other:
        # One who hangs takes no connection, and would keep us waiting for it.
        other.setblocking(False)
        try:
            other.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


def _taken(address: str) -> BusyError:
    return BusyError(f"The address {address} is used by another program", "stop it or choose another port")


def _reason(error: zmq.ZMQError) -> str:
    return "there is no such machine or interface" if error.errno == errno.ENODEV else str(error.strerror)
