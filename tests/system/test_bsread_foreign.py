"""The foreign bsread client and ours understand each other, both ways."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.core.errors import WireError
from tests.foreign.values import differences, values
from tests.foreign_peer import SCRIPTS, foreign_python
from tests.ports import free_port
from tests.tools import wait_for

__all__ = ["foreign_python"]

pytestmark = pytest.mark.system
PAIRS = ((Mode.PUB, Mode.SUB), (Mode.PUSH, Mode.PULL))
METHODS = ("none", "lz4", "bitshuffle_lz4")
SECONDS = 60


@contextmanager
def running(python: Path, script: str, *words: object) -> Iterator["subprocess.Popen[str]"]:
    argv = [str(python), "-W", "ignore", str(SCRIPTS / script), *map(str, words)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_we_understand_the_foreign_sender(
    foreign_python: Path, theirs: Mode, ours: Mode, method: str
) -> None:
    port = free_port()
    receiver = Receiver(f"tcp://127.0.0.1:{port}", mode=ours)
    receiver.open()
    with running(foreign_python, "send.py", port, theirs, method, method):
        for _ in range(5):
            message = whole(receiver)
            assert not differences(message.values, message.pulse_id)
            assert message.nanoseconds == (1_700_000_000 + message.pulse_id) * 10**9 + 500
            assert message.timestamps["int8"] == message.nanoseconds
            assert {one.compression for one in message.channels} == {"" if method == "none" else method}
    # The type of what is None from the second message on may be another one.
    assert receiver.header_changes <= 2
    assert receiver.lost == 0
    receiver.close()


def whole(receiver: Receiver) -> Message:
    """Return the next message that is whole.

    The foreign sender gives each part to ZeroMQ by itself, and so begins in the middle of a message where a
    client comes just then.
    """
    try:
        message = receiver.receive(SECONDS)
    except WireError:
        assert receiver.garbled == 1
        message = receiver.receive(SECONDS)
    assert message, "nothing came"
    return message


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_the_foreign_receiver_understands_us(
    foreign_python: Path, ours: Mode, theirs: Mode, method: str
) -> None:
    name = "" if method == "none" else method
    told = heard(foreign_python, ours, theirs, Encoder(Compression(name, name, name)), values)
    for one in told:
        assert one["wrong"] == []
        assert one["seconds"] == 1_700_000_000 + one["pulse_id"]
        assert one["nanoseconds"] == 500
        stamps = {f"{1_700_000_000 + one['pulse_id']}.000000500"}
        assert set(one["stamps"]) == stamps | ({"none"} if one["pulse_id"] else set())
    # It reads a header only where that changes: ours is the same for all of them.
    assert [one["changed"] for one in told] == [True, False, False, False, False]


@pytest.mark.parametrize("method", ["", "lz4", "bitshuffle_lz4"])
def test_the_foreign_receiver_understands_a_camera(foreign_python: Path, method: str) -> None:
    """Numbers without a shape, as cameras send them, and bytes in the other order."""

    def camera(pulse_id: int) -> dict[str, Any]:
        return {name: swapped(value) for name, value in values(pulse_id).items()}

    encoder = Encoder(Compression(method, method), scalar_shape=False)
    assert not [
        wrong for one in heard(foreign_python, Mode.PUB, Mode.SUB, encoder, camera) for wrong in one["wrong"]
    ]


def swapped(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value).astype(np.asarray(value).dtype.newbyteorder(">"))
    return value


def heard(python: Path, ours: Mode, theirs: Mode, encoder: Encoder, made: Any) -> list[dict[str, Any]]:
    """Return what the foreign receiver tells of five messages."""
    sender = Sender("tcp://127.0.0.1:0", mode=ours, encoder=encoder)
    port = sender.open().rpartition(":")[2]
    told: list[dict[str, Any]] = []
    with running(python, "receive.py", port, theirs, 5) as process:
        assert process.stdout
        output = process.stdout
        reader = threading.Thread(target=lambda: told.extend(map(json.loads, output)), daemon=True)
        reader.start()
        wait_for(lambda: sender.clients == 1, "the foreign client to connect")
        pulse_id = 0

        def one_more() -> bool:
            nonlocal pulse_id
            # Connected is not yet subscribed: so it is sent until enough have come.
            if sender.send(pulse_id, (1_700_000_000 + pulse_id) * 10**9 + 500, made(pulse_id)):
                pulse_id += 1
            return len(told) >= 5

        wait_for(one_more, "five messages")
        reader.join(SECONDS)
        wait_for(lambda: sender.clients == 0, "the foreign client to leave")
    sender.close()
    return told
