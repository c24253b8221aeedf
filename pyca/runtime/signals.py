"""Signals as events that a loop can wait for."""

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


class Wakeup:
    """The readable end of Python's signal wake-up descriptor."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver

    def fileno(self) -> int:
        """Return the descriptor that is readable after a signal."""
        return self._receiver.fileno()

    def drain(self) -> None:
        """Forget the signals so far; their handlers have run."""
        with contextlib.suppress(BlockingIOError):
            while self._receiver.recv(64):
                pass


@contextlib.contextmanager
def signals_handled(handlers: Mapping[int, Handler]) -> Iterator[Wakeup]:
    """Install handlers for the time of the block. Only the main thread may do this.

    :param handlers: signal number → handler; it runs between two steps of the program, so it sets a flag
    """
    receiver, sender = socket.socketpair()
    with receiver, sender:
        receiver.setblocking(False)
        sender.setblocking(False)
        old_wakeup = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        old_handlers = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield Wakeup(receiver)
        finally:
            for number, old in old_handlers.items():
                signal.signal(number, old)
            signal.set_wakeup_fd(old_wakeup)


def signal_name(number: int) -> str:
    """Return such as ``SIGTERM``, or the number of a signal without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
