"""The newest images of a stream, for whoever shows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.camera.image.snapshot import Snapshot
from pyca.core.errors import WireError

SILENCE_SECONDS = 5.0
"""after which a stream counts as ended"""


@contextmanager
def newest_frames(address: str) -> Iterator[Iterator[Snapshot]]:
    """Return the images of a stream, each time the newest one.

    The iterator ends where nothing came for :data:`SILENCE_SECONDS`.

    :param address: as the stream's clients have it
    """
    receiver = Receiver(address, high_water_mark=2, newest=True)
    receiver.open()
    try:
        yield _snapshots(receiver)
    finally:
        receiver.close()


def _snapshots(receiver: Receiver) -> Iterator[Snapshot]:
    while True:
        try:
            message = receiver.receive(SILENCE_SECONDS)
        except WireError:
            # The next one is behind it.
            continue
        if message is None:
            return
        yield _snapshot(message)


def _snapshot(message: Message) -> Snapshot:
    # One pixel alone is a number in this protocol.
    values = {name: np.asarray(message.values[name]) for name in ("image", "x_axis", "y_axis")}
    x_axis, y_axis = values["x_axis"].reshape(-1), values["y_axis"].reshape(-1)
    image = values["image"].reshape(y_axis.size, x_axis.size)
    return Snapshot(image, x_axis, y_axis, message.pulse_id, message.nanoseconds)
