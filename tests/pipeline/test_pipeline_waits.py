"""Instances whose messages nobody takes: they can be spoken to, and end."""

from collections.abc import Iterator
from typing import Any

import pytest

from pyca.bsread.sockets import Mode
from tests.pipeline_rig import Camera, Pipeline, all_of, camera, client, next_of, pipeline
from tests.tools import wait_for


@pytest.fixture
def pushing() -> Iterator[Camera]:
    with camera(Mode.PUSH) as made:
        yield made


@pytest.fixture
def wanted(pushing: Camera) -> dict[str, Any]:
    """A configuration whose threads wait for somebody who takes what they have made."""
    source = {"input_stream": pushing.address, "input_mode": "PULL", "queue_size": 1}
    return {**source, "mode": "PUSH", "block": True, "processing_threads": 2}


def hold_up(one: Pipeline, pushing: Camera) -> None:
    pushing.wait_for_client()
    pushing.send(*range(1, 9))
    # One waits on its way out, and no more are taken than there is room for.
    wait_for(lambda: one.figures().received == 5, "messages that wait")


def test_threads_that_wait_keep_nobody_from_changing_it(pushing: Camera, wanted: dict[str, Any]) -> None:
    with pipeline(**wanted) as one:
        hold_up(one, pushing)
        one.configure(**wanted, no_client_timeout=0, image_threshold=5.0, create_header="always")
        with client(one.address, Mode.PULL) as receiver:
            assert [message.pulse_id for message in all_of(receiver, 8)] == list(range(1, 9))
            # The header is in each message from now on.
            before = receiver.header_changes
            pushing.send(9)
            assert '"image_threshold": 5.0' in str(next_of(receiver).values["processing_parameters"])
            assert receiver.header_changes == before


def test_an_image_that_cannot_be_prepared_is_told_in_its_turn(
    pushing: Camera, wanted: dict[str, Any]
) -> None:
    more = {"averaging": -1, "abort_on_error": True, "queue_size": 100}
    with pipeline(**{**wanted, **more}) as one:
        pushing.wait_for_client()
        pushing.send(1, 2)
        pushing.send(3, values={"number": 1})
        wait_for(lambda: one.figures().received == 3, "all messages")
        # Whoever waits is asked, and not what could not be prepared.
        one.ask("configure", configuration={**wanted, **more, "no_client_timeout": 0})
        with client(one.address, Mode.PULL) as receiver:
            assert [message.pulse_id for message in all_of(receiver, 2)] == [1, 2]
            assert one.wait_for_end() == 1
        assert "has no image" in one.told("over")


def test_threads_that_wait_end_with_the_server(pushing: Camera, wanted: dict[str, Any]) -> None:
    with pipeline(**wanted) as one:
        hold_up(one, pushing)
        one.channel.shut()
        assert one.wait_for_end() == 0
