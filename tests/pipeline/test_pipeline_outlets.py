"""Where the messages of a pipeline go."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from pyca.bsread.receiver import Receiver
from pyca.bsread.sockets import Mode
from pyca.core.errors import BusyError, ImagingError, WireError
from pyca.instances import parts
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance import outlets
from pyca.pipeline.instance.buffered_outlet import BufferedOutlet
from pyca.pipeline.instance.outlet import Outlet
from pyca.pipeline.instance.stream_outlet import StreamOutlet
from pyca.pipeline.instance.surroundings import Surroundings
from tests.pipeline_rig import ANYWHERE, all_of, client, next_of
from tests.tools import wait_for


@contextmanager
def outlet(
    go_on: Callable[[], bool] = lambda: True, address: str = ANYWHERE, **configuration: Any
) -> Iterator[tuple[Any, str]]:
    wanted = parse("one", {"camera_name": "any", **configuration})
    made: Outlet = outlets.make(wanted, Surroundings(address), go_on)
    yield made, made.open()
    made.close(at_once=True)


def send(made: Outlet, *pulses: int) -> None:
    for pulse_id in pulses:
        made.send(pulse_id, 0, {"a": pulse_id})


def test_everybody_gets_everything() -> None:
    with outlet() as (made, address), client(address) as one, client(address) as other:
        wait_for(lambda: made.clients == 2, "both")
        send(made, 1, 2)
        for receiver in (one, other):
            assert [message.pulse_id for message in all_of(receiver, 2)] == [1, 2]
        assert (made.sent, made.dropped, made.header_changes, made.trouble) == (2, 0, 1, "")
        assert made.sent_bytes > 0


def test_a_stream_that_waits_for_a_client_says_so(caplog: pytest.LogCaptureFixture) -> None:
    trouble: list[str] = []

    def go_on() -> bool:
        trouble.append(made.trouble)
        return not trouble[-1]

    image = np.zeros(1 << 20, np.uint8)
    with outlet(go_on, mode="PUSH", queue_size=1) as (made, address):
        with client(address, Mode.PULL, waiting=1) as receiver:
            wait_for(lambda: made.clients == 1, "the client")
            pulses = iter(range(10_000))

            def waited() -> bool:
                made.send(next(pulses), 0, {"image": image})
                return bool(trouble) and bool(trouble[-1])

            wait_for(waited, "the trouble")
            assert trouble[-1] == "A client is connected and takes nothing: the stream waits for it."
            assert caplog.messages == trouble[-1:]
            next_of(receiver)
        # Nobody is there any more: what waits does so for whoever comes.
        wait_for(lambda: not made.trouble, "the client to be gone")


def test_a_client_that_misses_messages_is_told(caplog: pytest.LogCaptureFixture) -> None:
    image = np.zeros(1 << 20, np.uint8)
    with outlet(queue_size=1) as (made, address), client(address, waiting=1):
        wait_for(lambda: made.clients == 1, "the client")
        assert not made.trouble
        pulses = iter(range(10_000))
        wait_for(lambda: send_image(made, next(pulses), image) or made.dropped, "a full queue")
        assert made.trouble == "A client does not take in time what is sent: it misses messages."
        assert caplog.messages == [made.trouble]


def send_image(made: Outlet, pulse_id: int, image: Any) -> None:
    made.send(pulse_id, 0, {"image": image})


def test_a_client_that_never_reads_holds_up_nobody() -> None:
    with outlet() as (made, address), client(address) as lively, client(address, waiting=1):
        wait_for(lambda: made.clients == 2, "both")
        image = np.zeros(1 << 20, np.uint8)
        pulses = iter(range(10_000))

        def served() -> int:
            made.send(next(pulses), 0, {"image": image})
            found = lively.receive(0.2)
            return found.pulse_id + 1 if found else 0

        while made.dropped == 0:
            served()
        until = next(pulses)
        wait_for(lambda: served() > until, "a message behind those that were dropped")


def test_a_pushed_message_waits_for_somebody() -> None:
    asked = []

    def go_on() -> bool:
        asked.append(1)
        return len(asked) < 2

    with outlet(go_on, mode="PUSH") as (made, address):
        send(made, 1)
        assert len(asked) == 2
        assert (made.sent, made.dropped) == (0, 1)
        with client(address, Mode.PULL) as receiver:
            wait_for(lambda: made.clients, "the client")
            send(made, 2)
            assert next_of(receiver).pulse_id == 2
        assert (made.sent, made.dropped) == (1, 1)


def test_a_pushed_message_need_not_wait() -> None:
    with outlet(lambda: pytest.fail("it waits"), mode="PUSH", block=False) as (made, _):
        send(made, 1)
        assert (made.sent, made.dropped) == (0, 1)


def test_messages_from_before_the_start() -> None:
    with outlet(mode="PUSH", queue_size=1, buffer_size=5) as (made, address):
        assert isinstance(made, BufferedOutlet)
        send(made, *range(20))
        with client(address, Mode.PULL, waiting=1) as receiver:
            # One more may have been on its way already.
            found = [message.pulse_id for message in all_of(receiver, 5)]
            wait_for(lambda: made.clients, "the client")
            send(made, 20)
            while found[-1] != 20:
                found.append(next_of(receiver).pulse_id)
        assert found[-6:] == [15, 16, 17, 18, 19, 20]
        assert len(found) <= 7
        assert made.dropped == 21 - len(found)


def test_what_is_in_the_buffer_still_leaves() -> None:
    wanted = parse("one", {"camera_name": "any", "buffer_size": 100, "queue_size": 100})
    made = BufferedOutlet(ANYWHERE, wanted, lambda: True)
    address = made.open()
    with client(address) as receiver:
        wait_for(lambda: made.clients, "the client")
        send(made, *range(50))
        made.close()
        assert [message.pulse_id for message in all_of(receiver, 50)] == list(range(50))
    made.close()


def test_a_worker_connects_to_its_destination() -> None:
    receiver = Receiver(ANYWHERE, mode=Mode.PULL, bind=True)
    receiver.open()
    target = receiver.addresses[0]
    with outlet(output_stream=target) as (made, address):
        assert address == target
        send(made, 3)
        assert next_of(receiver).pulse_id == 3
        assert made.clients == 1
    receiver.close()


def test_values_and_headers_are_compressed() -> None:
    squeezed = {"data_compression": "bitshuffle_lz4", "data_header_compression": "lz4"}
    with outlet(**squeezed) as (made, address), client(address) as receiver:
        wait_for(lambda: made.clients, "the client")
        made.send(1, 0, {"image": np.zeros((100, 100), np.uint16), "text": "t"})
        message = next_of(receiver)
        assert [channel.compression for channel in message.channels] == ["bitshuffle_lz4"] * 2
        assert np.asarray(message.values["image"]).shape == (100, 100)
        assert made.sent_bytes < 5000


@pytest.mark.parametrize(("strategy", "changes"), [("on_change", 2), ("always", 2)])
def test_headers_follow_the_values(strategy: str, changes: int) -> None:
    with outlet(create_header=strategy) as (made, address), client(address) as receiver:
        wait_for(lambda: made.clients, "the client")
        for value in (1, 2, 3.5):
            made.send(1, 0, {"a": value})
        assert [message.values["a"] for message in all_of(receiver, 3)] == [1, 2, 3.5]
        assert made.header_changes == changes


def test_a_header_that_is_made_once_stays() -> None:
    wanted = {"camera_name": "any", "create_header": "once"}
    with outlet(**wanted) as (made, _):
        assert isinstance(made, StreamOutlet)
        made.send(1, 0, {"a": 1})
        with pytest.raises(WireError, match="made once"):
            made.send(2, 0, {"a": 1.5})
        made.configure(parse("one", wanted | {"create_header": "on_change"}))
        made.send(3, 0, {"a": 1.5})
        assert made.header_changes == 2


def test_an_address_that_somebody_has() -> None:
    with outlet() as (_, address), pytest.raises(BusyError), outlet(address=address):
        pass


def test_parts_travel_in_memory() -> None:
    sent = [b"", b"head", memoryview(np.arange(5, dtype=np.uint16)).cast("B")]
    descriptor = parts.packed(sent)
    assert list(map(bytes, parts.unpacked(descriptor))) == list(map(bytes, sent))
    os.close(descriptor)
    with pytest.raises(ImagingError, match="no memory for a message"):
        parts.unpacked(os.open("/dev/null", os.O_RDONLY))
