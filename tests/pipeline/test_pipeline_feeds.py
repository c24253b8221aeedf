"""Where the messages of a pipeline come from."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from pyca.bsread.message import Value
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.core.errors import BusyError, ImagingError, OfflineError, WireError
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance import feeds
from pyca.pipeline.instance import merge as merge_module
from pyca.pipeline.instance.asked_feed import AskedFeed
from pyca.pipeline.instance.camera_feed import CameraFeed
from pyca.pipeline.instance.fan_feed import FanFeed
from pyca.pipeline.instance.feed import Feed, Item
from pyca.pipeline.instance.lag import Lag
from pyca.pipeline.instance.made_feed import MadeFeed
from pyca.pipeline.instance.merge import Merge
from pyca.pipeline.instance.stream_feed import StreamFeed
from pyca.pipeline.instance.surroundings import Surroundings
from tests.pipeline_rig import ANYWHERE, Camera, CameraServer, camera, frame
from tests.tools import wait_for


@pytest.fixture
def server() -> Iterator[CameraServer]:
    made = CameraServer()
    yield made
    made.close()


def item_of(feed: Feed) -> Item:
    return wait_for(lambda: feed.receive(1.0), "a message")


def opened(feed: Feed) -> Feed:
    feed.open()
    return feed


def test_what_waits_for_a_moment_is_taken_in_order() -> None:
    with camera() as source:
        feed = opened(StreamFeed(source.address, waiting=100))
        source.wait_for_client()
        for number in range(100):
            # Each is younger when it comes than the one before: none has waited.
            source.sender.send(number, number * 10**12, {"value": number})
        found = [item_of(feed).pulse_id]
        while found[-1] != 99:
            found.append(item_of(feed).pulse_id)
        assert found == list(range(found[0], 100))
        assert feed.lost == 0
        assert feed.receive(0.01) is None
        feed.close()
        feed.close()


def test_what_waits_at_the_sender_is_not_taken_one_by_one() -> None:
    with camera() as source:
        feed = opened(StreamFeed(source.address))
        source.wait_for_client()
        source.send(0)
        assert item_of(feed).pulse_id == 0
        # Far more than fit into sockets and queues on the way.
        big = frame(np.zeros((512, 512), np.uint16))
        source.send(*range(1, 200), values=big)
        time.sleep(0.15)
        taken = 1
        while item_of(feed).pulse_id != 199:
            taken += 1
        assert taken < 50
        assert feed.lost == 200 - taken - 1
        feed.close()


def test_a_clock_that_was_set_is_no_lag() -> None:
    lag = Lag()
    second = 1_000_000_000
    assert not lag.is_behind(0, 5 * second)
    assert not lag.is_behind(second, 6 * second)
    assert lag.is_behind(second, 7 * second)
    lag.accept()
    assert not lag.is_behind(2 * second, 8 * second)
    assert lag.is_behind(3 * second, 9 * second + second // 5)
    assert not lag.is_behind(9 * second, 3 * second)


def test_everything_of_what_is_shared_out() -> None:
    with camera(Mode.PUSH) as source:
        feed = opened(StreamFeed(source.address, mode=Mode.PULL))
        source.wait_for_client()
        source.send(*range(50))
        assert [item_of(feed).pulse_id for _ in range(50)] == list(range(50))
        feed.close()


def test_others_get_what_we_do_not() -> None:
    with camera(Mode.PUSH) as source:
        ours = opened(StreamFeed(source.address, mode=Mode.PULL))
        source.wait_for_client()
        source.send(0, 1, 2)
        found = [item_of(ours).pulse_id for _ in range(3)]
        theirs = opened(StreamFeed(source.address, mode=Mode.PULL))
        wait_for(lambda: source.sender.clients == 2, "both")
        source.send(*range(3, 23))
        found += [item_of(feed).pulse_id for _ in range(10) for feed in (ours, theirs)]
        assert sorted(found) == list(range(23))
        # What another one has got is not lost.
        assert ours.lost == theirs.lost == 0
        ours.close()
        theirs.close()


def test_only_some_channels() -> None:
    with camera(Mode.PUSH) as source:
        feed = opened(StreamFeed(source.address, mode=Mode.PULL, channels=["b", "nothing"]))
        source.wait_for_client()
        source.send(1, values={"a": 1, "b": 2})
        assert item_of(feed).values == {"b": 2, "nothing": None}
        feed.close()


def test_garbage_is_told_and_counted() -> None:
    with camera(Mode.PUSH) as source:
        feed = opened(StreamFeed(source.address, mode=Mode.PULL))
        source.wait_for_client()
        source.sender.send_parts([b"garbage", b"more"])
        source.send(1)
        with pytest.raises(WireError):
            item_of(feed)
        assert item_of(feed).pulse_id == 1
        assert feed.garbled == 1
        feed.close()


def test_the_camera_server_tells_where_a_camera_is(server: CameraServer) -> None:
    with camera() as source:
        server.streams["one"] = source.address
        feed = opened(CameraFeed("one", server.address, ""))
        assert feed.address == source.address
        source.wait_for_client()
        source.send(7)
        assert item_of(feed).pulse_id == 7
        feed.close()


def test_a_camera_that_is_not_there(server: CameraServer) -> None:
    feed = CameraFeed("one", server.address, "")
    with pytest.raises(OfflineError) as found:
        feed.open()
    assert found.value.message == "Camera one is not online. Cannot start pipeline."
    assert "offline" in found.value.remedy
    assert feed.address == ""
    with pytest.raises(OfflineError, match="does not answer"):
        CameraFeed("one", "http://127.0.0.1:1", "").open()


def test_a_camera_that_is_somewhere_else_now(server: CameraServer) -> None:
    with camera() as first, camera() as second:
        server.streams["one"] = first.address
        feed = opened(CameraFeed("one", server.address, ""))
        first.wait_for_client()
        first.send(1, 3)
        wait_for(lambda: (found := feed.receive(1)) and found.pulse_id == 3, "the first")
        lost = feed.lost
        server.streams["one"] = second.address
        feed.renew()
        feed.renew()

        def moved() -> bool:
            feed.receive(0.01)
            return feed.address == second.address

        wait_for(moved, "the other address")
        second.wait_for_client()
        second.send(9)
        assert item_of(feed).pulse_id == 9
        assert feed.lost == lost
        feed.close()


def test_another_camera_at_the_address_of_one_that_is_gone(server: CameraServer) -> None:
    first = Camera()
    server.streams["one"] = first.address
    feed = opened(CameraFeed("one", server.address, ""))
    first.wait_for_client()
    first.send(1)
    assert item_of(feed).pulse_id == 1
    with camera() as second:
        server.streams["one"] = second.address
        first.close()
        other = Camera(address=first.address)
        other.start()

        def found() -> int | None:
            if second.sender.clients:
                second.send(1000)
            item = feed.receive(0.01)
            return item.pulse_id if item else None

        # The other one's pulses begin at 0.
        assert wait_for(found, "an image") == 1000
        assert feed.address == second.address
        other.close()
        feed.close()


def test_a_camera_that_comes_back_is_asked_for_at_once(server: CameraServer) -> None:
    first = Camera()
    server.streams["one"] = first.address
    feed = opened(CameraFeed("one", server.address, ""))
    first.wait_for_client()
    server.streams.clear()
    first.close()
    with pytest.raises(OfflineError, match="Camera one is not online"):
        wait_for(lambda: feed.receive(0.01), "the answer")
    asked = server.asked
    # It is left to others when it is asked for the next time.
    assert feed.receive(0.5) is None
    assert server.asked == asked
    feed.close()


def test_a_camera_that_is_gone_when_it_is_asked_for_again(server: CameraServer) -> None:
    with camera() as source:
        server.streams["one"] = source.address
        feed = opened(CameraFeed("one", server.address, ""))
        server.streams.clear()
        feed.renew()
        with pytest.raises(OfflineError, match="Camera one is not online"):
            wait_for(lambda: feed.receive(0.01), "the answer")
        # It is still connected: what comes now is as good as before.
        source.wait_for_client()
        source.send(4)
        assert item_of(feed).pulse_id == 4
        feed.close()


def fan(size: int) -> tuple[FanFeed, Callable[..., None], Callable[[], None]]:
    """A fan-in, what sends to it, and what ends both."""
    feed = FanFeed(ANYWHERE, size)
    feed.open()
    worker = _Worker(feed.address)

    def close() -> None:
        worker.close()
        feed.close()

    return feed, worker.send, close


class _Worker:
    def __init__(self, address: str) -> None:
        self._sender = Sender(address, mode=Mode.PUSH, connects=True)
        self._sender.open()
        wait_for(lambda: self._sender.clients, "the fan-in")

    def send(self, *pulses: int) -> None:
        for pulse_id in pulses:
            assert self._sender.send(pulse_id, 0, {"a": pulse_id})

    def close(self) -> None:
        self._sender.close()


def test_workers_results_are_put_in_order() -> None:
    feed, send, close = fan(3)
    send(2, 0, 1, 3, 5, 4, 8, 9, 6, 7)
    assert [item_of(feed).pulse_id for _ in range(10)] == list(range(10))
    # What is too late is not held back.
    send(5)
    assert item_of(feed).pulse_id == 5
    close()


def test_without_a_buffer_nothing_is_put_in_order() -> None:
    feed, send, close = fan(0)
    send(2, 0, 1)
    assert [item_of(feed).pulse_id for _ in range(3)] == [2, 0, 1]
    close()


def test_the_last_ones_leave_when_nothing_more_comes() -> None:
    feed, send, close = fan(100)
    send(40, 20, 30)
    assert [item_of(feed).pulse_id for _ in range(3)] == [20, 30, 40]
    assert feed.receive(0.01) is None
    close()


def test_messages_can_be_made_here() -> None:
    feed = MadeFeed(200)
    feed.open()
    first = [item_of(feed) for _ in range(3)]
    feed.rate(1000)
    feed.rate(1000)
    second = [item_of(feed) for _ in range(3)]
    pulses = [item.pulse_id for item in first + second]
    assert pulses[0] == 0
    assert pulses == sorted(set(pulses))
    assert feed.lost == pulses[-1] + 1 - len(pulses)
    assert all(not item.values for item in first)
    assert first[0].nanoseconds < second[-1].nanoseconds
    feed.renew()
    feed.close()


class _Listed:
    """A feed of what is in a list."""

    garbled = 0
    address = "a list"

    def __init__(self) -> None:
        self.waiting: list[Item | WireError] = []
        self.lost = 0
        self.log: list[str] = []

    def put(self, *pulses: int, **values: Value) -> None:
        self.waiting += [Item(pulse, pulse, values) for pulse in pulses]

    def open(self) -> None:
        self.log.append("open")

    def receive(self, timeout: float) -> Item | None:
        if not self.waiting:
            return None
        found = self.waiting.pop(0)
        if isinstance(found, WireError):
            self.garbled += 1
            raise found
        return found

    def renew(self) -> None:
        self.log.append("renew")

    def close(self) -> None:
        self.log.append("close")


def merged(images: int = 1000, data: int = 1000) -> tuple[Merge, _Listed, _Listed]:
    pictures, scalars = _Listed(), _Listed()
    merge = Merge(pictures, scalars, images, data)
    merge.open()
    return merge, pictures, scalars


def all_of(merge: Merge) -> list[int]:
    found = []
    while (item := merge.receive(0.001)) is not None:
        found.append(item.pulse_id)
    return found


def test_images_get_their_data() -> None:
    merge, pictures, scalars = merged()
    pictures.put(1, 2, image=0)
    assert merge.receive(0.001) is None
    scalars.put(1, 2, current=5)
    first = item_of(merge)
    assert (first.pulse_id, first.values, first.merged) == (1, {"image": 0}, {"current": 5})
    assert all_of(merge) == [2]
    # Data may be there first.
    scalars.put(3)
    scalars.waiting.append(WireError("garbage"))
    scalars.put(4)
    pictures.put(3, 4)
    assert all_of(merge) == [3, 4]
    assert (merge.lost, merge.garbled) == (0, 1)
    merge.renew()
    merge.close()
    assert pictures.log == scalars.log == ["open", "renew", "close"]


def test_images_without_data_are_lost() -> None:
    merge, pictures, scalars = merged()
    pictures.lost = 3
    pictures.put(1, 2, 3, 4, 5)
    scalars.put(2, 4)
    assert all_of(merge) == [2, 4]
    # One may still get its data.
    assert merge.lost == 3 + 2
    scalars.put(5)
    assert all_of(merge) == [5]


def test_buffers_are_limited() -> None:
    merge, pictures, scalars = merged(images=3)
    pictures.put(*range(5))
    assert all_of(merge) == []
    scalars.put(*range(5))
    assert all_of(merge) == [2, 3, 4]
    assert merge.lost == 2
    merge, pictures, scalars = merged(data=2)
    scalars.put(*range(5))
    assert all_of(merge) == []
    pictures.put(*range(5))
    assert all_of(merge) == [3, 4]


def test_images_that_wait_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_module, "MOST_BYTES", 250)
    merge, pictures, scalars = merged()
    pictures.put(*range(5), image=np.zeros(100, np.uint8))
    assert all_of(merge) == []
    scalars.put(*range(5))
    assert all_of(merge) == [3, 4]
    assert merge.lost == 3
    # One that is larger than that may wait alone.
    pictures.put(5, 6, image=np.zeros(1000, np.uint8))
    assert all_of(merge) == []
    scalars.put(5, 6)
    assert all_of(merge) == [6]


def test_it_is_told_who_is_silent() -> None:
    pictures, scalars = _Listed(), _Listed()
    pictures.address, scalars.address = "tcp://images:1", "tcp://data:1"
    merge = Merge(pictures, scalars, 10, 10)
    assert merge.address == "tcp://images:1"
    pictures.put(1)
    assert all_of(merge) == []
    assert merge.address == "tcp://data:1"


def test_data_that_come_late_make_no_old_images() -> None:
    merge, pictures, scalars = merged()
    pictures.put(*range(100))
    assert all_of(merge) == []
    scalars.put(*range(100))
    assert all_of(merge) == list(range(90, 100))
    assert merge.lost == 90


def test_what_cannot_be_merged_is_closed() -> None:
    class Broken(_Listed):
        def open(self) -> None:
            raise BusyError("no")

    pictures = _Listed()
    with pytest.raises(BusyError):
        Merge(pictures, Broken(), 1, 1).open()
    assert pictures.log == ["open", "close"]


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_merged_may_be_waited_for(which: int) -> None:
    class Late(_Listed):
        def open(self) -> None:
            super().open()
            raise OfflineError("not yet")

    both = [_Listed(), _Listed()]
    both[which] = Late()
    pictures, scalars = both
    merge = Merge(pictures, scalars, 10, 10)
    with pytest.raises(OfflineError, match="not yet"):
        merge.open()
    assert pictures.log == scalars.log == ["open"]
    pictures.put(1)
    scalars.put(1)
    assert item_of(merge).pulse_id == 1


def test_data_wait_for_a_camera_that_is_off(server: CameraServer) -> None:
    with camera() as source, camera(Mode.PUSH) as scalars:
        data = StreamFeed(scalars.address, mode=Mode.PULL)
        merge = Merge(CameraFeed("one", server.address, ""), data, 10, 10)
        with pytest.raises(OfflineError):
            merge.open()
        assert merge.receive(0.01) is None
        server.streams["one"] = source.address
        merge.renew()
        wait_for(lambda: merge.receive(0.01) is None and merge.address, "the camera")
        source.wait_for_client()
        scalars.wait_for_client()
        scalars.send(5)
        source.send(5)
        assert item_of(merge).pulse_id == 5
        merge.close()


STREAM = "tcp://127.0.0.1:5000"
NOBODY = "http://localhost"


@pytest.mark.parametrize(
    ("configuration", "kind"),
    [
        ({"camera_name": "one"}, CameraFeed),
        ({"camera_name": "one", "input_stream": STREAM}, StreamFeed),
        ({"camera_name": "one", "bsread_address": STREAM}, Merge),
        ({"input_stream": STREAM, "bsread_address": STREAM}, Merge),
        ({"pipeline_type": "stream", "bsread_address": STREAM}, StreamFeed),
        ({"pipeline_type": "store", "camera_name": "one", "bsread_address": STREAM}, CameraFeed),
        ({"camera_name": "one", "bsread_channels": ["a"]}, Merge),
        ({"pipeline_type": "stream", "bsread_channels": ["a"]}, AskedFeed),
        ({"pipeline_type": "script", "function": "f", "bsread_channels": ["a"]}, AskedFeed),
        ({"pipeline_type": "custom", "function": "f"}, MadeFeed),
        ({"pipeline_type": "script", "function": "f", "bsread_address": STREAM}, StreamFeed),
        ({"pipeline_type": "fanin"}, FanFeed),
        ({"pipeline_type": "fanin", "input_mode": "SUB", "input_stream": STREAM}, StreamFeed),
    ],
)
def test_the_configuration_tells_the_feed(configuration: dict[str, Any], kind: type) -> None:
    found = feeds.make(parse("one", configuration), Surroundings(STREAM, cameras=NOBODY, dispatcher=NOBODY))
    assert type(found) is kind


def test_a_pipeline_without_a_source() -> None:
    with pytest.raises(ImagingError, match="has no source"):
        feeds.make(parse("one", {"input_pipeline": "other"}), Surroundings(STREAM))


@pytest.mark.parametrize(
    ("wanted", "own", "found"),
    [
        ("", STREAM, "tcp://127.0.0.1:*"),
        ("", "ipc:///tmp/one", "ipc:///tmp/one.in"),
        ("tcp://localhost:5001", STREAM, "tcp://127.0.0.1:5001"),
        ("tcp://*:5001", STREAM, "tcp://*:5001"),
    ],
)
def test_where_a_fan_in_listens(wanted: str, own: str, found: str) -> None:
    configuration = {"pipeline_type": "fanin", "input_stream": wanted or None}
    assert feeds.make(parse("one", configuration), Surroundings(own)).address == found
