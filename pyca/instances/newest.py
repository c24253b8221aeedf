"""The newest images of a stream, for whoever shows them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.core.errors import WireError
from pyca.images.snapshot import Snapshot

SILENCE_SECONDS = 5.0
"""after which a stream counts as ended"""


_LOOK_SECONDS = 0.25
"""after which a silent stream is asked for"""


@contextmanager
def newest_frames(address: str, is_over: Callable[[], bool]) -> Iterator[Iterator[Snapshot]]:
    """Return the images of a stream, each time the newest one.

    The iterator ends where nothing came for :data:`SILENCE_SECONDS`, or nothing comes and it is over.

    :param address: as the stream's clients have it
    :param is_over: tells whether the stream's instance was stopped
    """
    receiver = Receiver(address, high_water_mark=2, newest=True)
    receiver.open()
    try:
        yield _snapshots(receiver, is_over)
    finally:
        receiver.close()


def _snapshots(receiver: Receiver, is_over: Callable[[], bool]) -> Iterator[Snapshot]:
    heard = time.monotonic()
    while True:
        try:
            message = receiver.receive(_LOOK_SECONDS)
        except WireError:
            # The next one is behind it.
            heard = time.monotonic()
            continue
        if message is not None:
            yield _snapshot(message)
            heard = time.monotonic()
        elif is_over() or time.monotonic() - heard > SILENCE_SECONDS:
            return


def _snapshot(message: Message) -> Snapshot:
    # One pixel alone is a number in this protocol.
    values = {name: np.asarray(message.values[name]) for name in ("image", "x_axis", "y_axis")}
    x_axis, y_axis = values["x_axis"].reshape(-1), values["y_axis"].reshape(-1)
    image = values["image"].reshape(y_axis.size, x_axis.size)
    return Snapshot(image, x_axis, y_axis, message.pulse_id, message.nanoseconds)
