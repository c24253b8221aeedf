"""A sender whose queues are made shorter before it is used."""

from pathlib import Path

import numpy as np
import pytest

from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from tests.tools import wait_for

IMAGE = np.zeros((1000, 1000), np.uint16)
ENOUGH = 400


def until_dropped(sender: Sender, most: int) -> int:
    """Return how many images one who takes nothing lets be sent."""
    receiver = Receiver(sender.address, high_water_mark=1)
    receiver.open()
    try:
        wait_for(lambda: sender.clients == 1, "a client")
        count = 0
        while not sender.dropped and count < most:
            sender.send(count, 1, {"image": IMAGE})
            count += 1
        return count
    finally:
        receiver.close()


@pytest.mark.parametrize("kind", ["tcp", "ipc"])
def test_a_narrowed_sender_keeps_its_address_and_lets_fewer_wait(kind: str, tmp_path: Path) -> None:
    sender = Sender("tcp://127.0.0.1:0" if kind == "tcp" else f"ipc://{tmp_path}/s", high_water_mark=300)
    address = sender.open()
    sender.narrow(500)
    assert sender.address == address
    sender.narrow(3)
    assert sender.address == address
    try:
        # What the kernel keeps on the way comes to that.
        assert 3 <= until_dropped(sender, ENOUGH) < 100
    finally:
        sender.close(0)


def test_a_sender_that_is_not_open_is_left_alone() -> None:
    sender = Sender("tcp://127.0.0.1:0")
    sender.narrow(1)
    assert sender.address.endswith(":0")
