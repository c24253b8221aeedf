"""Instances of pipelines: what comes in, what goes out, and how they end."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.bsread.receiver import Receiver
from pyca.bsread.sockets import Mode
from pyca.core.errors import ConfigError, ImagingError, OfflineError
from pyca.images.backgrounds import Backgrounds
from pyca.pipeline.instance.work import Work
from tests.pipeline_rig import (
    ANYWHERE,
    SUBSCRIBED,
    Camera,
    CameraServer,
    Pipeline,
    all_of,
    beam,
    camera,
    client,
    frame,
    next_of,
    pipeline,
    script,
)
from tests.tools import wait_for


@pytest.fixture
def source() -> Iterator[Camera]:
    with camera() as made:
        yield made


@pytest.fixture
def server(source: Camera) -> Iterator[CameraServer]:
    made = CameraServer()
    made.streams["cam"] = source.address
    yield made
    made.close()


@pytest.fixture
def around(server: CameraServer) -> dict[str, Any]:
    return {"cameras": server.address}


@pytest.fixture
def pushing() -> Iterator[Camera]:
    """A source of which nothing is left out."""
    with camera(Mode.PUSH) as made:
        yield made


def fed(source: Camera, **more: Any) -> dict[str, Any]:
    """A configuration that takes all of a source, in order."""
    return {"input_stream": source.address, "input_mode": "PULL", "queue_size": 1000, **more}


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(values["processing_parameters"])
    return found


def pulses(receiver: Receiver, number: int) -> list[int]:
    return [message.pulse_id for message in all_of(receiver, number)]


def connected(one: Pipeline, number: int = 1) -> None:
    wait_for(lambda: one.figures().clients == number, "the client")
    time.sleep(SUBSCRIBED)


def test_a_camera_is_processed(source: Camera, around: dict[str, Any]) -> None:
    source.start()
    with pipeline(around=around, camera_name="cam") as one, client(one.address) as receiver:
        message = next_of(receiver)
        assert len(message.values) == 28
        assert next(iter(message.values)) == "x_axis"
        assert message.values["x_center_of_mass"] == pytest.approx(16, abs=0.1)
        assert parameters(message.values)["camera_name"] == "cam"
        assert one.told("kernel") in ("native", "numpy")
        figures = wait_for(lambda: found if (found := one.figures()).sent else None, "figures")
        assert (figures.width, figures.height, figures.pixel_bytes) == (32, 24, 2)
        assert figures.header_changes == 1
        assert one.told("online") is True
        shown = one.message()
        assert list(shown.values) == list(message.values)
    assert one.exitcode == 0
    assert one.told("over") is None


def test_the_message_is_the_next_one_behind_a_change(source: Camera, around: dict[str, Any]) -> None:
    source.start()
    with pipeline(around=around, camera_name="cam") as one:
        assert "gr_intensity" not in one.message().values
        for wanted in ({"image_good_region": {"threshold": 0.3}}, {"image_region_of_interest": [0, 9, 0, 8]}):
            one.configure(camera_name="cam", no_client_timeout=0, **wanted)
            found = parameters(one.message().values)
            assert all(found[name] for name in wanted)
        assert np.asarray(one.message().values["image"]).shape == (8, 9)


def test_a_change_that_cannot_be_followed_changes_nothing(source: Camera, around: dict[str, Any]) -> None:
    source.start()
    with pipeline(around=around, camera_name="cam") as one:
        for wrong in ({"averaging": "no"}, {"function": "missing"}):
            answer, _ = one.ask("configure", configuration={"camera_name": "cam", **wrong})
            assert "failed" in answer
        assert parameters(one.message().values)["function"] is None


def test_a_camera_that_is_not_there(server: CameraServer) -> None:
    with pytest.raises(OfflineError) as found, pipeline(around={"cameras": server.address}, camera_name="no"):
        pass
    assert found.value.message == "Camera no is not online. Cannot start pipeline."


def test_a_camera_is_waited_for_where_clients_wait(source: Camera, server: CameraServer) -> None:
    streams, server.streams = server.streams, {}
    source.start()
    around = {"cameras": server.address, "patient": True}
    with pipeline(around=around, camera_name="cam") as one, client(one.address) as receiver:
        assert one.told("online") is False
        server.streams = streams
        next_of(receiver)
        wait_for(lambda: one.told("online") is True, "its being online")


def test_only_camera_images_are_processed(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one:
        pushing.wait_for_client()
        pushing.send(1, values={"a": 1})
        assert one.wait_for_end() == 1
        assert "has no image" in one.told("over")


def test_channels_that_came_with_an_image_follow(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, values=frame(current=2.5))
        message = next_of(receiver)
        assert list(message.values)[-1] == "current"
        assert message.values["current"] == 2.5


def test_one_pixel(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, values=frame(np.full((1, 1), 7, np.uint16)))
        assert next_of(receiver).values["intensity"] == 7


def test_included_and_excluded_channels(pushing: Camera) -> None:
    chosen = {"include": ["width", "missing", "x_rms"], "exclude": ["x_rms"]}
    with pipeline(**fed(pushing, **chosen)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1)
        # What is wanted and not there is None, which is no channel as long as nobody knows its type.
        assert dict(next_of(receiver).values) == {"width": 32}


def test_the_order_of_a_stream_is_kept(pushing: Camera) -> None:
    kinds = {"pipeline_type": "stream"}
    with pipeline(**fed(pushing, **kinds)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(5, values={"b": 1, "a": "text"})
        message = next_of(receiver)
        assert (message.pulse_id, list(message.values.items())) == (5, [("b", 1), ("a", "text")])


def test_a_store_has_one_channel(source: Camera, around: dict[str, Any]) -> None:
    source.start()
    wanted = {"pipeline_type": "store", "camera_name": "cam"}
    with pipeline(around=around, **wanted) as one, client(one.address, Mode.PULL) as receiver:
        message = next_of(receiver)
        assert list(message.values) == ["cam:FPICTURE"]
        assert np.array_equal(np.asarray(message.values["cam:FPICTURE"]), beam())


def test_averaging_sends_less(pushing: Camera) -> None:
    with pipeline(**fed(pushing, averaging=3)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(*range(7))
        assert pulses(receiver, 2) == [2, 5]


def test_records_end_it(pushing: Camera) -> None:
    with pipeline(**fed(pushing, records=3)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(*range(9))
        assert pulses(receiver, 3) == [0, 1, 2]
        assert one.wait_for_end() == 0
        assert one.told("over") == "All 3 messages have been sent"
        assert one.told("exitcode") == 0
        assert receiver.receive(0.05) is None
        assert one.figures().closing == 1


def test_a_range_of_pulses_ends_it(pushing: Camera) -> None:
    with pipeline(**fed(pushing, pid_range=[0, 0])) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, 2)
        wait_for(lambda: one.figures().skipped == 2, "what is left out")
        one.configure(**fed(pushing, pid_range=[4, 6]))
        pushing.send(*range(3, 9))
        assert pulses(receiver, 3) == [4, 5, 6]
        assert one.wait_for_end() == 0
        assert "6" in one.told("over")


def test_a_range_that_is_over_before_it_has_begun(pushing: Camera) -> None:
    with pipeline(**fed(pushing, pid_range=[4, 6])) as one:
        pushing.wait_for_client()
        pushing.send(7)
        assert one.wait_for_end() == 0
        assert one.figures().sent == 0


def test_nothing_leaves_while_it_is_paused(pushing: Camera) -> None:
    with pipeline(**fed(pushing, paused=True)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, 2, 3)
        wait_for(lambda: one.figures().skipped == 3, "what is left out")
        one.configure(**fed(pushing))
        pushing.send(4)
        assert pulses(receiver, 1) == [4]


def test_stale_pulses_are_left_out_and_told(pushing: Camera, caplog: pytest.LogCaptureFixture) -> None:
    with pipeline(**fed(pushing, enforce_pid=True)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(5, 3, 4, 6)
        assert pulses(receiver, 2) == [5, 6]
        wait_for(lambda: one.figures().skipped == 2, "what is left out")
    assert len([record for record in caplog.records if "comes after a later one" in record.message]) == 1


def test_what_has_no_effect_is_told_once(pushing: Camera, caplog: pytest.LogCaptureFixture) -> None:
    with pipeline(**fed(pushing, image_threshold=0.5)) as one:
        one.configure(**fed(pushing, image_threshold=0.5, image_slices={}))
    told = [record.message for record in caplog.records if "has no effect" in record.message]
    assert told == [
        "image_threshold: has no effect at 0.5: it is cut to a whole number",
        "image_slices: has no effect without image_good_region",
    ]


def test_without_clients_it_ends(
    source: Camera, around: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with pipeline(around=around, camera_name="cam", no_client_timeout=0.2) as one:
        assert one.wait_for_end() == 0
        assert one.told("over") == "Nobody has listened for 0.2 s"
    told = [record.message for record in caplog.records if "Nobody has listened" in record.message]
    assert told == ["It ends: Nobody has listened for 0.2 s"]


def test_a_silent_camera_is_asked_for_again(server: CameraServer, around: dict[str, Any]) -> None:
    with (
        camera() as second,
        pipeline(around=around, camera_name="cam", camera_timeout=0.2, stream_timeout=0.1) as one,
        client(one.address) as receiver,
    ):
        server.streams["cam"] = second.address
        second.start()
        next_of(receiver)
        wait_for(lambda: one.told("online") is True, "its being online")
        assert server.asked > 1


def test_a_camera_that_is_gone_ends_it(server: CameraServer, around: dict[str, Any]) -> None:
    wanted = {"camera_name": "cam", "camera_timeout": 0.3, "stream_timeout": 0}
    with pipeline(around=around, **wanted) as one:
        server.streams.clear()
        assert one.wait_for_end() == 1
        assert one.told("over").startswith("Camera cam is not online.")
        assert one.told("online") is False


def test_silence_is_told_and_can_end_it(pushing: Camera) -> None:
    with pipeline(**fed(pushing, stream_timeout=0.1)) as one:
        why = wait_for(lambda: one.told("why"), "the silence")
        assert "Nothing has come for 0.1 s" in why
        pushing.send(1)
        wait_for(lambda: one.told("online") is True, "its being online")
    with pipeline(**fed(pushing, stream_timeout=0.1, abort_on_timeout=True)) as one:
        assert one.wait_for_end() == 1
        assert "Nothing has come" in one.told("over")


def test_garbage_is_counted_and_no_reason_to_end(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one, client(one.address) as receiver:
        connected(one)
        pushing.sender.send_parts([b"garbage", b"more"])
        pushing.send(1)
        assert pulses(receiver, 1) == [1]
        assert wait_for(lambda: one.figures().garbled, "garbage") == 1


BAD = frame() | {"image": np.zeros((4, 4, 2), np.uint8)}


def test_an_error_ends_it(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one:
        pushing.wait_for_client()
        pushing.send(1, values=BAD)
        assert one.wait_for_end() == 1
        assert "instead of an image of rows and columns" in one.told("over")
        assert one.told("exitcode") == 1
        assert one.figures().errors == 1


def test_an_error_need_not_end_it(pushing: Camera) -> None:
    with pipeline(**fed(pushing, abort_on_error=False)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, values=BAD)
        wait_for(lambda: one.told("trouble"), "trouble")
        pushing.send(2)
        assert pulses(receiver, 1) == [2]
        wait_for(lambda: one.told("trouble") == "", "the end of it")
        assert one.figures().errors == 1


def test_a_panel_is_shown_what_is_wrong(pushing: Camera, tmp_path: Path) -> None:
    Backgrounds(tmp_path).save("dark", np.zeros((3, 3), np.uint16))
    wanted = fed(pushing, image_background="dark", image_background_enable=True)
    around = {"backgrounds": str(tmp_path)}
    with pipeline("cam_sp1", around, **wanted) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, 2)
        for message in all_of(receiver, 2):
            assert not np.asarray(message.values["image"]).any()
            assert np.asarray(message.values["image"]).shape == (24, 32)
            assert "Bad background image size" in parameters(message.values)["processing_error"]
        wait_for(lambda: one.figures().errors == 2, "figures")
        one.configure(**fed(pushing))
        pushing.send(3)
        assert "processing_error" not in parameters(next_of(receiver).values)


def test_a_background_is_subtracted(pushing: Camera, tmp_path: Path) -> None:
    Backgrounds(tmp_path).save("dark", np.full((24, 32), 10, np.uint16))
    wanted = fed(pushing, image_background="dark", image_background_enable=True)
    around = {"backgrounds": str(tmp_path)}
    with pipeline(around=around, **wanted) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1)
        assert next_of(receiver).values["min_value"] == 0
    with pytest.raises(ImagingError), pipeline(around=around, **wanted | {"image_background": "no"}):
        pass


def test_a_slow_pipeline_loses_frames_and_gets_no_older(
    source: Camera, around: dict[str, Any], tmp_path: Path
) -> None:
    slow = script(
        tmp_path,
        "slow",
        """
import time
def process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters, bsdata=None):
    time.sleep(0.05)
    return {"age": time.time() - timestamp}
""",
    )
    wanted = {"camera_name": "cam", "function": "slow"}
    with pipeline(around=around | slow, **wanted) as one, client(one.address) as receiver:
        source.start(pause=0.002)
        messages = all_of(receiver, 10)
        figures = wait_for(lambda: found if (found := one.figures()).lost > 20 else None, "lost frames")
        assert figures.lost
        # Of some hundred frames that came meanwhile the newest ones were taken.
        assert messages[-1].pulse_id - messages[0].pulse_id > 20
        assert parameters(messages[0].values)["function"] == "slow"


def test_a_client_that_never_reads_holds_up_nobody(source: Camera, around: dict[str, Any]) -> None:
    wanted = {"camera_name": "cam", "queue_size": 1}
    big = frame(np.zeros((512, 512), np.uint16))
    with (
        pipeline(around=around, **wanted) as one,
        client(one.address, waiting=1),
        client(one.address) as lively,
    ):
        connected(one, 2)
        source.start(values=big, pause=0.002)
        wait_for(lambda: lively.receive(0.1) and one.figures().dropped, "messages that are dropped")
        seen = next_of(lively).pulse_id
        wait_for(lambda: (found := lively.receive(0.1)) and found.pulse_id > seen + 5, "further messages")


def test_nobody_takes_what_is_pushed(pushing: Camera) -> None:
    wanted = fed(pushing, mode="PUSH", queue_size=1)
    with pipeline(**wanted) as one:
        pushing.wait_for_client()
        pushing.send(1, 2, 3)
        # It still listens to the server while a message waits.
        one.configure(**wanted, paused=True)
        one.configure(**wanted)
        with client(one.address, Mode.PULL) as receiver:
            assert pulses(receiver, 1) == [1]
    with pipeline(**wanted | {"no_client_timeout": 0.2}) as one:
        pushing.send(4, 5, 6)
        assert one.wait_for_end() == 0


@pytest.mark.parametrize("threads", [None, 3])
def test_fan_out_workers_fan_in(pushing: Camera, threads: int | None) -> None:
    number = 40
    fan_out = fed(pushing, pipeline_type="fanout", queue_size=2)
    gathers = {"pipeline_type": "fanin", "pid_buffer": 20, "queue_size": 1000}
    with pipeline("out", **fan_out) as out, pipeline("in", **gathers) as fan_in:
        assert out.told("input") is None
        target = fan_in.told("input")
        worker = {"input_stream": out.address, "input_mode": "PULL", "output_stream": target}
        more = {"processing_threads": threads} if threads else {}
        with (
            pipeline("one", **worker, **more) as one,
            pipeline("two", **worker) as two,
            client(fan_in.address) as receiver,
        ):
            connected(out, 2)
            connected(one)
            connected(two)
            connected(fan_in)
            assert one.address == target
            pushing.send(*range(number))
            assert pulses(receiver, number) == list(range(number))
            wait_for(lambda: one.figures().sent + two.figures().sent == number, "figures")
            assert min(one.figures().sent, two.figures().sent) > 0
            assert fan_in.figures().lost == fan_in.figures().dropped == 0


def test_threads_keep_the_order(pushing: Camera, tmp_path: Path) -> None:
    uneven = script(
        tmp_path,
        "uneven",
        """
import threading, time
def process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters):
    time.sleep(0.02 if pulse_id % 3 == 0 else 0)
    return {"thread": threading.get_ident()} if pulse_id % 5 else None
""",
    )
    wanted = fed(pushing, function="uneven", processing_threads=3, pid_range=[0 + 1, 30])
    with pipeline(around=uneven, **wanted) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(*range(1, 40))
        found = all_of(receiver, 24)
        assert [message.pulse_id for message in found] == [pulse for pulse in range(1, 30) if pulse % 5]
        assert len({message.values["thread"] for message in found}) > 1
        # What was in work when the last one came has left as well.
        assert one.wait_for_end() == 0


def test_threads_and_averaging(pushing: Camera) -> None:
    wanted = fed(pushing, averaging=2, processing_threads=2, records=5)
    with pipeline(**wanted) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(*range(20))
        assert pulses(receiver, 5) == [1, 3, 5, 7, 9]
        assert one.wait_for_end() == 0
        assert receiver.receive(0.05) is None


def test_an_error_in_a_thread_ends_it(pushing: Camera) -> None:
    for more in ({}, {"averaging": 2}):
        with pipeline(**fed(pushing, processing_threads=2, **more)) as one:
            pushing.wait_for_client()
            pushing.send(1, values=BAD)
            assert one.wait_for_end() == 1


@pytest.mark.parametrize("threads", [None, 2])
def test_a_mistake_of_ours_is_an_error(
    pushing: Camera, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    with pipeline(**fed(pushing, processing_threads=threads)) as one:
        monkeypatch.setattr(Work, "values", mistaken)
        pushing.wait_for_client()
        pushing.send(1)
        assert one.wait_for_end() == 1
        assert one.told("over") == "RuntimeError: a mistake of ours"


def test_values_are_merged_by_pulse_id(pushing: Camera) -> None:
    with camera(Mode.PUSH) as scalars:
        merging = {"bsread_address": scalars.address, "bsread_channels": ["current"]}
        with pipeline(**fed(pushing, **merging)) as one, client(one.address) as receiver:
            connected(one)
            pushing.send(1, 2, 3)
            for pulse_id in (2, 3):
                scalars.send(pulse_id, values={"current": pulse_id * 10, "other": 1})
            messages = all_of(receiver, 2)
            assert [(one.pulse_id, one.values["current"]) for one in messages] == [(2, 20), (3, 30)]
            assert "other" not in messages[0].values
            wait_for(lambda: one.figures().lost == 1, "the one without values")


def test_frames_are_left_out_for_a_lower_rate(pushing: Camera) -> None:
    with pipeline(**fed(pushing, downsampling=4)) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(*range(9))
        assert pulses(receiver, 3) == [0, 4, 8]
        one.configure(**fed(pushing, max_frame_rate=0.001))
        pushing.send(20, 21, 22)
        assert pulses(receiver, 1) == [20]
        wait_for(lambda: one.figures().skipped == 6 + 2, "what is left out")


def test_it_ends_with_the_server(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one:
        one.channel.close()
        assert one.wait_for_end() == 0


def test_what_cannot_be_parsed_does_not_start() -> None:
    with pytest.raises(ConfigError), pipeline(camera_name=5):
        pass


def test_an_address_in_use_lets_go_of_everything(pushing: Camera) -> None:
    with pipeline(**fed(pushing)) as one:
        with pytest.raises(ImagingError), pipeline(around={"address": one.address}, **fed(pushing)):
            pass
        pushing.wait_for_client()
        pushing.send(1)
        assert one.message().pulse_id == 1


COUNTING = """
def process(stream_data, pulse_id, timestamp, parameters):
    return {"pulse": pulse_id, "had": len(stream_data), "factor": parameters["factor"]}
"""


def test_a_function_without_a_source(tmp_path: Path) -> None:
    wanted = {"pipeline_type": "custom", "function": "counting", "max_frame_rate": 500, "factor": 2}
    around = script(tmp_path, "counting", COUNTING)
    with pipeline(around=around, **wanted) as one, client(one.address) as receiver:
        first, second = all_of(receiver, 2)
        assert (first.values["had"], first.values["factor"]) == (0, 2)
        assert second.values["pulse"] == second.pulse_id > first.pulse_id
        one.configure(no_client_timeout=0, **wanted | {"factor": 3})
        assert one.message().values["factor"] == 3


def test_a_function_of_a_stream_and_its_reload(pushing: Camera, tmp_path: Path) -> None:
    wanted = fed(pushing, pipeline_type="stream", function="counting", factor=1)
    around = script(tmp_path, "counting", COUNTING)
    with pipeline(around=around, **wanted) as one, client(one.address) as receiver:
        connected(one)
        pushing.send(1, values={"a": 1, "b": 2})
        assert next_of(receiver).values["had"] == 2
        script(tmp_path, "counting", COUNTING.replace("len(stream_data)", "-1"))
        one.configure(**wanted)
        pushing.send(2, values={"a": 1})
        assert next_of(receiver).values["had"] == 1
        one.configure(**wanted, reload=True)
        pushing.send(3, values={"a": 1})
        found = next_of(receiver).values
        assert found["had"] == -1
        assert parameters(found)["reload"] is False


def test_a_script_drives_itself(pushing: Camera, tmp_path: Path) -> None:
    around = script(
        tmp_path,
        "pairs",
        """
def run(messages, parameters):
    before = None
    for message in messages:
        if before is not None:
            yield {"sum": before.data["a"] + message.data["a"], "times": parameters["times"]}
            before = None
        elif message.data["a"] < 0:
            return
        else:
            before = message
""",
    )
    wanted = fed(pushing, pipeline_type="script", function="pairs", times=1)
    with pipeline(around=around, **wanted) as one, client(one.address) as receiver:
        connected(one)
        for pulse_id in range(4):
            pushing.send(pulse_id, values={"a": pulse_id})
        found = all_of(receiver, 2)
        assert [(one.pulse_id, one.values["sum"], one.values["times"]) for one in found] == [
            (1, 1, 1),
            (3, 5, 1),
        ]
        one.configure(**wanted | {"times": 2})
        pushing.send(4, 5, values={"a": 1})
        assert next_of(receiver).values["times"] == 2
        pushing.send(6, values={"a": -1})
        assert one.wait_for_end() == 0
        assert one.told("over") == "The script has ended"


def test_a_script_that_fails_is_begun_again(pushing: Camera, tmp_path: Path) -> None:
    around = script(
        tmp_path,
        "fails",
        """
def run(messages, parameters):
    for message in messages:
        yield {"a": 1 / message.data["a"]}
""",
    )
    wanted = fed(pushing, pipeline_type="script", function="fails")
    with pipeline(around=around, abort_on_error=False, **wanted) as one, client(one.address) as receiver:
        connected(one)
        for pulse_id, value in enumerate((1, 0, 7, 2)):
            pushing.send(pulse_id, values={"a": value})
        # Behind an error one message is left out.
        assert pulses(receiver, 2) == [0, 3]
    with pipeline(around=around, **wanted) as one:
        # The one before may still be taken for a client: one message could be its.
        pushing.start(values={"a": 0})
        assert one.wait_for_end() == 1
        assert "fails.py, line 4" in one.told("over")


def test_a_function_that_fails_ends_it(pushing: Camera, tmp_path: Path) -> None:
    around = script(tmp_path, "fails", "def process_image(*arguments):\n    exit(3)\n")
    with pipeline(around=around, **fed(pushing, function="fails")) as one:
        pushing.wait_for_client()
        pushing.send(1)
        assert one.wait_for_end() == 1
        assert "fails.py, line 2" in one.told("over")


def test_no_scripts_are_run_unless_that_is_switched_on(pushing: Camera) -> None:
    no_scripts = pytest.raises(ImagingError, match="no scripts are run here")
    with no_scripts, pipeline(**fed(pushing, function="any")):
        pass


def test_a_value_that_cannot_be_sent_is_an_error(pushing: Camera, tmp_path: Path) -> None:
    text = "def process_image(*arguments):\n    return {'a': 0.5 if arguments[1] else 1}\n"
    around = script(tmp_path, "odd", text)
    wanted = fed(pushing, function="odd", create_header="once")
    with pipeline(around=around, **wanted) as one:
        pushing.wait_for_client()
        pushing.send(0, 1)
        assert one.wait_for_end() == 1
        assert "made once" in one.told("over")


def test_a_worker_without_a_fan_in(pushing: Camera) -> None:
    receiver = Receiver(ANYWHERE, mode=Mode.PULL, bind=True)
    receiver.open()
    with pipeline(**fed(pushing, output_stream=receiver.addresses[0], records=2)) as one:
        pushing.wait_for_client()
        pushing.send(1, 2)
        assert pulses(receiver, 2) == [1, 2]
        assert one.wait_for_end() == 0
    receiver.close()
