"""What the service manager is told."""

import contextlib
import os
import socket
import sys

import sdnotify

from pyca.core.clock import Clock

PATIENCE = 5.0
"""Seconds to wait for whoever does not listen when a service is ready; nothing else is waited for."""


class Notifier:
    """Speaks to systemd; does nothing where ``NOTIFY_SOCKET`` is not set.

    :param clock: measures the pause between two watchdog messages
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._systemd = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._socket: socket.socket | None = None
        if self._systemd:
            self._systemd.debug = True  # else it hides what went wrong
            self._socket = self._systemd.socket
        self.period = _watchdog_period() if self._systemd else None
        """seconds between two watchdog messages; None where nobody watches"""
        self._watchdog_due = float("-inf")
        self._status = ""

    def ready(self) -> None:
        """Say that the service has started."""
        self._send("READY=1", PATIENCE)

    def status(self, text: str) -> None:
        """Say in one line what the service does; repeated only when it changes."""
        line = " ".join(text.split())
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def watchdog(self) -> None:
        """Say that work goes on. Call it as often as you like: four messages per period are sent."""
        due = self.period is not None and self._clock.monotonic() >= self._watchdog_due
        if due and self._send("WATCHDOG=1"):
            self._watchdog_due = self._clock.monotonic() + (self.period or 0.0)

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Release the socket."""
        if self._socket:
            self._socket.close()
        self._systemd = self._socket = None

    def _send(self, message: str, patience: float = 0.0) -> bool:
        """Say something; False where it was not taken, for a few messages fill what the kernel keeps.

        A service manager that hangs must not stop what is recorded.
        """
        if self._systemd is None or self._socket is None:
            return True
        self._socket.settimeout(patience)
        try:
            # The library encodes as Latin-1 and drops what does not fit, systemd reads UTF-8.
            self._systemd.notify(message.encode("utf-8", "replace").decode("latin-1"))
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            return True  # nobody is there to hear it, now or later
        return True


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
