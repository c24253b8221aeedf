"""Ports for servers of tests."""

import random
import socket

# Below those that the kernel gives to connections: one of these would be taken by anybody's next connection
# before it is listened to, or while a server is away for a moment.
_FIRST, _LAST = 10_240, 32_767
_given: set[int] = set()


def free_port() -> int:
    """Return a port on loopback that nobody uses, for TCP or UDP; another one each time."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(_FIRST, _LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def free_ports(number: int) -> int:
    """Return the first of several ports in a row that nobody uses; others each time."""
    while True:
        first = free_port()
        row = range(first, first + number)
        if row[-1] <= _LAST and _given.isdisjoint(row[1:]) and all(map(_is_free, row)):
            _given.update(row)
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        try:
            stream.bind(("127.0.0.1", port))
            datagram.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
