"""A camera that is sent as a bsread stream by somebody else (kinds ``bsread`` and ``stream``).

``source`` is the address, ``tcp://host:port`` or ``ipc:///path``. Pulse ids and times are passed on as they
come, and so are further channels of the same message.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.bsread.sockets import Mode, checked
from pyca.core.errors import OfflineError, SourceError, WireError
from pyca.images.image import Size
from pyca.sources import reach
from pyca.sources.frame import Frame
from pyca.sources.options import Option, choice, integer, text
from pyca.sources.picture import channel_of, image_in, others
from pyca.sources.source import OFFLINE_SECONDS
from pyca.sources.waiting import Waiting

OPTIONS = (
    Option("channel", None, text(optional=True)),
    Option("mode", "SUB", choice("SUB", "PULL")),
    Option("connections", 1, integer(1, 32)),
    Option("buffer_size", None, integer(0, 1000, optional=True)),
)
_BUFFERED = 5
"""frames for each connection"""
_FEWEST = 10
"""messages that may wait in the socket, which is emptied whenever a frame is asked for"""


@dataclass(frozen=True)
class Feed:
    """A stream, and how it is received.

    :param channel: with the image, None for the usual one
    :param connections: ways at the same time, in mode PULL
    :param buffer_size: frames that may wait to be asked for
    """

    address: str
    channel: str | None = None
    mode: Mode = Mode.SUB
    connections: int = 1
    buffer_size: int = _BUFFERED


class Stream:
    """The camera behind a stream."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._receiver: Receiver | None = None
        self._waiting: Waiting[Frame] = Waiting(0)
        self._size: Size | None = None
        self._lost = 0
        self._alone: float | None = None
        """since when nobody has been connected"""

    def open(self) -> None:
        """Connect.

        :raises OfflineError: where nobody listens at the address
        """
        if self._receiver is not None:
            return
        feed = self._feed
        reach.check(feed.address)
        # A second subscription to the same stream would bring everything twice.
        ways = feed.connections if feed.mode == Mode.PULL else 1
        receiver = Receiver(
            [feed.address] * ways,
            mode=feed.mode,
            high_water_mark=max(2, max(_FEWEST, 2 * feed.buffer_size) // ways),
            newest=feed.buffer_size == 0,
        )
        try:
            receiver.open()
        except WireError as error:
            raise SourceError(error.message, error.remedy) from error
        self._receiver = receiver
        self._waiting = Waiting(feed.buffer_size, ordered=ways > 1)
        self._size = self._alone = None

    def size(self) -> Size:
        """Return width and height of the newest image; waits for the first one.

        :raises SourceError: where none comes in time
        """
        receiver = self._opened()
        deadline = time.monotonic() + OFFLINE_SECONDS
        while self._size is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise SourceError(f"{self._feed.address} answers, but sends no image.")
            self._take(receiver, left)
        return self._size

    def receive(self, timeout: float) -> Frame | None:
        """Return the next frame, None where none came in time.

        :raises OfflineError: about every second while nobody is connected that might send something; frames
            of one that comes back are returned all the same
        :raises SourceError: where something came that holds no image
        """
        receiver = self._opened()
        deadline = time.monotonic() + timeout
        for _ in range(_FEWEST + 2 * self._feed.buffer_size):
            if not self._take(receiver, 0):
                break
        while (frame := self._waiting.take(time.monotonic())) is None:
            now = time.monotonic()
            if now >= deadline:
                self._look_after(receiver, now)
                return None
            self._take(receiver, min(deadline - now, self._waiting.wait(now)))
        return frame

    def close(self) -> None:
        """Disconnect."""
        self._lost = self.lost
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.close()

    @property
    def lost(self) -> int:
        """Frames that are missing, as pulse ids tell, and those that nobody asked for in time."""
        if self._receiver is None:
            return self._lost
        return self._receiver.lost + self._waiting.dropped

    def _opened(self) -> Receiver:
        if self._receiver is None:
            raise SourceError(f"The stream from {self._feed.address} is not open.")
        return self._receiver

    def _look_after(self, receiver: Receiver, now: float) -> None:
        """Tell where there has been no sender for a while."""
        if receiver.senders:
            self._alone = None
        elif self._alone is None:
            self._alone = now
        elif now - self._alone >= OFFLINE_SECONDS:
            self._alone = now
            raise OfflineError(f"No sender of a stream is at {self._feed.address} any more.")

    def _take(self, receiver: Receiver, timeout: float) -> bool:
        """Take one message in; False where none came in time."""
        try:
            message = receiver.receive(timeout)
            if message is None:
                return False
            frame = self._frame(message)
        except (WireError, SourceError) as error:
            raise SourceError(f"{self._feed.address}: {error.message}", error.remedy) from error
        if frame is not None:
            height, width = frame.image.shape
            self._size = width, height
            self._waiting.put(message.pulse_id, frame, time.monotonic())
        return True

    def _frame(self, message: Message) -> Frame | None:
        name = channel_of(message.values, self._feed.channel)
        image = image_in(message.values, name)
        if image is None:
            return None
        return Frame(image, message.nanoseconds, message.pulse_id, others(message.values, name))


def make(source: str, options: Mapping[str, Any]) -> Stream:
    """Return a camera behind a stream.

    :param source: tcp://host:port or ipc:///path
    :raises SourceError: where it is no address
    """
    expected = "expected is tcp://host:port or ipc:///path"
    try:
        checked(source)
    except WireError as error:
        raise SourceError(error.message) from error
    if not source.startswith(("tcp://", "ipc://")):
        raise SourceError(f"{source!r} is no address of a stream from another process; {expected}")
    if source.startswith("tcp://") and not reach.is_connectable(source):
        raise SourceError(f"{source!r} is no address to connect to; {expected}")
    connections = options["connections"]
    buffered = options["buffer_size"]
    return Stream(
        Feed(
            source,
            options["channel"] or None,
            Mode(options["mode"]),
            connections,
            connections * _BUFFERED if buffered is None else buffered,
        )
    )
