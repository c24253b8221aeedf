"""nginx with one of our examples, and a server behind it that notes what it is asked."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.tools import free_port, wait_for

ROOT = Path(__file__).parent.parent
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin") or ""
FILES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Answer:
    """What came back; headers keep their repetitions."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Proxy:
    """A running nginx."""

    folder: Path
    ports: Mapping[str, int]
    page: subprocess.Popen[bytes] | None = None
    """what serves the page behind it, where that is a process"""

    def connect(self, *, tls: bool = False) -> http.client.HTTPConnection:
        if not tls:
            return http.client.HTTPConnection("127.0.0.1", self.ports["80"], timeout=20)
        trust = ssl.create_default_context(cafile=str(self.folder / "pyca.pem"))
        trust.check_hostname = False
        return http.client.HTTPSConnection("127.0.0.1", self.ports["443"], timeout=20, context=trust)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        tls: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return what comes back, status 0 where nothing does."""
        connection = self.connect(tls=tls)
        try:
            # nginx answers what is too large before it has all of it, and hangs up.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        except OSError:
            return Answer(0, [], b"")
        finally:
            connection.close()


@contextmanager
def nginx(name: str, folder: Path, backend: int, rate: str = "", patience: str = "") -> Iterator[Proxy]:
    """Run nginx with an example in front of a port of this machine.

    :param rate: of requests, such as 1000r/s, for tests that ask more often than people do
    :param patience: in place of the 30 s that nginx waits for a reader elsewhere, such as 1s
    """
    ports = {"80": free_port(), "443": free_port(), "5000": backend}
    file = configuration(name, folder, ports)
    if rate:
        file.write_text(re.sub(r"rate=\d+r/s", f"rate={rate}", file.read_text()))
    if patience:
        shared = folder / "snippets" / "pyca-locations.conf"
        shared.write_text(shared.read_text().replace("send_timeout 30s", f"send_timeout {patience}"))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        proxy = Proxy(folder, ports)
        # Not by requests: they are counted.
        wait_for(lambda: process.poll() is not None or listens(ports["80"]), "nginx")
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield proxy
    finally:
        process.terminate()
        process.communicate(timeout=30)


def listens(port: int) -> bool:
    """Tell whether somebody answers at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def configuration(name: str, folder: Path, ports: Mapping[str, int]) -> Path:
    """Return a complete nginx configuration around one of the examples, for an unprivileged try."""
    site = (ROOT / "reverse-proxy" / name).read_text()
    site = site.replace("127.0.0.1:5000", f"127.0.0.1:{ports['5000']}")
    for port in ("443", "80"):
        site = site.replace(f"listen [::]:{port}", f"listen [::1]:{ports[port]}")
        site = site.replace(f"listen {port}", f"listen 127.0.0.1:{ports[port]}")
    site = site.replace("/etc/ssl/certs/pyca.pem", f"{folder}/pyca.pem")
    site = site.replace("/etc/ssl/private/pyca.key", f"{folder}/pyca.key")
    site = site.replace("/dev/shm/pyca-previews", f"{folder}/previews-cache")
    make_certificate(folder)
    (folder / "snippets").mkdir(exist_ok=True)
    shutil.copy(ROOT / "reverse-proxy" / "pyca-locations.conf", folder / "snippets")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in FILES)
    # What the tests made belongs to them alone; started by root, nginx would become somebody else.
    user = "user root; " if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {paths}\n{site}\n}}\n"
    )
    return file


def make_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=hall",
         "-keyout", f"{folder}/pyca.key", "-out", f"{folder}/pyca.pem"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


Reply = tuple[int, Mapping[str, str], bytes]


@dataclass
class Behind:
    """A server that answers as it is told and notes every request: method, path and headers."""

    reply: Callable[[Any], Reply | None] = lambda asked: (200, {}, b"")
    """called with the handler; it answers by itself where it returns None"""
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.calls]


@contextmanager
def behind(reply: Callable[[Any], Reply | None] = lambda asked: (200, {}, b"")) -> Iterator[Behind]:
    """Run such a server."""
    told = Behind(reply)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.calls.append((self.command, self.path, dict(self.headers.items())))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if (found := told.reply(self)) is not None:
                status, headers, body = found
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
