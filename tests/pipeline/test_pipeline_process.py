"""Instances of pipelines as processes of their own."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyca.bsread.sockets import Mode
from pyca.instances.statistics import Statistics, memory
from pyca.pipeline.instance.jobs import JOBS
from pyca.runtime.channel import ChannelClosedError, close_files
from pyca.runtime.nursery import Nursery, Ward
from tests.pipeline_rig import ANYWHERE, SUBSCRIBED, Camera, camera, client, next_of, script
from tests.tools import wait_for


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery(JOBS, ("bitshuffle", "lz4.block"))
    made.start()
    yield made
    made.close()


@pytest.fixture
def pushing() -> Iterator[Camera]:
    with camera(Mode.PUSH) as made:
        yield made


class Process:
    """An instance as the server sees it."""

    def __init__(self, ward: Ward, statistics: Statistics) -> None:
        self.ward = ward
        self.statistics = statistics
        self.heard: list[dict[str, Any]] = []

    def told(self, word: str) -> Any:
        try:
            while (found := self.ward.channel.receive()) is not None:
                close_files(found[1])
                self.heard.append(found[0])
        except ChannelClosedError:
            pass
        found_words = [message[word] for message in self.heard if word in message]
        return found_words[-1] if found_words else None

    def code(self) -> int | None:
        wait_for(lambda: self.ward.gone.is_set(), "the end of the process")
        return self.ward.code


@contextmanager
def process(
    nursery: Nursery, around: dict[str, Any] | None = None, **configuration: Any
) -> Iterator[Process]:
    descriptor = memory()
    statistics = Statistics(descriptor)
    argument = {
        "name": "one",
        "configuration": {"no_client_timeout": 0, **configuration},
        "address": ANYWHERE,
        **(around or {}),
    }
    ward = nursery.spawn("instance", argument, [descriptor], "pipeline:one")
    os.close(descriptor)
    made = Process(ward, statistics)
    try:
        yield made
    finally:
        nursery.kill(ward)
        ward.gone.wait(60)
        ward.channel.close()
        statistics.close()


def fed(source: Camera, **more: Any) -> dict[str, Any]:
    return {"input_stream": source.address, "input_mode": "PULL", "queue_size": 1000, **more}


def test_a_process_ends_with_its_exit_code(nursery: Nursery, pushing: Camera) -> None:
    with process(nursery, **fed(pushing, records=2)) as one:
        address = wait_for(lambda: one.told("started"), "its start")
        with client(address) as receiver:
            wait_for(lambda: one.statistics.read().clients, "the client")
            time.sleep(SUBSCRIBED)
            pushing.send(1, 2, 3)
            values = next_of(receiver).values
            assert json.loads(str(values["processing_parameters"]))["records"] == 2
            assert one.code() == 0
            # What was on its way when it ended has come.
            assert next_of(receiver).pulse_id == 2
        assert one.told("over") == "All 2 messages have been sent"
        assert one.statistics.read().closing == 1


def test_an_error_is_its_exit_code(nursery: Nursery, pushing: Camera) -> None:
    with process(nursery, **fed(pushing)) as one:
        wait_for(lambda: one.told("started"), "its start")
        pushing.wait_for_client()
        pushing.send(1, values={"a": 1})
        assert one.code() == 1
        assert "has no image" in one.told("over")


def test_it_is_stopped(nursery: Nursery, pushing: Camera) -> None:
    with process(nursery, **fed(pushing)) as one:
        wait_for(lambda: one.told("started"), "its start")
        one.ward.channel.send({"what": "stop"})
        assert one.code() == 0
        assert one.told("over") is None


def test_what_cannot_begin_says_why(nursery: Nursery) -> None:
    with process(nursery, camera_name="one", around={"cameras": "http://127.0.0.1:1"}) as one:
        failed = wait_for(lambda: one.told("failed"), "the fault")
        assert failed["message"] == "Camera one is not online. Cannot start pipeline."
        assert failed["kind"] == "OfflineError"
        assert one.code() == 0


HANGS = """
def process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters, bsdata=None):
    while pulse_id == 2:
        pass
    return {"a": pulse_id}
"""


def test_a_function_that_hangs(nursery: Nursery, pushing: Camera, tmp_path: Path) -> None:
    around = {**script(tmp_path, "hangs", HANGS), "script_seconds": 0.5, "script_memory": 0}
    wanted = fed(pushing, function="hangs", abort_on_error=False)
    with process(nursery, around, **wanted) as one:
        address = wait_for(lambda: one.told("started"), "its start")
        with client(address) as receiver:
            wait_for(lambda: one.statistics.read().clients, "the client")
            time.sleep(SUBSCRIBED)
            pushing.send(1, 2, 3)
            assert next_of(receiver).pulse_id == 1
            assert next_of(receiver).pulse_id == 3
        assert "hangs.py, line" in wait_for(lambda: one.told("log"), "the message")[3]


@pytest.mark.parametrize("aborts", [True, False])
def test_a_function_that_hangs_in_a_thread(
    nursery: Nursery, pushing: Camera, tmp_path: Path, aborts: bool
) -> None:
    around = {**script(tmp_path, "hangs", HANGS), "script_seconds": 0.2}
    wanted = fed(pushing, function="hangs", abort_on_error=aborts, processing_threads=2)
    with process(nursery, around, **wanted) as one:
        wait_for(lambda: one.told("started"), "its start")
        pushing.wait_for_client()
        pushing.send(1, 2, 3)
        assert one.code() == 1
        # Where errors are no reason to end somebody else starts it again.
        assert ("takes longer than" in (one.told("over") or "")) == aborts
        assert one.statistics.read().closing == int(aborts)
