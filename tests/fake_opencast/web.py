"""HTTP/1.1 on loopback for one WSGI program: keep-alive, streamed request bodies, connections that break."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event as Flag
from typing import Any
from urllib.parse import unquote, urlsplit

Environ = dict[str, Any]


class DroppedError(Exception):
    """The connection shall break here."""


@dataclass
class Answer:
    """What a handler returns."""

    status: int = 200
    text: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    pause: tuple[Flag, float, int] | None = None

    @property
    def data(self) -> bytes:
        return self.text.encode() if isinstance(self.text, str) else self.text

    def chunks(self) -> Iterator[bytes]:
        if self.pause is None:
            yield self.data
            return
        stopping, seconds, pieces = self.pause
        size = max(len(self.data) // pieces, 1)
        for offset in range(0, len(self.data), size):
            stopping.wait(seconds)
            yield self.data[offset : offset + size]


class Body:
    """A request body that ends where the Content-Length says so."""

    def __init__(self, stream: Any, length: int) -> None:
        self.stream, self.left = stream, length

    def read(self, size: int = -1) -> bytes:
        if self.left <= 0:
            return b""
        data: bytes = self.stream.read1(self.left if size < 0 else min(size, self.left))
        if not data:
            raise DroppedError  # the client went away
        self.left -= len(data)
        return data


class Connection(BaseHTTPRequestHandler):
    """Serves the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: "WebServer"
    rbufsize = 1 << 18
    timeout = 60

    def answer(self) -> None:
        body = Body(self.rfile, int(self.headers.get("Content-Length") or 0))
        try:
            self._respond(self._environ(body))
        except (DroppedError, ConnectionError, TimeoutError, ssl.SSLError):
            self._reset()
            return
        if body.left:
            self._linger()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

    def _environ(self, body: Body) -> Environ:
        url = urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(url.path, "latin-1"),
            "QUERY_STRING": url.query,
            "RAW_URI": self.path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.input": body,
            "wsgi.url_scheme": self.server.scheme,
            "fake.stopping": self.server.stopping,
        }
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def _respond(self, environ: Environ) -> None:
        sent = {"announced": 0, "written": 0}

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            code, reason = status.split(" ", 1)
            self.send_response(int(code), reason)
            for name, value in headers:
                self.send_header(name, value)
                if name == "Content-Length":
                    sent["announced"] = int(value)
            if environ["wsgi.input"].left:
                self.send_header("Connection", "close")  # also sets close_connection
            self.end_headers()

        for chunk in self.server.program(environ, start_response):
            self.wfile.write(chunk)
            sent["written"] += len(chunk)
        self.wfile.flush()
        if sent["written"] < sent["announced"] and self.command != "HEAD":
            self.close_connection = True

    def _linger(self) -> None:
        """Leave a client that is still sending the time to read the answer."""
        self.close_connection = True
        self.connection.settimeout(0.3)
        try:
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(8):
                if not self.rfile.read1(1 << 16):
                    break
        except OSError:
            pass

    def _reset(self) -> None:
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            return
        self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.ahead() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        """Be quiet: the log is ``server.calls``."""


class WebServer(ThreadingHTTPServer):
    """Serves one WSGI program, each connection in a thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, program: Any, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.program = program
        self.scheme = "https" if context else "http"
        self.context = context
        self.stopping = Flag()
        self.ahead: Callable[[], float] = lambda: 0.0
        """seconds by which the Date in answers is wrong"""
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Break all connections, the waiting ones too."""
        self.stopping.set()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def get_request(self) -> Any:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is an everyday event here."""


def status_line(code: int) -> str:
    """Return such as ``404 Not Found``."""
    return f"{code} {HTTPStatus(code).phrase if code in HTTPStatus._value2member_map_ else 'Unknown'}"
