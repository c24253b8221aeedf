"""Figures of one instance, in memory that its process shares with the server: nobody asks, nobody waits."""

import mmap
import os
import struct
import time
import zlib
from dataclasses import dataclass, fields
from typing import Any

import psutil

_TOUCHED = struct.Struct("<Q")
_SUM = struct.Struct("<Q")
_SUM_AT = 8
_BODY = 16
SIZE = 4096
"""bytes of the shared memory"""
WINDOW = 1.0
"""seconds over which rates are taken"""
_TRIES = 100


@dataclass(slots=True)
class Figures:
    """What an instance counts; rates are per second."""

    total_bytes: int = 0
    clients: int = 0
    received: int = 0
    sent: int = 0
    lost: int = 0
    """frames that the source made and nobody got"""
    dropped: int = 0
    """messages that not every client could take"""
    skipped: int = 0
    """frames left out to keep to ``frame_rate``"""
    garbled: int = 0
    """what the source sent and was no frame"""
    errors: int = 0
    """frames that could not be processed"""
    header_changes: int = 0
    width: int = 0
    height: int = 0
    pixel_bytes: int = 0
    closing: int = 0
    """1 once it has decided to end, as nobody listens"""
    receive_rate: float = 0.0
    send_rate: float = 0.0
    throughput: float = 0.0
    """bytes per second"""
    latency: float = 0.0
    """seconds from when the last frame was taken until it was sent"""
    noted: float = 0.0
    """when, in seconds since 1970 UTC"""


_FORM = struct.Struct("<" + "".join("q" if field.type is int else "d" for field in fields(Figures)))


class Statistics:
    """The shared memory, from either side: one writes figures, the other reads them.

    With the figures is their checksum, so that who reads while they are being written sees that, and takes
    either all of the old ones or all of the new ones, in whatever order a processor shows what is written.

    :param descriptor: of the memory, see :func:`memory`; it stays the caller's
    """

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, SIZE)
        self._read = _FORM.pack(*astuple_of(Figures()))
        """what was whole when it was read last"""
        self.figures = Figures()
        """the writer's; they are seen after :meth:`publish`"""
        self._window = (time.monotonic(), 0, 0, 0)

    def publish(self) -> None:
        """Show the figures to the other side."""
        body = _FORM.pack(*astuple_of(self.figures))
        self._map[_BODY : _BODY + _FORM.size] = body
        _SUM.pack_into(self._map, _SUM_AT, _sum(body))

    def tick(self, now: float) -> None:
        """Take the rates anew where it is time to, and publish.

        :param now: of the monotonic clock
        """
        began, received, sent, size = self._window
        figures = self.figures
        if (passed := now - began) >= WINDOW:
            figures.receive_rate = (figures.received - received) / passed
            figures.send_rate = (figures.sent - sent) / passed
            figures.throughput = (figures.total_bytes - size) / passed
            figures.noted = time.time()
            self._window = (now, figures.received, figures.sent, figures.total_bytes)
        self.publish()

    def read(self) -> Figures:
        """Return the figures as they were published last."""
        for _ in range(_TRIES):
            body = self._map[_BODY : _BODY + _FORM.size]
            if _SUM.unpack_from(self._map, _SUM_AT)[0] == _sum(body):
                self._read = body
                break
        return Figures(*_FORM.unpack(self._read))

    def touch(self) -> None:
        """Note, from the server's side, that somebody has just asked for the stream."""
        _TOUCHED.pack_into(self._map, 0, time.monotonic_ns())

    def touched(self) -> float:
        """Return when somebody last asked for the stream, by the monotonic clock; 0 where nobody has."""
        return float(_TOUCHED.unpack_from(self._map, 0)[0]) / 1e9

    def close(self) -> None:
        """Let go of the memory."""
        self._map.close()


def astuple_of(figures: Figures) -> tuple[Any, ...]:
    """Return the values in order; what ``dataclasses`` has for it copies deeply and takes far longer."""
    return tuple(map(figures.__getattribute__, figures.__slots__))


def memory() -> int:
    """Return the descriptor of new shared memory.

    :raises OSError: where there is none
    """
    descriptor = os.memfd_create("pyca-statistics", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, SIZE)
    return descriptor


def rate(per_second: float, number: int) -> str:
    """Return rate and count as clients of the existing servers read them, “9.98Hz - 123”."""
    return f"{per_second:.2f}Hz - {number}"


def described(figures: Figures, process: psutil.Process | None, cpu: float = 0.0) -> dict[str, Any]:
    """Return the figures under the names that clients of the existing servers know, and a few more.

    :param process: of the instance, None where it has ended
    :param cpu: per cent of one processor that it takes
    """
    shown: dict[str, Any] = {
        "total_bytes": figures.total_bytes,
        "clients": figures.clients,
        "throughput": round(figures.throughput, 1),
        "time": time.strftime("%H:%M:%S", time.localtime(figures.noted or None)),
        "rx": rate(figures.receive_rate, figures.received),
        "tx": rate(figures.send_rate, figures.sent),
        "pid": str(process.pid) if process else "",
        "cpu": cpu if process else 0.0,
        "memory": memory_of(process),
        "header_changes": figures.header_changes,
    }
    if figures.width:
        shown["frame_shape"] = f"{figures.width}x{figures.height}x{figures.pixel_bytes}"
    more = {name: getattr(figures, name) for name in ("lost", "dropped", "skipped", "garbled", "errors")}
    return shown | more | {"latency": round(figures.latency, 6)}


def memory_of(process: psutil.Process | None) -> int:
    """Return the bytes of memory that a process has, 0 where it has ended."""
    if process is None:
        return 0
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _sum(body: bytes) -> int:
    # Not that of nothing but zeros, which memory holds that nobody has written to yet.
    return zlib.crc32(body) + 1
