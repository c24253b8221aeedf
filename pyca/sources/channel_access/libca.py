"""Channel Access by libca, the library of EPICS itself, as pyepics brings it.

Only its C interface (``cadef.h``, ``db_access.h``) is used: one copy of each image, in a thread that holds no
lock of Python, and contexts that end when they are told to.
"""

import atexit
import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pyca.core.errors import SourceError
from pyca.sources.channel_access.client import OnConnection, OnUpdate, Update, unix_time

_NORMAL, _CONNECTED = 1, 6
_EVERYTHING = 1 | 4
"""DBE_VALUE and DBE_ALARM: each time that the record is processed"""
_TIME, _TEXT = 14, 0
"""from a type to the one with a time; DBR_STRING"""
_TEXT_SIZE = 40
_NUMBERS = {1: "i2", 2: "f4", 3: "u2", 4: "u1", 5: "i4", 6: "f8"}
"""short, float, enum, char, long, double"""
_MOST_TYPES = 39
_LARGEST = 64 << 20
_REPEATER_PORT = 5065


class _Happened(ctypes.Structure):
    """``struct event_handler_args``."""

    _fields_ = (
        ("user", ctypes.c_void_p),
        ("channel", ctypes.c_void_p),
        ("type", ctypes.c_long),
        ("count", ctypes.c_long),
        ("data", ctypes.c_void_p),
        ("status", ctypes.c_int),
    )


class _Connection(ctypes.Structure):
    """``struct connection_handler_args``."""

    _fields_ = (("channel", ctypes.c_void_p), ("what", ctypes.c_long))


class _Stamp(ctypes.Structure):
    """The beginning of all ``struct dbr_time_…``."""

    _fields_ = (
        ("status", ctypes.c_int16),
        ("severity", ctypes.c_int16),
        ("seconds", ctypes.c_uint32),
        ("nanoseconds", ctypes.c_uint32),
    )


_ON_EVENT = ctypes.CFUNCTYPE(None, _Happened)
_ON_CONNECTION = ctypes.CFUNCTYPE(None, _Connection)
_ON_PRINT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)


class LibcaClient:
    """A context of libca.

    :raises ImportError: where pyepics is not installed
    :raises SourceError: where libca cannot be loaded
    """

    name = "pyepics"

    def __init__(self) -> None:
        self._ca = _load()
        # For IOCs and libraries that do not find out the size by themselves.
        os.environ.setdefault("EPICS_CA_MAX_ARRAY_BYTES", str(_LARGEST))
        offsets = (ctypes.c_ushort * _MOST_TYPES).in_dll(self._ca, "dbr_value_offset")
        self._offsets = tuple(offsets)
        self._silent = _ON_PRINT(lambda _: 0)
        self._lock = threading.Lock()
        self._channels: list[_Channel] = []
        self._ca.ca_detach_context()
        _check(self._ca, self._ca.ca_context_create(1), "make a context")
        self._context: int | None = self._ca.ca_current_context()
        self._ca.ca_replace_printf_handler(self._silent)
        self._ca.ca_detach_context()
        # A thread of libca that calls Python while it ends would end it by a signal.
        atexit.register(self.close)

    def subscribe(self, pv: str, update: OnUpdate, connection: OnConnection, *, text: bool = False) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        channel = _Channel(self._ca, self._offsets, pv, text, update, connection)
        with self._attached(), _no_repeater():
            self._channels.append(channel)
            channel.create()

    def search_again(self) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        with self._attached():
            for channel in self._channels:
                channel.search_again()

    def close(self) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        atexit.unregister(self.close)
        if self._context is None:
            return
        with self._lock:
            self._ca.ca_detach_context()
            self._ca.ca_attach_context(self._context)
            self._ca.ca_context_destroy()
            self._context = None
            self._channels.clear()

    @contextlib.contextmanager
    def _attached(self) -> Iterator[None]:
        """Have this thread use the context: one thread has one at a time."""
        with self._lock:
            self._ca.ca_detach_context()
            self._ca.ca_attach_context(self._context)
            try:
                yield
            finally:
                self._ca.ca_flush_io()
                self._ca.ca_detach_context()


class _Channel:
    """One PV. Its subscription is a new one after each connection: its type may be another then."""

    def __init__(
        self,
        ca: ctypes.CDLL,
        offsets: tuple[int, ...],
        pv: str,
        text: bool,
        update: OnUpdate,
        connection: OnConnection,
    ) -> None:
        self._ca = ca
        self._offsets = offsets
        self._pv = pv
        self._text = text
        self._update = update
        self._connection = connection
        self._id = ctypes.c_void_p()
        self._event = ctypes.c_void_p()
        self._connected = False
        # Kept for as long as libca may call them.
        self._on_event = _ON_EVENT(self._happened)
        self._on_connection = _ON_CONNECTION(self._changed)

    def create(self) -> None:
        status = self._ca.ca_create_channel(
            self._pv.encode(), self._on_connection, None, 0, ctypes.byref(self._id)
        )
        _check(self._ca, status, f"look for {self._pv}")

    def search_again(self) -> None:
        if not self._connected:
            self._ca.ca_clear_channel(self._id)
            self._event.value = None
            self.create()

    def _changed(self, found: _Connection) -> None:
        self._connected = found.what == _CONNECTED
        self._connection(self._connected)
        if not self._connected:
            return
        if self._event.value:
            self._ca.ca_clear_subscription(self._event)
            self._event.value = None
        native = _TEXT if self._text else self._ca.ca_field_type(found.channel)
        status = self._ca.ca_create_subscription(
            native + _TIME, 0, found.channel, _EVERYTHING, self._on_event, None, ctypes.byref(self._event)
        )
        if status == _NORMAL:
            self._ca.ca_flush_io()
        else:
            self._update(Update([], unix_time(0, 0), _words(self._ca, status)))

    def _happened(self, found: _Happened) -> None:
        if found.status != _NORMAL:
            # A lost connection is one such: that is told as one, and this is not the PV's fault.
            if self._connected:
                self._update(Update([], unix_time(0, 0), _words(self._ca, found.status)))
            return
        stamp = _Stamp.from_address(found.data)
        start = found.data + self._offsets[found.type]
        self._update(
            Update(
                _values(found.type - _TIME, found.count, start),
                unix_time(stamp.seconds, stamp.nanoseconds),
            )
        )


def _values(kind: int, count: int, start: int) -> Any:
    if kind == _TEXT:
        texts = (ctypes.string_at(start + _TEXT_SIZE * number, _TEXT_SIZE) for number in range(count))
        return [text.split(b"\0")[0].decode("utf-8", "replace") for text in texts]
    values = np.empty(count, _NUMBERS[kind])
    ctypes.memmove(values.ctypes.data, start, values.nbytes)
    return values


def _load() -> ctypes.CDLL:
    """Load the library that pyepics would, or has loaded, but with signatures of our own."""
    from epics import ca

    try:
        library = ctypes.CDLL(ca.find_libca())
    except (OSError, ca.ChannelAccessException) as error:
        raise SourceError(f"libca of pyepics cannot be loaded: {error}", "use caproto") from None
    pointer = ctypes.c_void_p
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "ca_context_create": (ctypes.c_int, [ctypes.c_int]),
        "ca_context_destroy": (None, []),
        "ca_current_context": (pointer, []),
        "ca_attach_context": (ctypes.c_int, [pointer]),
        "ca_detach_context": (None, []),
        "ca_replace_printf_handler": (ctypes.c_int, [_ON_PRINT]),
        "ca_create_channel": (
            ctypes.c_int,
            [ctypes.c_char_p, _ON_CONNECTION, pointer, ctypes.c_uint, pointer],
        ),
        "ca_clear_channel": (ctypes.c_int, [pointer]),
        "ca_field_type": (ctypes.c_short, [pointer]),
        "ca_create_subscription": (
            ctypes.c_int,
            [ctypes.c_long, ctypes.c_ulong, pointer, ctypes.c_long, _ON_EVENT, pointer, pointer],
        ),
        "ca_clear_subscription": (ctypes.c_int, [pointer]),
        "ca_flush_io": (ctypes.c_int, []),
        "ca_message": (ctypes.c_char_p, [ctypes.c_long]),
    }
    for name, (result, arguments) in signatures.items():
        function: Callable[..., Any] = getattr(library, name)
        function.restype, function.argtypes = result, arguments  # type: ignore[attr-defined]
    return library


def _words(ca: ctypes.CDLL, status: int) -> str:
    message: bytes = ca.ca_message(status) or b"unknown error"
    return message.decode("utf-8", "replace")


def _check(ca: ctypes.CDLL, status: int, what: str) -> None:
    if status != _NORMAL:
        raise SourceError(f"libca could not {what}: {_words(ca, status)}")


@contextlib.contextmanager
def _no_repeater() -> Iterator[None]:
    """Keep libca from starting ``caRepeater``, a process that would outlive us.

    It does so when a context looks for its first PV, unless somebody has the repeater's port.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        with contextlib.suppress(OSError, ValueError, OverflowError):
            held.bind(("", int(os.environ.get("EPICS_CA_REPEATER_PORT") or _REPEATER_PORT)))
        yield
