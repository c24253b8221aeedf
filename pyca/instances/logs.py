"""Log messages: from instances to the server, and the newest ones for whoever asks."""

import logging
import threading
from collections import OrderedDict, deque
from typing import Any

from pyca.runtime.channel import Channel, ChannelClosedError

MOST = 1000
"""messages of the server that are kept"""
MOST_OF_INSTANCE = 200
_MOST_INSTANCES = 1000
_LONGEST = 8000
"""characters of one message"""

Line = list[str]
"""[time as YYYY-mm-dd HH:MM:SS,mmm, logger, level, message]"""

_LINES = logging.Formatter()


def line(record: logging.LogRecord) -> Line:
    """Return a record as it is shown."""
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + _LINES.formatException(record.exc_info)
    return [_LINES.formatTime(record), record.name, record.levelname, text[:_LONGEST]]


class Kept(logging.Handler):
    """Keeps the newest messages.

    :param most: how many
    """

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._lines: deque[Line] = deque(maxlen=most)
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        with self._turn:
            self._lines.append(line(record))

    def lines(self) -> list[Line]:
        """Return all, the oldest first."""
        with self._turn:
            return [list(one) for one in self._lines]


class ToServer(logging.Handler):
    """Sends the messages of an instance's process to the server.

    :param channel: to the server
    """

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Send one; where nobody is there any more it is of no use to anybody."""
        try:
            self._channel.send({"log": line(record), "level": record.levelno})
        except (ChannelClosedError, ValueError):
            return


class InstanceLogs(logging.Handler):
    """Keeps the newest messages of each instance, also when it has ended.

    :param noun: what they are, such as “camera”
    """

    def __init__(self, noun: str) -> None:
        super().__init__()
        self._all = _logger_of_all(noun)
        self._kept: OrderedDict[str, deque[Line]] = OrderedDict()
        self._turn = threading.Lock()
        self._all.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        name = record.name.removeprefix(f"{self._all.name}.")
        with self._turn:
            self._kept.setdefault(name, deque(maxlen=MOST_OF_INSTANCE)).append(line(record))
            self._kept.move_to_end(name)
            while len(self._kept) > _MOST_INSTANCES:
                self._kept.popitem(last=False)

    def lines(self, name: str) -> list[Line]:
        """Return those of an instance, the oldest first."""
        with self._turn:
            return [list(one) for one in self._kept.get(name, ())]

    def forget(self, name: str) -> None:
        """Keep none of an instance any more."""
        with self._turn:
            self._kept.pop(name, None)

    def close(self) -> None:
        """Keep no more."""
        self._all.removeHandler(self)
        super().close()


def logger_of(noun: str, name: str) -> logging.Logger:
    """Return the logger of an instance.

    :param noun: what it is, such as “camera”
    """
    return logging.getLogger(f"{_logger_of_all(noun).name}.{name}")


def _logger_of_all(noun: str) -> logging.Logger:
    return logging.getLogger(f"pyca.{noun}.instance")


def to_server(channel: Channel) -> None:
    """Have everything that this process logs told to the server, and nothing written here."""
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(ToServer(channel))


def from_instance(noun: str, name: str, message: dict[str, Any]) -> None:
    """Log a message of an instance in the server."""
    logger_of(noun, name).log(int(message["level"]), "%s", message["log"][3])
