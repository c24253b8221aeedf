"""What the service manager is told."""

import contextlib
import os
import socket
import sys

import sdnotify

from pyca.core.clock import Clock


class Notifier:
    """Speaks to systemd; does nothing where ``NOTIFY_SOCKET`` is not set.

    :param clock: measures the pause between two watchdog messages
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._systemd = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self.period = _watchdog_period() if self._systemd else None
        """seconds between two watchdog messages; None where nobody watches"""
        self._watchdog_due = float("-inf")
        self._status = ""

    def ready(self) -> None:
        """Say that the service has started."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Say in one line what the service does; repeated only when it changes."""
        line = " ".join(text.split())
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def watchdog(self) -> None:
        """Say that work goes on. Call it as often as you like: four messages per period are sent."""
        if self.period is not None and self._clock.monotonic() >= self._watchdog_due:
            self._watchdog_due = self._clock.monotonic() + self.period
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Release the socket."""
        connection = self._systemd.socket if self._systemd else None
        if isinstance(connection, socket.socket):
            connection.close()
        self._systemd = None

    def _send(self, message: str) -> None:
        if self._systemd:
            # The library encodes as Latin-1 and drops what does not fit, systemd reads UTF-8.
            self._systemd.notify(message.encode("utf-8", "replace").decode("latin-1"))


class Ear:
    """The other end of a notifier: hears what one child process says.

    ``address`` is a value for the child's ``NOTIFY_SOCKET``; it is empty where nothing can be heard.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.address = ""
        if sys.platform.startswith("linux"):
            # Linux chooses a free abstract address by itself.
            self._socket.bind("")
            self.address = "@" + self._socket.getsockname()[1:].decode()

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was said."""
        return self._socket.fileno()

    def heard(self) -> list[str]:
        """Return the messages since the last call, such as ``READY=1``."""
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages += self._socket.recv(4096).decode("utf-8", "replace").splitlines()
        return messages

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _watchdog_period() -> float | None:
    """Return a quarter of the time after which systemd takes us for dead."""
    own = os.environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not own or not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return int(microseconds) / 1e6 / 4
