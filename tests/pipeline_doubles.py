"""Stand-ins around the pipeline server: instances that do what a file says, and a camera server."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.encoder import Encoder
from pyca.bsread.sender import Sender
from pyca.config.settings import Pipeline, Settings
from pyca.core.errors import ImagingError, OfflineError
from pyca.instances import faults, parts
from pyca.instances.job import Attendance, run
from pyca.instances.statistics import Statistics
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.pipelines import JOBS as REAL_JOBS
from pyca.pipeline.pipelines import Pipelines
from pyca.runtime.channel import Channel
from tests.ports import free_ports

JOBS = {**REAL_JOBS, "instance": "tests.pipeline_doubles:run_instance"}


class Obedient:
    """An instance that does what stands in the file “orders/CAMERA”, as long as it stands there.

    offline: it cannot begin; slow: it begins once told otherwise; over CODE WORDS: it ends so; dies; silent;
    trouble WORDS; refuses: it takes no other configuration. It sends a number and what it was told to do.
    """

    def __init__(self, channel: Channel, argument: dict[str, Any], statistics: Statistics) -> None:
        self._channel = channel
        self._argument = argument
        self._statistics = statistics
        self._configuration = parse(argument["name"], argument["configuration"])
        self._sender = Sender(argument["address"]) if argument["address"] else None
        self._attendance = Attendance(statistics)
        self._encoder = Encoder()
        self._asked: list[int] = []
        self._trouble = ""
        self._number = 0

    def _order(self) -> str:
        name = self._configuration.camera_name or self._configuration.name
        file = Path(self._argument["backgrounds"]).parent / "orders" / name
        return file.read_text() if file.exists() else ""

    def open(self) -> None:
        while self._order() == "slow":
            time.sleep(0.01)
        if self._order() == "offline" and not self._argument["patient"]:
            name = self._configuration.camera_name
            raise OfflineError(f"Camera {name} is not online. Cannot start pipeline.")
        shown = self._sender.open() if self._sender else self._elsewhere()
        told: dict[str, Any] = {"started": shown, "geometry": None, "online": True, "kernel": "numpy"}
        if self._configuration.pipeline_type == "fanin":
            told["input"] = self._configuration.input_stream or f"ipc:///nowhere/{os.getpid()}"
        self._channel.send(told)

    def _elsewhere(self) -> str:
        """Return what an instance tells that listens nowhere: its file, or whom it sends to."""
        configuration = self._configuration
        return configuration.output_stream or str(Path(self._argument["files"]) / (configuration.file or ""))

    def work(self) -> int:
        while True:
            word, _, rest = self._order().partition(" ")
            if word == "dies":
                os._exit(7)
            if word == "over":
                code, _, reason = rest.partition(" ")
                return self._end(int(code), reason)
            if word == "trouble" and rest != self._trouble:
                self._trouble = rest
                self._channel.send({"trouble": rest})
            if word != "silent":
                self._deliver()
            found = self._channel.receive(0.01)
            if found is not None and not self._obey(found[0]):
                return 0
            now = time.monotonic()
            clients = self._sender.clients if self._sender else 1
            if self._attendance.is_over(clients, self._configuration.no_client_timeout, now):
                return self._end(0, "Nobody has listened")
            self._statistics.tick(now)

    def close(self) -> None:
        if self._sender:
            self._sender.close(0)

    def _end(self, code: int, reason: str) -> int:
        self._statistics.figures.closing = 1
        self._statistics.publish()
        self._channel.send({"over": reason, "exitcode": code})
        return code

    def _deliver(self) -> None:
        self._number += 1
        values = {
            "number": self._number,
            "processing_parameters": json.dumps(self._configuration.as_json()),
            "image": np.full((2, 3), self._number, np.uint16),
        }
        message = self._encoder.encode(self._number, time.time_ns(), values)
        if self._sender:
            self._sender.send_parts(message)
        self._statistics.figures.sent = self._number
        for number in self._asked:
            descriptor = parts.packed(message)
            self._channel.send({"answer": number}, (descriptor,))
            os.close(descriptor)
        self._asked = []

    def _obey(self, request: dict[str, Any]) -> bool:
        if request["what"] == "message":
            self._asked.append(request["ask"])
        elif request["what"] == "configure":
            answer: dict[str, Any] = {"answer": request["ask"]}
            if self._order() == "refuses":
                answer["failed"] = faults.described(ImagingError("It does not want to."))
            else:
                self._configuration = parse(self._configuration.name, request["configuration"])
            self._channel.send(answer)
        return bool(request["what"] != "stop")


def run_instance(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    return run(lambda statistics: Obedient(channel, argument, statistics), channel, files)


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings of a server that has ports of its own, and no camera server."""
    first = free_ports(41)
    pipeline = Pipeline(
        directory=folder / "pipelines",
        backgrounds=folder / "backgrounds",
        files=folder / "files",
        scripts=folder / "scripts",
        first_port=first,
        last_port=first + 40,
        cameras="http://127.0.0.1:9",
    )
    return Settings(pipeline=replace(pipeline, **more))


@contextmanager
def running_pipelines(settings: Settings, jobs: Mapping[str, str] = JOBS) -> Iterator[Pipelines]:
    pipelines = Pipelines(settings, processes=jobs)
    pipelines.start()
    try:
        yield pipelines
    finally:
        pipelines.close()


def order(folder: Path, name: str, words: str) -> None:
    """Tell all instances of a camera, or without a camera the one of a name, what to do from now on."""
    orders = folder / "orders"
    orders.mkdir(exist_ok=True)
    new = orders / f".{name}"
    new.write_text(words)
    new.replace(orders / name)


class CameraServer:
    """Knows the streams of cameras by name, or why there is none."""

    def __init__(self) -> None:
        self.streams: dict[str, str] = {}
        self.offline: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.tokens: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.tokens.append(self.headers.get("Authorization", ""))
                code, answer = server.answer([unquote(part) for part in self.path.split("/")[3:]])
                body = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: list[str]) -> tuple[int, dict[str, Any]]:
        if path == ["cam"]:
            return 200, {"state": "ok", "status": "", "cameras": sorted({*self.streams, *self.offline})}
        if path == ["cam", "aliases"]:
            return 200, {"state": "ok", "status": "", "aliases": self.aliases}
        name = self.aliases.get(path[1], path[1])
        if name in self.streams:
            return 200, {"state": "ok", "status": "", "stream": self.streams[name]}
        if name in self.offline:
            return 503, {"state": "error", "status": self.offline[name]}
        return 404, {"state": "error", "status": f"Config '{name}' does not exist."}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def sending(*images: NDArray[Any]) -> Iterator[str]:
    """Send images round and round, as a camera does, and return the address."""
    sender = Sender("tcp://127.0.0.1:*")
    address, ends = sender.open(), threading.Event()

    def work() -> None:
        number = 0
        while not ends.wait(0.005):
            image = images[number % len(images)]
            height, width = image.shape
            axes = {"x_axis": np.arange(width, dtype="f4"), "y_axis": np.arange(height, dtype="f4")}
            values = {"width": width, "height": height, "timestamp": time.time(), "image": image, **axes}
            sender.send(number, time.time_ns(), values)
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield address
    finally:
        ends.set()
        thread.join()
        sender.close(0)


@contextmanager
def dead_address() -> Iterator[str]:
    """An address at which somebody listens who says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with suppress(OSError):
            yield f"tcp://127.0.0.1:{silent.getsockname()[1]}"
