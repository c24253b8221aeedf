"""Programs that send cameras as bsread streams, for tests."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode

START = 1_700_000_000_000_000_000
SIZE = (32, 24)


def image(pulse_id: int) -> np.ndarray:
    """One whose pixels tell its pulse."""
    made = np.full((SIZE[1], SIZE[0]), pulse_id % 60_000, np.uint16)
    made[0, 0] = 7
    return made


def camera_values(pulse_id: int) -> dict[str, Any]:
    """What a camera server sends, and more."""
    return {
        "width": SIZE[0],
        "height": SIZE[1],
        "timestamp": 1.5,
        "image": image(pulse_id),
        "x_axis": np.arange(SIZE[0], dtype=np.float32),
        "y_axis": np.arange(SIZE[1], dtype=np.float32),
        "laser": "on",
        "charge": 0.25 * pulse_id,
        "spectrum": np.arange(3),
    }


def send(sender: Sender, pulse_id: int, values: Mapping[str, Any] | None = None) -> bool:
    """Send one message; that of pulse n is n ms after the start."""
    sent = camera_values(pulse_id) if values is None else values
    return sender.send(pulse_id, START + pulse_id * 1_000_000, sent)


@contextmanager
def sending(
    address: str,
    *,
    mode: Mode = Mode.PUB,
    values: Callable[[int], Mapping[str, Any]] = camera_values,
    pause: float = 0.002,
    first: int = 0,
) -> Iterator[str]:
    """Send all the time, and yield the real address."""
    sender = Sender(address, mode=mode, linger_ms=0)
    real = sender.open()
    stop = threading.Event()

    def run() -> None:
        pulse_id = first
        while not stop.wait(pause):
            if send(sender, pulse_id, values(pulse_id)) or mode == Mode.PUB:
                pulse_id += 1

    thread = threading.Thread(target=run, name="feeder")
    thread.start()
    try:
        yield real
    finally:
        stop.set()
        thread.join()
        sender.close()
