"""Channels that a dispatcher gathers, which is a stand-in here."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pyca.bsread.sockets import Mode
from pyca.core.errors import ImagingError, OfflineError
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance import dispatcher, feeds
from pyca.pipeline.instance.surroundings import Surroundings
from tests.pipeline_rig import Camera, all_of, camera, client, pipeline
from tests.ports import free_port
from tests.tools import wait_for

CHANNELS = ["current", "energy"]
STREAM = {"pipeline_type": "stream", "bsread_channels": CHANNELS}


class Dispatcher:
    """Answers with what it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = b""
        self.asked: list[tuple[str, Any]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.asked.append((self.path, json.loads(body)))
                server.may_answer.wait(60)
                with suppress(ConnectionError):
                    self.send_response(server.status)
                    self.send_header("Content-Length", str(len(server.answer)))
                    self.end_headers()
                    self.wfile.write(server.answer)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_port}/sf"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def tell(self, stream: object) -> None:
        self.status, self.answer = 200, json.dumps({"stream": stream}).encode()

    def refuse(self, status: int, text: str = "") -> None:
        self.status, self.answer = status, text.encode()

    def close(self) -> None:
        self.may_answer.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def standin() -> Iterator[Dispatcher]:
    made = Dispatcher()
    yield made
    made.close()


@pytest.fixture
def scalars() -> Iterator[Camera]:
    with camera() as made:
        yield made


def send(source: Camera, *pulses: int) -> None:
    for pulse in pulses:
        source.send(pulse, values={"current": pulse * 10, "other": 1})


def test_it_is_asked_for_channels(standin: Dispatcher) -> None:
    standin.tell("tcp://somewhere:9000")
    assert dispatcher.ask(f"{standin.address}/", CHANNELS) == "tcp://somewhere:9000"
    assert standin.asked == [("/sf/stream", {"channels": [{"name": "current"}, {"name": "energy"}]})]


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (
            404,
            "no such channels",
            r"gives no stream of \['current', 'energy'\]: status 404, no such channels\.",
        ),
        (500, "", r"gives no stream of .*: status 500\."),
        (307, "", r"gives no stream of .*: status 307\."),
        (200, "hello", r"answered 'hello'; expected the address of a stream"),
        (200, "", r"answered ''; expected"),
        (200, "[" * 100_000, r"answered .*; expected"),
        (200, "[1]", r"answered '\[1\]'; expected"),
        (200, '{"address": 1}', r"answered '{\"address\": 1}'; expected"),
        (200, '{"stream": null}', r"answered '{\"stream\": null}'; expected"),
        (200, '{"stream": 5}', r"answered 5; expected"),
        (200, '{"stream": "tcp://host"}', r"answered 'tcp://host'; expected"),
        (200, '{"stream": "tcp://*:5"}', r"answered 'tcp://\*:5'; expected"),
        (200, '{"stream": "ipc:///tmp/a"}', r"answered 'ipc:///tmp/a'; expected"),
    ],
)
def test_what_it_may_answer(standin: Dispatcher, status: int, answer: str, told: str) -> None:
    standin.refuse(status, answer)
    with pytest.raises(OfflineError, match=f"The dispatcher at {standin.address} {told}"):
        dispatcher.ask(standin.address, CHANNELS)


def test_nobody_is_there() -> None:
    with pytest.raises(OfflineError, match="does not answer: Connection refused") as caught:
        dispatcher.ask(f"http://127.0.0.1:{free_port()}", CHANNELS)
    assert "[pipeline] dispatcher" in caught.value.remedy


def test_somebody_who_says_nothing(standin: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "_ANSWER_SECONDS", 0.05)
    standin.may_answer.clear()
    with pytest.raises(OfflineError, match=r"does not answer: nothing came within 0\.05 s"):
        dispatcher.ask(standin.address, CHANNELS)


@pytest.mark.parametrize("more", [{"camera_name": "one"}, {"pipeline_type": "stream"}])
def test_without_one_the_setting_is_named(more: dict[str, str]) -> None:
    configuration = parse("one", {"bsread_channels": CHANNELS, **more})
    with pytest.raises(ImagingError, match=r"bsread_channels: .*\[pipeline\] dispatcher"):
        feeds.make(configuration, Surroundings("", cameras="http://localhost"))


def test_its_stream_is_what_a_pipeline_sends(standin: Dispatcher, scalars: Camera) -> None:
    standin.tell(scalars.address)
    with (
        pipeline(around={"dispatcher": standin.address}, **STREAM) as one,
        client(one.address) as receiver,
    ):
        wait_for(lambda: one.figures().clients, "the client")
        scalars.wait_for_client()
        send(scalars, 3)
        (message,) = all_of(receiver, 1)
        assert message.pulse_id == 3
        assert (message.values["current"], "other" in message.values) == (30, False)


def test_its_stream_is_merged_with_images(standin: Dispatcher, scalars: Camera) -> None:
    standin.tell(scalars.address)
    with camera(Mode.PUSH) as source:
        images = {"input_stream": source.address, "input_mode": "PULL", "bsread_channels": CHANNELS}
        with (
            pipeline(around={"dispatcher": standin.address}, **images) as one,
            client(one.address) as receiver,
        ):
            wait_for(lambda: one.figures().clients, "the client")
            scalars.wait_for_client()
            source.wait_for_client()
            send(scalars, 1, 2)
            source.send(1, 2)
            assert [found.values["current"] for found in all_of(receiver, 2)] == [10, 20]


def test_it_refuses_at_the_start(standin: Dispatcher) -> None:
    standin.refuse(400, "unknown")
    with (
        pytest.raises(OfflineError, match="status 400, unknown"),
        pipeline(around={"dispatcher": standin.address}, **STREAM),
    ):
        pass


def test_it_is_asked_again_after_silence(standin: Dispatcher, scalars: Camera) -> None:
    with camera() as before:
        standin.tell(before.address)
        with pipeline(around={"dispatcher": standin.address}, camera_timeout=0.1, **STREAM) as one:
            before.wait_for_client()
            standin.tell(scalars.address)
            scalars.start({"current": 1})
            wait_for(lambda: one.figures().received, "what the other stream has")


def test_it_ends_where_it_is_asked_in_vain(standin: Dispatcher, scalars: Camera) -> None:
    standin.tell(scalars.address)
    with pipeline(around={"dispatcher": standin.address}, camera_timeout=0.1, **STREAM) as one:
        standin.refuse(503, "tired")
        assert one.wait_for_end() == 1
        assert "status 503, tired" in one.told("over")
