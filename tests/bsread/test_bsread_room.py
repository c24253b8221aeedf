"""A sender without a rate of its own gives its clients the time that they need."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from tests.tools import wait_for

COUNT = 60
LARGE = np.zeros(1_000_000, np.uint8)
"""so large that not all of them find room on the way"""
FOREVER_MS = 600_000


@contextmanager
def pair() -> Iterator[tuple[Sender, Receiver]]:
    sender = Sender("tcp://127.0.0.1:0", high_water_mark=2)
    receiver = Receiver(sender.open(), high_water_mark=2)
    receiver.open()
    with closing(receiver), closing(sender):
        wait_for(lambda: sender.send(-1, 0, {}) and receiver.receive(0.05), "the subscription")
        # The mark is behind all that was sent before the subscription was known.
        assert sender.send(-2, 0, {})
        wait_for(lambda: (got := receiver.receive(60)) and got.pulse_id == -2, "the mark")
        yield sender, receiver


def test_messages_wait_for_a_client_who_is_behind() -> None:
    with pair() as (sender, receiver):
        sender.wait_for_room(FOREVER_MS)
        refused: list[int] = []

        def send() -> None:
            refused.extend(number for number in range(COUNT) if not sender.send(number, 0, {"image": LARGE}))

        thread = threading.Thread(target=send)
        thread.start()
        arrived: list[int] = []
        while len(arrived) < COUNT and (message := receiver.receive(60)) is not None:
            arrived.append(message.pulse_id)
        thread.join(60)
        assert arrived == list(range(COUNT))
        assert not refused and sender.dropped == 0


@pytest.mark.parametrize("again", [False, True])
def test_who_never_takes_anything_is_not_waited_for_longer(again: bool) -> None:
    with pair() as (sender, _):
        sender.wait_for_room(FOREVER_MS if again else 1)
        if again:
            sender.wait_for_room(0)
        for number in range(COUNT):
            sender.send(number, 0, {"image": LARGE})
        assert sender.dropped > 0
