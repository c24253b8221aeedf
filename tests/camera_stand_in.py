"""A stand-in for the camera server: two cameras, whose images are sent until somebody pulls the plug.

In a test::

    with StandIn() as server:
        …  # something reads server.address
        server.drop()  # all connections, as when an instance dies
"""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

from pyca.images import y4m
from pyca.images.snapshot import Snapshot

SIZE = (64, 48)
RATE = 25.0
_AXES = (np.arange(SIZE[0], dtype=np.float32), np.arange(SIZE[1], dtype=np.float32))


class StandIn:
    """The server, from ``with`` on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """paths of the streams that somebody wanted"""
        self.sent = 0
        """images of all streams"""
        self.status = 200
        """of every answer"""
        self._drops = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server
        return self._server.server_port

    @property
    def address(self) -> str:
        """The same as an address."""
        return f"http://127.0.0.1:{self.port}"

    def drop(self) -> None:
        """End all streams; the next ones are sent again."""
        self._drops += 1

    def __enter__(self) -> Self:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if stand_in.status != 200:
                    self.send_error(stand_in.status)
                elif self.path.partition("?")[0].endswith("/y4m"):
                    stand_in.asked.append(self.path)
                    self.send_stream()
                elif self.path == "/api/v1/cam/aliases":
                    self.send_json({"aliases": {"short": "simulation"}})
                else:
                    self.send_json({"cameras": ["simulation", "other"]})

            def send_json(self, answer: dict[str, Any]) -> None:
                body = json.dumps({"state": "ok", "status": "", **answer}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def send_stream(self) -> None:
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", y4m.MIMETYPE)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    for piece in y4m.stream(stand_in._frames(), rate=RATE):
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    pass  # nobody reads any more

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._server and self._thread
        self.drop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _frames(self) -> Iterator[Snapshot]:
        drops = self._drops
        for number in range(100_000):
            if drops != self._drops:
                return
            image = np.full(SIZE[::-1], number % 256, np.uint8)
            yield Snapshot(image, *_AXES, number, time.time_ns())
            self.sent += 1
            time.sleep(1 / RATE)
