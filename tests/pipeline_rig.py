"""Instances of pipelines in this process, with cameras and a camera server made of simple parts."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.decoder import Decoder
from pyca.bsread.message import Message, Value
from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.instances import parts
from pyca.instances.statistics import Figures, Statistics, memory
from pyca.pipeline.instance.instance import Instance
from pyca.runtime.channel import Channel, ChannelClosedError, close_files
from tests.tools import wait_for

ANYWHERE = "tcp://127.0.0.1:0"
SUBSCRIBED = 0.1
"""seconds: a subscription follows the handshake by which a client counts, and nothing tells when"""


def beam(width: int = 32, height: int = 24) -> NDArray[np.uint16]:
    """An image of a beam."""
    x, y = np.arange(width), np.arange(height)[:, None]
    found = 10 + 1000 * np.exp(-((x - width / 2) ** 2) / 18 - (y - height / 2) ** 2 / 12)
    return found.astype(np.uint16)


def frame(image: NDArray[Any] | None = None, **more: Value) -> dict[str, Value]:
    """The channels of a camera."""
    shown = beam() if image is None else image
    height, width = shown.shape
    axes = {"x_axis": np.arange(width, dtype=np.float32), "y_axis": np.arange(height, dtype=np.float32)}
    return {"width": width, "height": height, "timestamp": 1.0, "image": shown, **axes, **more}


class Camera:
    """Sends when it is told to, or all the time.

    :param mode: PUB as cameras do, or PUSH
    """

    def __init__(self, mode: Mode = Mode.PUB, address: str = ANYWHERE) -> None:
        self.sender = Sender(address, mode=mode, high_water_mark=10_000)
        self.address = self.sender.open()
        self._pushes = mode == Mode.PUSH
        self.number = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def wait_for_client(self) -> None:
        """Wait until somebody listens: before that all is lost."""
        wait_for(lambda: self.sender.clients, "a client of the camera")
        time.sleep(SUBSCRIBED)

    def send(self, *pulses: int, values: Mapping[str, Value] | None = None) -> None:
        """Send one message for each pulse id; what is pushed waits for somebody who is connected."""
        deadline = time.monotonic() + 20 if self._pushes else 0.0
        while not self.sender.clients and time.monotonic() < deadline and not self._over.is_set():
            time.sleep(0.002)
        for pulse_id in pulses:
            self.sender.send(pulse_id, time.time_ns(), frame() if values is None else values)
            self.number = pulse_id + 1

    def start(self, values: Mapping[str, Value] | None = None, pause: float = 0.01) -> None:
        """Send all the time."""

        def work() -> None:
            while not self._over.wait(pause):
                self.send(self.number, values=values)

        self._over.clear()
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Be gone."""
        self.stop()
        self.sender.close(0)


@contextmanager
def camera(mode: Mode = Mode.PUB) -> Iterator[Camera]:
    """A camera for a while."""
    made = Camera(mode)
    try:
        yield made
    finally:
        made.close()


class CameraServer:
    """Tells where the streams of cameras are."""

    def __init__(self) -> None:
        self.streams: dict[str, str] = {}
        self.asked = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                name = self.path.rpartition("/")[2]
                stream = server.streams.get(name)
                facts: dict[str, Any] = {"state": "ok", "status": "Stream address.", "stream": stream}
                if stream is None:
                    facts = {"state": "error", "status": f"Camera with prefix {name} is offline"}
                body = json.dumps(facts).encode()
                self.send_response(200 if stream else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Pipeline:
    """An instance that runs in a thread, seen from the server's side."""

    def __init__(self, name: str, configuration: Mapping[str, Any], around: Mapping[str, Any]) -> None:
        self.channel, theirs = Channel.pair()
        self._theirs = theirs
        descriptor = memory()
        self.statistics = Statistics(descriptor)
        argument = {"name": name, "configuration": configuration, "address": ANYWHERE, **around}
        self.heard: list[dict[str, Any]] = []
        self._answers: dict[int, tuple[dict[str, Any], list[int]]] = {}
        self._number = 0
        self.exitcode: int | None = None
        self.mistake: BaseException | None = None
        writer = Statistics(descriptor)
        os.close(descriptor)
        try:
            self.instance = Instance(theirs, argument, writer)
            self.instance.open()
        except BaseException:
            self.close()
            raise
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        wait_for(lambda: self.told("started"), "its start")

    _thread: threading.Thread | None = None

    def _work(self) -> None:
        try:
            self.exitcode = self.instance.work()
        except ChannelClosedError:
            self.exitcode = 0
        except BaseException as mistake:
            self.mistake = mistake
        finally:
            self.instance.close()

    def hear(self) -> None:
        """Take what it has said."""
        with suppress(ChannelClosedError):
            while (found := self.channel.receive()) is not None:
                message, files = found
                if "answer" in message:
                    self._answers[message["answer"]] = found
                else:
                    close_files(files)
                    self.heard.append(message)

    def told(self, word: str) -> Any:
        """Return the newest thing of a kind that it has said, None where there is none."""
        self.hear()
        found = [message for message in self.heard if word in message]
        return found[-1][word] if found else None

    @property
    def address(self) -> str:
        return str(self.told("started"))

    def figures(self) -> Figures:
        return self.statistics.read()

    def ask(self, what: str, **more: Any) -> tuple[dict[str, Any], list[int]]:
        """Ask and return the answer with its files."""
        self._number += 1
        number = self._number
        self.channel.send({"what": what, "ask": number, **more})

        def answered() -> bool:
            self.hear()
            assert self.mistake is None, self.mistake
            return number in self._answers

        wait_for(answered, f"the answer to {what}")
        return self._answers.pop(number)

    def configure(self, **configuration: Any) -> None:
        answer, _ = self.ask("configure", configuration=configuration)
        assert "failed" not in answer, answer

    def message(self) -> Message:
        _, files = self.ask("message")
        try:
            return Decoder().decode(parts.unpacked(files[0]))
        finally:
            close_files(files)

    def wait_for_end(self) -> int:
        """Return its exit code, once it has ended by itself."""
        wait_for(lambda: self.exitcode is not None or self.mistake, "its end")
        assert self.mistake is None, self.mistake
        assert self.exitcode is not None
        return self.exitcode

    def close(self) -> None:
        with suppress(ChannelClosedError):
            self.channel.send({"what": "stop"})
        if self._thread is not None:
            self._thread.join(60)
        self.channel.close()
        self._theirs.close()
        self.statistics.close()
        for _, files in self._answers.values():
            close_files(files)


@contextmanager
def pipeline(
    name: str = "one", around: Mapping[str, Any] | None = None, **configuration: Any
) -> Iterator[Pipeline]:
    """An instance for a while; without a timeout where none is given."""
    made = Pipeline(name, {"no_client_timeout": 0, **configuration}, around or {})
    try:
        yield made
        assert made.mistake is None, made.mistake
    finally:
        made.close()


@contextmanager
def client(address: str, mode: Mode = Mode.SUB, waiting: int = 10_000) -> Iterator[Receiver]:
    """Whoever listens to a stream."""
    receiver = Receiver(address, mode=mode, high_water_mark=waiting)
    receiver.open()
    try:
        yield receiver
    finally:
        receiver.close()


def next_of(receiver: Receiver) -> Message:
    """Return the next message of a stream."""
    return wait_for(lambda: receiver.receive(1.0), "a message")


def all_of(receiver: Receiver, number: int) -> list[Message]:
    """Return so many messages of a stream."""
    return [next_of(receiver) for _ in range(number)]


def script(folder: Path, name: str, text: str) -> dict[str, Any]:
    """Write a script; returns what an instance has to be told to run it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return {"scripts": str(folder)}


Check = Callable[[], bool]
