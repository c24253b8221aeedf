"""Cameras that somebody else sends as bsread streams."""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.core.errors import OfflineError, SourceError, WireError
from pyca.sources import reach, stream
from pyca.sources.catalogue import kinds
from pyca.sources.frame import Frame
from pyca.sources.source import Source
from pyca.sources.waiting import Waiting
from tests.sources.contract import Camera, Mortal, SourceContract, expanded, made, next_frame
from tests.sources.feeders import SIZE, START, image, send, sending
from tests.tools import free_port, wait_for


class TestStream(SourceContract):
    kind = "stream"
    mode = Mode.PUB
    options: dict[str, Any] = {}  # noqa: RUF012

    @pytest.fixture
    def camera(self) -> Iterator[Camera]:
        with sending("tcp://127.0.0.1:0", mode=self.mode) as address:
            yield Camera(address, SIZE, self.options)

    @pytest.fixture
    def mortal(self) -> Iterator[Mortal]:
        with ExitStack() as stack:
            address = f"tcp://127.0.0.1:{free_port()}"

            def come() -> None:
                stack.enter_context(sending(address, mode=self.mode))

            come()
            yield Mortal(Camera(address, SIZE, self.options), stack.close, come)

    @pytest.fixture
    def quiet(self) -> Iterator[Camera]:
        sender = Sender("tcp://127.0.0.1:0", mode=self.mode)
        yield Camera(sender.open(), SIZE, self.options)
        sender.close()

    @pytest.fixture
    def missing(self) -> Camera:
        return Camera(f"tcp://127.0.0.1:{free_port()}", SIZE, self.options)

    def test_it_is_said_where_no_image_comes(self, quiet: Camera) -> None:
        source = made(self.kind, quiet)
        source.open()
        with pytest.raises(SourceError, match="answers, but sends no image"):
            source.size()
        source.close()


class TestBsread(TestStream):
    """By the other name, and only the newest ever."""

    kind = "bsread"
    options = {"buffer_size": 0}  # noqa: RUF012


class TestSeveralConnections(TestStream):
    mode = Mode.PUSH
    options = {"mode": "PULL", "connections": 3}  # noqa: RUF012


class TestOnThisMachine(TestStream):
    @pytest.fixture
    def camera(self, tmp_path: Path) -> Iterator[Camera]:
        with sending(f"ipc://{tmp_path}/camera") as address:
            yield Camera(address, SIZE)

    @pytest.fixture
    def missing(self, tmp_path: Path) -> Camera:
        return Camera(f"ipc://{tmp_path}/nothing", SIZE)


@pytest.fixture
def sender() -> Iterator[Sender]:
    """One that sends each message to somebody, so that a test knows what was sent."""
    made = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH, block=True, patience_ms=60_000)
    made.open()
    yield made
    made.close(0)


Opener = Callable[..., Source]


@pytest.fixture
def opened(sender: Sender) -> Iterator[Opener]:
    with ExitStack() as stack:

        def open_source(address: str = "", **options: Any) -> Source:
            camera = Camera(address or sender.address, options={"mode": "PULL"} | options)
            source = made("stream", camera)
            stack.callback(source.close)
            source.open()
            return source

        yield open_source


def test_pulse_and_time_are_passed_on_and_so_are_further_channels(sender: Sender, opened: Opener) -> None:
    source = opened()
    send(sender, 41)
    frame = next_frame(source)
    assert (frame.pulse_id, frame.nanoseconds) == (41, START + 41_000_000)
    assert np.array_equal(frame.image, image(41))
    # Not those that our own server computes.
    assert set(frame.channels) == {"laser", "charge", "spectrum"}
    assert (frame.channels["laser"], frame.channels["charge"]) == ("on", 10.25)
    assert frame.channels["spectrum"].tolist() == [0, 1, 2]


def test_a_compressed_stream_is_read(opened: Opener) -> None:
    compressed = Encoder(compression=Compression("bitshuffle_lz4", "bitshuffle_lz4", "bitshuffle_lz4"))
    sender = Sender("tcp://127.0.0.1:0", mode=Mode.PUSH, block=True, patience_ms=60_000, encoder=compressed)
    source = opened(sender.open())
    send(sender, 3)
    assert np.array_equal(next_frame(source).image, image(3))
    sender.close()


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({"SARES-CAM:FPICTURE": image(1), "other": np.zeros((5, 5))}, {}),
        ({"cam": image(1), "length": 5, "wave": np.zeros(9)}, {}),
        ({"image": np.zeros((3, 3)), "second": image(1)}, {"channel": "second"}),
        ({"image": image(1), "other": np.zeros((3, 3))}, {"channel": ""}),
    ],
)
def test_the_image_is_found(
    values: dict[str, Any], options: dict[str, Any], sender: Sender, opened: Opener
) -> None:
    source = opened(**options)
    send(sender, 1, values)
    frame = next_frame(source)
    assert np.array_equal(frame.image, image(1))
    assert set(frame.channels) == {name for name, value in values.items() if value is not frame.image} - {
        next(name for name, value in values.items() if np.array_equal(value, image(1)))
    }


WRONG = [
    ({"x": 5, "name": "a"}, {}, "No channel holds an image. There are: x, name."),
    ({}, {}, "No channel holds an image. There are: none at all."),
    ({"a": image(0), "b": image(0)}, {}, "Several channels may be the image: a, b."),
    ({"a:FPICTURE": image(0), "b:FPICTURE": image(0)}, {}, "Several channels may be the image"),
    ({"image": image(0)}, {"channel": "picture"}, "There is no channel picture. There are: image."),
    ({f"c{number}": 1 for number in range(15)}, {}, "c9 and 5 more."),
    ({"image": np.arange(7)}, {}, "image holds an array of 7 values; expected is an image"),
    ({"image": np.zeros((4, 5, 3), np.uint8)}, {}, "an array of 3 × 5 × 4 values (in colour?)"),
    ({"image": 5.0}, {}, "image holds a single value"),
    ({"image": "picture"}, {}, "image holds a text"),
    ({"image": np.zeros((4, 5), np.int64)}, {}, "values of type int64; expected is one of uint8, "),
    ({"image": np.zeros((4, 5), bool)}, {}, "values of type bool"),
]


@pytest.mark.parametrize(("values", "options", "message"), WRONG)
def test_what_is_no_image_is_told_and_the_next_one_is_taken(
    values: dict[str, Any], options: dict[str, Any], message: str, sender: Sender, opened: Opener
) -> None:
    source = opened(**options)
    send(sender, 1, values)
    with pytest.raises(SourceError) as told:
        next_frame(source)
    assert message in told.value.message
    assert told.value.message.startswith(sender.address)
    good = {options.get("channel", "image"): image(2)}
    send(sender, 2, good)
    assert next_frame(source).pulse_id == 2


@pytest.mark.parametrize("parts", [[b""], [b"x", b"y"], [b"{}", b"{}", b"", b""], [b"\xff" * 100] * 4])
def test_garbage_is_told_and_the_next_one_is_taken(
    parts: list[bytes], sender: Sender, opened: Opener
) -> None:
    source = opened()
    send(sender, 1)
    assert next_frame(source).pulse_id == 1
    sender.send_parts(parts)
    send(sender, 2)
    with pytest.raises(SourceError, match=r"^tcp://127\.0\.0\.1:\d+: "):
        next_frame(source)
    assert next_frame(source).pulse_id == 2


def test_what_does_not_speak_the_protocol_is_offline_soon() -> None:
    """A web server, say. It answers, so that is not known at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = made("stream", Camera(f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        source.open()
        assert source.receive(0.05) is None
        wait_for(lambda: told_offline(source), "an error")
        source.close()


def told_offline(source: Source) -> bool:
    """Whether the source says that nobody is there any more."""
    try:
        assert source.receive(0.1) is None
    except OfflineError as error:
        assert "No sender of a stream is at tcp://127.0.0.1:" in error.message
        return True
    return False


def test_a_sender_that_is_silent_is_not_offline(sender: Sender, opened: Opener) -> None:
    source = opened()
    wait_for(lambda: sender.clients, "the connection")
    assert isinstance(source, stream.Stream)
    receiver = source._opened()
    wait_for(lambda: source.receive(0) is None and receiver.senders, "the other side of it")
    for now in (0, 100, 200):
        source._look_after(receiver, now)


def test_another_size_or_type_is_taken(sender: Sender, opened: Opener) -> None:
    source = opened()
    send(sender, 1)
    assert next_frame(source).image.shape == SIZE[::-1]
    send(sender, 2, {"image": np.zeros((10, 20), np.float32)})
    frame = next_frame(source)
    assert (frame.image.shape, frame.image.dtype) == ((10, 20), np.float32)
    assert source.size() == (20, 10)


def test_a_pulse_without_an_image_is_no_frame(sender: Sender, opened: Opener) -> None:
    source = opened()
    send(sender, 1, {"image": image(1), "charge": 1.0})
    send(sender, 2, {"image": None, "charge": 1.0})
    send(sender, 3, {"image": image(3), "charge": 1.0})
    assert [next_frame(source).pulse_id for _ in range(2)] == [1, 3]


def test_a_stream_that_goes_away_and_comes_back_goes_on() -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        with sending(address):
            source = made("stream", Camera(address))
            stack.callback(source.close)
            source.open()
            next_frame(source)
        wait_for(lambda: source.receive(0.05) is None, "the end of what was on its way")
        wait_for(lambda: told_offline(source), "an error")
        wait_for(lambda: told_offline(source), "another one")
        with sending(address, first=1_000_000):
            wait_for(lambda: newest_pulse(source) >= 1_000_000, "frames of the one that came back")


def newest_pulse(source: Source) -> int:
    with suppress(OfflineError):
        return _pulse(source.receive(0.5))
    return -1


def _pulse(frame: Frame | None) -> int:
    return -1 if frame is None or frame.pulse_id is None else frame.pulse_id


def test_a_stream_that_is_gone_for_good_is_offline_when_it_is_opened() -> None:
    with sending("tcp://127.0.0.1:0") as address:
        source = made("stream", Camera(address))
        source.open()
        source.close()
    with pytest.raises(OfflineError, match=f"Nobody answers at {address}: Connection refused"):
        source.open()


def test_a_socket_that_was_left_behind_is_offline(tmp_path: Path) -> None:
    path = tmp_path / "left"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(OfflineError, match="Connection refused"):
        made("stream", Camera(f"ipc://{path}")).open()


@pytest.mark.parametrize("size", [0, 1, 4])
def test_more_than_the_buffer_holds_is_counted(size: int, sender: Sender, opened: Opener) -> None:
    source = opened(buffer_size=size)
    for pulse_id in range(9):
        send(sender, pulse_id)
    # So all are there before the first is asked for, as far as the network can be known.
    got: list[int] = []

    def whole() -> bool:
        frame = source.receive(0.2)
        if frame is not None:
            got.append(_pulse(frame))
        return bool(got) and got[-1] == 8

    wait_for(whole, "the newest frame")
    assert got == sorted(set(got))
    assert len(got) + source.lost == 9


def test_a_second_open_of_a_stream_changes_nothing(sender: Sender, opened: Opener) -> None:
    source = opened()
    send(sender, 1)
    assert next_frame(source).pulse_id == 1
    source.open()
    send(sender, 3)
    assert next_frame(source).pulse_id == 3
    send(sender, 4)
    assert next_frame(source).pulse_id == 4


def test_missing_pulses_are_lost(sender: Sender, opened: Opener) -> None:
    source = opened()
    for pulse_id in (100, 101, 102, 106):
        send(sender, pulse_id)
        assert next_frame(source).pulse_id == pulse_id
    assert source.lost == 3
    source.close()
    assert source.lost == 3


def test_several_connections_are_made_and_keep_the_order(sender: Sender, opened: Opener) -> None:
    source = opened(connections=4)
    wait_for(lambda: sender.clients == 4, "four connections")
    got = []
    for pulse_id in range(1, 200):
        send(sender, pulse_id)
        if frame := source.receive(0):
            got.append(_pulse(frame))
    while frame := source.receive(2):
        got.append(_pulse(frame))
    assert got == sorted(set(got))
    assert got[-1] == 199


def test_a_subscription_has_one_connection() -> None:
    sender = Sender("tcp://127.0.0.1:0")
    source = made("stream", Camera(sender.open(), options={"connections": 5}))
    source.open()
    wait_for(lambda: sender.clients, "a client")
    wait_for(lambda: send(sender, 1) and source.receive(0.05), "a frame")
    assert sender.clients == 1
    source.close()
    sender.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "camera",
        "http://host:80",
        "tcp://host",
        "tcp://:5000",
        "tcp://host:port",
        "tcp://host:0",
        "tcp://host:*",
        "tcp://*:5000",
        "tcp://host:70000",
        "tcp://[::::]]:5",
        "tcp://[.]:5",
        "tcp://[1:2:3]:5",
        "ipc://",
        "ipc:///" + "x" * 200,
        "inproc://here",
        "udp://host:5000",
        "tcp://ho st:5000",
    ],
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(SourceError, match=r"address|too long"):
        made("stream", Camera(address))


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_text_at_all_is_a_surprise(text: str) -> None:
    """Even halves of characters, and names that no host can have."""
    for begin in ("", "tcp://", "ipc://", "tcp://["):
        refuse(begin + text)
        refuse(f"{begin}{text}:99")


def refuse(address: str) -> None:
    """Nobody is there, and no name service either."""
    nobody = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with mock.patch.object(socket, "getaddrinfo", side_effect=nobody), pytest.raises(SourceError) as told:
        made("stream", Camera(address)).open()
    told.value.message.encode()


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "\ud800", ".", "camera-\udcff"])
def test_what_no_host_can_be_called_is_told(host: str) -> None:
    with pytest.raises(SourceError, match="address"):
        made("stream", Camera(f"tcp://{host}:99"))
    with pytest.raises(SourceError, match="no host can be called"):
        reach.check(f"tcp://{host}:99")


def test_a_path_of_half_characters_is_told() -> None:
    with pytest.raises(SourceError, match="is no address") as told:
        reach.check("ipc:///tmp/\ud800")
    told.value.message.encode()


def test_a_host_that_is_not_known_is_offline() -> None:
    with pytest.raises(OfflineError, match=r"camera\.invalid"):
        made("stream", Camera("tcp://camera.invalid:5000")).open()


def test_a_name_service_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    asked = threading.Event()
    end = threading.Event()

    def resolve(*_arguments: object, flags: int = 0, **_more: object) -> list[Any]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        asked.set()
        end.wait(120)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(OfflineError, match="does not tell where slow is"):
        reach.check("tcp://slow:5000", 0.05)
    assert asked.wait(60)
    end.set()


def test_a_host_is_found_by_its_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach.check(f"tcp://localhost:{server.getsockname()[1]}", 30)


def test_a_host_of_many_addresses_is_tried_at_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = [
            (socket.AF_INET, 0, 0, "", ("127.0.0.1", port)) for port in (free_port(), server.getsockname()[1])
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_more: places)
        reach.check("tcp://camera:5000")
        with pytest.raises(OfflineError, match="Nobody answers"):
            # No time is left for any of them.
            reach.check("tcp://camera:5000", 0)


def test_a_host_that_takes_no_connection_in_time_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_socket: socket.socket, _place: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(OfflineError, match=r"^Nobody answers at tcp://127\.0\.0\.1:5000\.$"):
        reach.check("tcp://127.0.0.1:5000")


def test_the_address_of_the_newer_internet_is_understood() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        reach.check(f"tcp://[::1]:{server.getsockname()[1]}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channel", 5),
        ("mode", "PUB"),
        ("mode", None),
        ("connections", 0),
        ("connections", 1000),
        ("connections", True),
        ("buffer_size", -1),
        ("buffer_size", 2.5),
    ],
)
def test_options_out_of_their_limits_are_told_for_streams_too(name: str, value: object) -> None:
    option = {option.name: option for option in stream.OPTIONS}[name]
    assert option.check(value)


@pytest.mark.parametrize(("connections", "size"), [(1, 5), (3, 15)])
def test_the_buffer_holds_five_for_each_connection(connections: int, size: int) -> None:
    kind = kinds()["stream"]
    source = stream.make("tcp://h:5", expanded(kind, {"connections": connections}))
    assert source._feed.buffer_size == size


def test_an_address_that_zeromq_refuses_is_told(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise WireError("tcp://x:5 cannot be connected to: it is so")

    monkeypatch.setattr("pyca.bsread.receiver.connect", refuse)
    source = made("stream", Camera(sender.address))
    with pytest.raises(SourceError, match="cannot be connected to"):
        source.open()
    source.close()


class TestWaiting:
    """The buffer, by itself."""

    def test_one_way_keeps_the_order_of_coming(self) -> None:
        waiting: Waiting[int] = Waiting(3)
        for pulse_id in (5, 1, 9):
            waiting.put(pulse_id, pulse_id, 0)
        assert [waiting.take(0) for _ in range(4)] == [5, 1, 9, None]

    @given(st.integers(0, 6), st.lists(st.one_of(st.none(), st.just(1)), max_size=60))
    def test_nothing_is_given_twice_or_uncounted(self, size: int, steps: list[int | None]) -> None:
        waiting: Waiting[int] = Waiting(size)
        given_out = []
        put = 0
        for step in steps:
            if step:
                waiting.put(put, put, 0)
                put += 1
            elif (item := waiting.take(0)) is not None:
                given_out.append(item)
        while (item := waiting.take(0)) is not None:
            given_out.append(item)
        assert given_out == sorted(set(given_out))
        assert len(given_out) + waiting.dropped == put
        # The newest is always among them.
        assert not put or not given_out or given_out[-1] == put - 1

    @given(st.integers(1, 4), st.integers(1, 10), st.integers(0, 2**32))
    def test_what_is_a_little_out_of_order_is_put_in_order(self, ways: int, step: int, seed: int) -> None:
        """As many as there are ways may overtake one."""
        chance = random.Random(seed)
        expected = [number * step for number in range(60)]
        shuffled = [key for _place, key in sorted((n + chance.random() * ways, n * step) for n in range(60))]
        waiting: Waiting[int] = Waiting(ways * 5, ordered=True)
        got = []
        for now, pulse_id in enumerate(shuffled):
            waiting.put(pulse_id, pulse_id, now / 1000)
            while (item := waiting.take(now / 1000)) is not None:
                got.append(item)
        while (item := waiting.take(10)) is not None:
            got.append(item)
        assert got == expected
        assert waiting.dropped == 0

    def test_one_that_is_missing_is_waited_for_but_not_long(self) -> None:
        waiting: Waiting[int] = Waiting(5, ordered=True)
        for pulse_id in (1, 2):
            waiting.put(pulse_id, pulse_id, 0)
        assert waiting.wait(0.04) == pytest.approx(0.06)
        assert [waiting.take(0.2), waiting.take(0.2)] == [1, 2]
        waiting.put(4, 4, 1)
        assert waiting.take(1.05) is None
        assert waiting.wait(1.05) == pytest.approx(0.05)
        assert waiting.take(1.11) == 4
        # Too late.
        waiting.put(3, 3, 1.12)
        assert waiting.take(9) is None
        assert waiting.dropped == 1

    def test_one_that_comes_late_is_not_waited_for_any_more(self) -> None:
        waiting: Waiting[int] = Waiting(5, ordered=True)
        for pulse_id in (1, 2):
            waiting.put(pulse_id, pulse_id, 0)
        assert [waiting.take(1), waiting.take(1)] == [1, 2]
        waiting.put(4, 4, 1)
        assert waiting.take(1) is None
        waiting.put(3, 3, 1)
        assert [waiting.take(1), waiting.take(1)] == [3, 4]

    def test_a_sender_that_begins_again_is_followed(self) -> None:
        waiting: Waiting[int] = Waiting(3, ordered=True)
        got = []
        for now, pulse_id in enumerate([1000, 1001, 1002, *range(20)]):
            waiting.put(pulse_id, pulse_id, now)
            while (item := waiting.take(now + 0.5)) is not None:
                got.append(item)
        assert got == [1000, 1001, 1002, *range(3, 20)]
        assert waiting.dropped == 3

    def test_a_sender_that_becomes_slower_is_not_waited_for_long(self) -> None:
        waiting: Waiting[int] = Waiting(5, ordered=True)
        pulse_id = 0
        held = []
        for step in [1] * 30 + [10] * 40:
            pulse_id += step
            waiting.put(pulse_id, pulse_id, pulse_id)
            held.append(waiting.take(pulse_id) is None)
            waiting.take(pulse_id + 0.5)
        assert not any(held[5:30])
        assert not any(held[50:])

    def test_a_full_buffer_waits_for_nobody(self) -> None:
        waiting: Waiting[int] = Waiting(2, ordered=True)
        for pulse_id in (1, 5, 9):
            waiting.put(pulse_id, pulse_id, 0)
        assert waiting.take(0) == 1
        assert waiting.take(0) is None
