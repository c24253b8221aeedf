"""Sender and receiver, over real sockets of this machine."""

import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from pyca.bsread.clients import Clients
from pyca.bsread.encoder import Encoder
from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.core.errors import BusyError, WireError
from tests.tools import free_port, wait_for

NOW = 1_774_600_000_000_000_000
PAIRS = ((Mode.PUB, Mode.SUB), (Mode.PUSH, Mode.PULL))
SECONDS = 60.0


@pytest.fixture(params=["tcp", "ipc"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "tcp":
        return "tcp://127.0.0.1:0"
    # The path of a Unix socket is short, that of pytest's folder is not always.
    monkeypatch.chdir(tmp_path)
    return "ipc://stream"


@contextmanager
def joined(
    address: str, sends: Mode = Mode.PUB, takes: Mode = Mode.SUB, **more: Any
) -> Iterator[tuple[Sender, Receiver]]:
    """A sender and a receiver that have found each other; nothing of that is counted."""
    sender = Sender(
        address, mode=sends, high_water_mark=more.pop("high_water_mark", 1000), **more.pop("sender", {})
    )
    receiver = Receiver(sender.open(), mode=takes, high_water_mark=1000, **more)
    receiver.open()
    wait_for(lambda: sender.clients == 1, "the receiver to connect")
    wait_for(lambda: sender.send(-1, NOW, {}) and receiver.receive(0.05), "the subscription")
    # The mark is behind all probes.
    assert sender.send(-2, NOW, {})
    while got(receiver).pulse_id != -2:
        pass
    try:
        yield sender, receiver
    finally:
        receiver.close()
        sender.close(0)


def got(receiver: Receiver) -> Message:
    message = receiver.receive(SECONDS)
    assert message, "nothing came"
    return message


@pytest.mark.parametrize(("sends", "takes"), PAIRS)
def test_messages_come_through_in_order(address: str, sends: Mode, takes: Mode) -> None:
    with joined(address, sends, takes) as (sender, receiver):
        images = [np.full((960, 1280), number, "u2") for number in range(20)]
        before, arrived = sender.sent_bytes, receiver.received_bytes
        for number, image in enumerate(images):
            assert sender.send(number, NOW + number, {"image": image, "width": 1280, "text": "x"})
        for number, image in enumerate(images):
            message = got(receiver)
            assert (message.pulse_id, message.nanoseconds) == (number, NOW + number)
            assert np.array_equal(message.values["image"], image)
            assert message.values["text"] == "x"
        assert receiver.receive(0) is None
        assert (sender.dropped, receiver.lost, receiver.garbled) == (0, 0, 0)
        assert sender.sent_bytes - before == receiver.received_bytes - arrived > 20 * 960 * 1280 * 2


def test_what_was_received_stays_when_the_stream_is_closed(address: str) -> None:
    with joined(address) as (sender, receiver):
        sender.send(1, NOW, {"image": np.full((500, 500), 7, "u2")})
        image = got(receiver).values["image"]
    assert (image == 7).all()


def test_the_real_address_is_told(address: str) -> None:
    sender = Sender(address)
    told = sender.open()
    assert told == sender.address
    assert not told.endswith(":0")
    sender.close()
    sender.close()


def test_one_port_for_all_interfaces() -> None:
    sender = Sender("tcp://*:0")
    receiver = Receiver(f"tcp://127.0.0.1:{sender.open().rpartition(':')[2]}")
    receiver.open()
    wait_for(lambda: sender.clients == 1, "the receiver to connect")
    receiver.close()
    sender.close()


def test_clients_are_counted_as_they_come_and_go(address: str) -> None:
    sender = Sender(address)
    told = sender.open()
    assert sender.clients == 0
    receivers = [Receiver(told) for _ in range(3)]
    for number, receiver in enumerate(receivers, start=1):
        receiver.open()
        wait_for(lambda number=number: sender.clients == number, f"{number} clients")
    for number, receiver in enumerate(receivers, start=1):
        receiver.close()
        wait_for(lambda number=number: sender.clients == 3 - number, f"{3 - number} clients")
    sender.close()
    assert sender.clients == 0


GREETING = b"\xff" + b"\0" * 8 + b"\x7f\3\0" + b"NULL".ljust(52, b"\0")
READY = b"\5READY\x0bSocket-Type" + struct.pack(">I", 4) + b"PULL"
STRANGERS = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "half a greeting": GREETING[:11],
    "zeros": b"\0" * 200,
    "ones": b"\xff" * 200,
    "another mechanism": GREETING.replace(b"NULL\0", b"PLAIN"),
    "wrong type of socket": GREETING + b"\4" + bytes([len(READY)]) + READY,
}


@contextmanager
def watched() -> Iterator[tuple[Sender, str]]:
    """A sender with three clients, and its port."""
    sender = Sender("tcp://127.0.0.1:0")
    told = sender.open()
    receivers = [Receiver(told) for _ in range(3)]
    for receiver in receivers:
        receiver.open()
    wait_for(lambda: sender.clients == 3, "the receivers")
    try:
        yield sender, told
        for receiver in receivers:
            wait_for(lambda it=receiver: sender.send(1, NOW, {"a": 1}) and it.receive(0.05), "a message")
    finally:
        for receiver in receivers:
            receiver.close()
    wait_for(lambda: sender.clients == 0, "the receivers to leave")
    sender.close()


def stranger(told: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(told.rpartition(":")[2])))


def hung_up(other: socket.socket) -> None:
    """Wait for the end of a connection: then everything is known about it."""
    other.settimeout(SECONDS)
    with suppress(ConnectionResetError):
        while other.recv(1000):
            pass


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_scan_of_ports_is_no_client(said: bytes) -> None:
    with watched() as (sender, told):
        for _ in range(4):
            with stranger(told) as other:
                other.sendall(said)
                with suppress(OSError):
                    other.shutdown(socket.SHUT_WR)
                hung_up(other)
            assert sender.clients == 3


def test_one_in_the_wrong_mode_is_no_client() -> None:
    with watched() as (sender, told):
        known = sender._clients
        assert known
        for _ in range(4):
            known.ended.clear()
            wrong = Receiver(told, mode=Mode.PULL)
            wrong.open()
            wait_for(lambda: sender.clients and told in known.ended, "its end")
            assert sender.clients == 3
            wrong.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says nothing is hung up on soon."""
    monkeypatch.setattr("pyca.bsread.clients._HANDSHAKE_MS", 1000)


@pytest.mark.usefixtures("brief")
def test_in_doubt_there_are_too_many_clients_for_a_while() -> None:
    with watched() as (sender, told), stranger(told):
        receiver = Receiver(told)
        receiver.open()
        wait_for(lambda: sender.clients == 4, "the fourth")
        receiver.close()
        for _ in range(50):
            assert sender.clients >= 3
        # One who says nothing is hung up on.
        wait_for(lambda: sender.clients == 3, "the end of the doubt")


@pytest.mark.usefixtures("brief")
def test_one_who_does_not_shake_hands_is_hung_up_on() -> None:
    with watched() as (sender, told), stranger(told) as other:
        hung_up(other)
        assert sender.clients == 3


def test_a_viewer_that_pauses_is_not_cut_off_but_a_dead_machine_is() -> None:
    with watched() as (sender, _):
        assert sender._clients
        for descriptor in sender._clients._peers:
            with socket.socket(fileno=os.dup(descriptor)) as connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
                assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.parametrize("kind", [Mode.PUB, Mode.PUSH])
def test_an_address_in_use_is_told(address: str, kind: Mode) -> None:
    first = Sender(address)
    told = first.open()
    with pytest.raises(BusyError) as caught:
        Sender(told, mode=kind).open()
    assert told in str(caught.value)
    # The first one has not lost it.
    receiver = Receiver(told)
    receiver.open()
    wait_for(lambda: first.clients == 1, "a client of the first")
    receiver.close()
    first.close()
    again = Sender(told)
    assert again.open() == told
    again.close()


def test_a_socket_that_was_left_behind_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("stream")
    sender = Sender("ipc://stream")
    sender.open()
    sender.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:5",
        "tcp://",
        "tcp://a b:5",
        "tcp://host:99999",
        "http://host:5",
        "ipc://",
        "ipc:///" + "x" * 120,
        "ipc:///tmp/\0x",
        "ipc:///tmp/\ud800",
        "tcp://\ud800:5",
    ],
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    for one in (
        Sender(address),
        Receiver(address),
        Sender(address, connects=True),
        Receiver(address, bind=True),
    ):
        with pytest.raises(WireError) as caught:
            one.open()
        assert address in str(caught.value) or repr(address) in str(caught.value)


def test_a_program_that_hangs_has_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        hung = stack.enter_context(socket.socket(socket.AF_UNIX))
        hung.bind("stream")
        hung.listen(0)
        with suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect("stream")
        with pytest.raises(BusyError):
            Sender("ipc://stream").open()


def test_an_interface_that_is_not_ours_is_told() -> None:
    with pytest.raises(WireError, match=r"tcp://192\.0\.2\.1:5555"):
        Sender("tcp://192.0.2.1:5555").open()


def test_modes_that_do_not_fit_are_told() -> None:
    with pytest.raises(WireError, match="expected is PUB or PUSH"):
        Sender("tcp://127.0.0.1:0", mode=Mode.SUB)
    with pytest.raises(WireError, match="expected is SUB or PULL"):
        Receiver("tcp://127.0.0.1:1", mode=Mode.PUB)


def test_a_stream_from_nowhere_is_told() -> None:
    with pytest.raises(WireError, match="no address"):
        Receiver([])


def test_a_stream_that_is_not_open_says_so() -> None:
    with pytest.raises(WireError, match="not open"):
        Sender("tcp://127.0.0.1:0").send(1, NOW, {"a": 1})
    with pytest.raises(WireError, match="not open"):
        Receiver("tcp://127.0.0.1:1").receive(0)


def test_push_without_a_client_drops_and_counts() -> None:
    for blocks in (False, True):
        sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH, block=blocks, patience_ms=20)
        sender.open()
        assert not any(sender.send(number, NOW, {"a": 1}) for number in range(3))
        assert (sender.sent, sender.dropped, sender.sent_bytes) == (0, 3, 0)
        sender.close()


def test_push_that_blocks_waits_for_a_client() -> None:
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH, block=True, patience_ms=60_000)
    receiver = Receiver(sender.open(), mode=Mode.PULL)
    later = threading.Timer(0.1, receiver.open)
    later.start()
    assert sender.send(5, NOW, {"a": 1})
    later.join()
    assert got(receiver).pulse_id == 5
    receiver.close()
    sender.close()


@pytest.mark.parametrize(("sends", "takes"), PAIRS)
def test_one_who_does_not_take_costs_drops_that_are_counted(sends: Mode, takes: Mode) -> None:
    with joined("tcp://127.0.0.1:0", sends, takes, high_water_mark=2) as (sender, receiver):
        image = np.zeros((2000, 2000), "u2")
        numbers = iter(range(100_000))

        def some_lost() -> bool:
            # One that was too much for a moment may have been sent after all, so that several are needed.
            for _ in range(20):
                sender.send(next(numbers), NOW, {"image": image})
            while receiver.receive(0.05):
                pass
            return sender.dropped > 0 and receiver.lost > 0

        wait_for(some_lost, "messages that were lost")


def test_one_who_does_not_take_hinders_nobody() -> None:
    with joined("tcp://127.0.0.1:0", high_water_mark=2) as (sender, receiver):
        lazy = Receiver(sender.address, high_water_mark=1)
        lazy.open()
        wait_for(lambda: sender.clients == 2, "the lazy one")
        image = np.zeros((2000, 2000), "u2")
        number = 0
        while not sender.dropped:
            sender.send(number, NOW, {"image": image})
            assert got(receiver).pulse_id == number
            number += 1
            assert number < 1500
        lazy.close()


def test_rubbish_is_told_once_and_the_next_message_comes() -> None:
    with joined("tcp://127.0.0.1:0") as (sender, receiver):
        good: Any = Encoder().encode(1, NOW, {"a": 1})
        for parts in ([b"x"], [b"", b""], good[:3], [*good, b""], [good[0], b"{}", b""]):
            sender.send_parts(list(parts))
            sender.send(2, NOW, {"a": 5})
            with pytest.raises(WireError):
                receiver.receive(SECONDS)
            assert got(receiver).values == {"a": 5}
        assert receiver.garbled == 5


def test_only_the_newest_of_those_that_wait() -> None:
    with joined("tcp://127.0.0.1:0", newest=True) as (sender, receiver):
        lost, returned, garbled = receiver.lost, 0, 0
        for number in range(50):
            sender.send(number, NOW, {"a": number})
            if number == 25:
                sender.send_parts([b"rubbish", b""])
        pulse_id = -1
        while pulse_id != 49:
            try:
                message = receiver.receive(SECONDS)
            except WireError:
                # It was the newest at that moment.
                garbled += 1
                continue
            assert message and message.pulse_id > pulse_id
            pulse_id = message.pulse_id
            returned += 1
        # However many were returned: each of the others is counted once.
        assert receiver.receive(0) is None
        assert receiver.lost - lost + returned == 50
        assert receiver.garbled == 1 >= garbled


def test_what_waits_together_is_skipped_but_the_newest() -> None:
    with joined("tcp://127.0.0.1:0", newest=True) as (sender, receiver):
        lost = receiver.lost
        for number in range(10):
            sender.send(number, NOW, {"a": number})
        arrived, left = receiver._arrived, iter(range(10))

        def at_once() -> Any:
            """As if all were there: what has not come yet is waited for."""
            return arrived() if next(left, None) is None else wait_for(arrived, "the next message")

        receiver._arrived = at_once  # type: ignore[method-assign]
        assert got(receiver).pulse_id == 9
        assert receiver.lost - lost == 9


def test_lost_messages_are_counted() -> None:
    with joined("tcp://127.0.0.1:0") as (sender, receiver):
        lost = receiver.lost
        for number in (100, 101, 102, 105, 106):
            sender.send(number, NOW, {"a": 1})
            got(receiver)
        assert receiver.lost - lost >= 2


def test_a_message_after_one_whose_client_went_is_not_swallowed() -> None:
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH)
    receiver = Receiver(sender.open(), mode=Mode.PULL)
    receiver.open()
    wait_for(lambda: sender.clients == 1, "the receiver")
    whole = Encoder().encode(1, NOW, {"a": 1, "b": 2})

    class Interrupted(list[Any]):
        """Parts of a message whose client goes in the middle."""

        def __iter__(self) -> Iterator[Any]:
            for place, part in enumerate(whole):
                if place == 2:
                    receiver.close()
                    wait_for(lambda: sender.clients == 0, "its end")
                yield part

    sender.send_parts(Interrupted(whole))
    following = Receiver(sender.address, mode=Mode.PULL)
    following.open()
    wait_for(lambda: sender.clients == 1, "the following one")
    wait_for(lambda: sender.send(2, NOW, {"a": 5}), "one that is sent")
    assert got(following).pulse_id == 2
    following.close()
    sender.close()


def test_several_connections_share_one_sender() -> None:
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH)
    receiver = Receiver([sender.open()] * 3, mode=Mode.PULL)
    receiver.open()
    wait_for(lambda: sender.clients == 3, "three connections")
    for number in range(60):
        assert sender.send(number, NOW, {"a": number})
    assert sorted(got(receiver).pulse_id for _ in range(60)) == list(range(60))
    assert receiver.lost == 0
    receiver.close()
    sender.close()


def test_several_senders_and_the_other_way_of_connecting() -> None:
    receiver = Receiver(["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"], mode=Mode.PULL, bind=True)
    receiver.open()
    senders = [Sender(one, mode=Mode.PUSH, connects=True) for one in receiver.addresses]
    for number, sender in enumerate(senders):
        sender.open()
        wait_for(lambda sender=sender: sender.clients == 1, "the connection")
        assert sender.send(number, NOW, {"a": number})
    assert {got(receiver).pulse_id for _ in senders} == {0, 1}
    receiver.close()
    for sender in senders:
        sender.close()


def test_a_sender_that_comes_back_is_found_again() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    receiver = Receiver(address)
    receiver.open()
    for _ in range(2):
        sender = Sender(address)
        sender.open()
        wait_for(lambda sender=sender: sender.send(1, NOW, {"a": 1}) and receiver.receive(0.05), "a message")
        sender.close()
    receiver.close()


def test_the_last_messages_of_a_sender_that_ends_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    with joined("tcp://127.0.0.1:0", Mode.PUSH, Mode.PULL) as (sender, receiver):
        count = Clients.count

        def late(clients: Clients) -> int:
            # Between the look into the queue and the look at connections.
            if sender.clients and clients is receiver._senders:
                for number in range(5):
                    assert sender.send(number, NOW, {"a": 1})
                sender.close(int(SECONDS * 1000))
                wait_for(lambda: not count(clients), "the end of the sender")
            return count(clients)

        monkeypatch.setattr(
            Clients, "count", lambda one: late(one) if one is receiver._senders else count(one)
        )
        assert [got(receiver).pulse_id for _ in range(5)] == list(range(5))


def test_the_end_of_one_sender_costs_nothing_of_another() -> None:
    senders = [Sender("tcp://127.0.0.1:0", mode=Mode.PUSH) for _ in range(2)]
    receiver = Receiver([sender.open() for sender in senders], mode=Mode.PULL)
    receiver.open()
    stays, ends = senders
    wait_for(lambda: stays.clients and ends.clients and receiver.senders == 2, "both connections")
    again = receiver._connect_again

    def meanwhile(connection: Any) -> None:
        # Between the look into the queue and the new connection.
        for number in range(5):
            assert stays.send(number, NOW, {"a": 1})
        assert connection.poll(SECONDS * 1000)
        again(connection)

    receiver._connect_again = meanwhile  # type: ignore[method-assign]
    ends.close()
    assert [got(receiver).pulse_id for _ in range(5)] == list(range(5))
    receiver.close()
    stays.close()


def test_a_sender_of_giants_is_disconnected() -> None:
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH)
    receiver = Receiver(sender.open(), mode=Mode.PULL, largest=1000)
    receiver.open()
    wait_for(lambda: sender.clients == 1, "the connection")
    sender.send(1, NOW, {"a": np.zeros(2000, "u1")})

    def next_one() -> bool:
        # The receiver connects again while it is asked.
        sender.send(2, NOW, {"a": 1})
        message = receiver.receive(0.05)
        return message is not None and message.pulse_id == 2

    wait_for(next_one, "the next")
    receiver.close()
    sender.close()


def test_waiting_ends_in_time() -> None:
    receiver = Receiver(f"tcp://127.0.0.1:{free_port()}")
    receiver.open()
    assert receiver.receive(0) is None
    assert receiver.receive(0.01) is None
    receiver.close()
    receiver.close()


def test_the_end_of_a_process_is_quiet_and_delivers_what_is_on_its_way(tmp_path: Path) -> None:
    """Memory of images must stay until they are sent: “Bad address” is what ZeroMQ says otherwise."""
    receiver = Receiver("tcp://127.0.0.1:0", mode=Mode.PULL, bind=True, high_water_mark=100)
    receiver.open()
    program = textwrap.dedent(f"""
        import numpy as np
        from pyca.bsread.sender import Sender
        from pyca.bsread.sockets import Mode
        sender = Sender({receiver.addresses[0]!r}, mode=Mode.PUSH, connects=True, linger_ms=60000)
        sender.open()
        for number in range(10):
            assert sender.send(number, 5, {{"image": np.full((1000, 1000), number, "u2")}})
        sender.close()
    """)
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": root},
        stderr=subprocess.PIPE,
        text=True,
    )
    for number in range(10):
        message = got(receiver)
        assert message.pulse_id == number
        assert (message.values["image"] == number).all()
    assert process.communicate(timeout=SECONDS)[1] == ""
    assert process.returncode == 0
    receiver.close()


def test_closing_with_a_client_that_takes_nothing_ends_soon() -> None:
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH, linger_ms=60_000)
    context = zmq.Context()
    stuck = context.socket(zmq.PULL)
    stuck.setsockopt(zmq.RCVHWM, 1)
    stuck.connect(sender.open())
    wait_for(lambda: sender.clients == 1, "the connection")
    while sender.send(1, NOW, {"image": np.zeros((2000, 2000), "u2")}):
        pass
    closing = threading.Thread(target=sender.close, args=(0,))
    closing.start()
    closing.join(SECONDS / 2)
    assert not closing.is_alive()
    stuck.close(0)
    context.term()
