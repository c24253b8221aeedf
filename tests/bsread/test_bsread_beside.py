"""A stream that is at a Unix socket as well, for programs of the same machine."""

from contextlib import closing
from secrets import token_hex

import pytest

from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from pyca.client.utils import is_at_hand
from tests.tools import wait_for


def test_both_addresses_have_the_same_messages() -> None:
    beside = f"ipc://@pyca-{token_hex(8)}"
    with closing(Sender("tcp://127.0.0.1:0", beside=beside)) as sender:
        address = sender.open()
        assert address.startswith("tcp://")
        assert is_at_hand(beside)
        receivers = [Receiver(address), Receiver(beside)]
        for receiver in receivers:
            receiver.open()
            with closing(receiver):
                wait_for(lambda: sender.clients == 1, "the client")
                wait_for(
                    lambda here=receiver: sender.send(7, 1, {"a": 1}) and here.receive(0.05), "a message"
                )
            wait_for(lambda: sender.clients == 0, "the client to be gone")
        sender.narrow(3)
        assert is_at_hand(beside)
    assert not is_at_hand(beside)


def test_a_second_address_that_somebody_else_has_is_done_without() -> None:
    beside = f"ipc://@pyca-{token_hex(8)}"
    with closing(Sender("tcp://127.0.0.1:0", beside=beside)) as one:
        one.open()
        with closing(Sender("tcp://127.0.0.1:0", beside=beside)) as other:
            assert other.open().startswith("tcp://")


@pytest.mark.parametrize(
    "address", ["", "tcp://127.0.0.1:1", "ipc:///nowhere/at/all", "ipc://@pyca-nobody", "ipc://@"]
)
def test_what_is_not_at_hand(address: str) -> None:
    assert not is_at_hand(address)
