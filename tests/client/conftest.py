"""A camera server that answers what a test told it to, and notes what it was asked."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Asked:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Teller:
    """What is answered to whatever is asked."""

    address: str = ""
    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    asked: list[Asked] = field(default_factory=list)
    later: list[tuple[int, bytes]] = field(default_factory=list)
    """status and body of the next answers; the last one stays"""
    silent: threading.Event = field(default_factory=threading.Event)
    """set: answers are let go; a test clears it to have the server say nothing"""

    def reply(self, status: int = 200, **fields: Any) -> None:
        self.status, self.kind = status, "application/json"
        self.body = _body(fields)

    def then(self, status: int = 200, **fields: Any) -> None:
        """Answer this next, behind all that was told so before."""
        self.later.append((status, _body(fields)))

    @property
    def last(self) -> Asked:
        return self.asked[-1]


def _body(fields: dict[str, Any]) -> bytes:
    return json.dumps({"state": "ok", "status": "fine", **fields}).encode()


@pytest.fixture
def teller() -> Iterator[Teller]:
    told = Teller()
    told.silent.set()
    told.reply()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.asked.append(Asked(self.command, self.path, body, dict(self.headers)))
            told.silent.wait(60)
            if told.later:
                told.status, told.body = told.later.pop(0)
            self.send_response(told.status)
            self.send_header("Content-Type", told.kind)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    for method in ("GET", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield told
    finally:
        told.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()
