"""Servers that take a live stream, as real as they get on one machine: RTMP, RTMPS, SRT.

In a test::

    with RtmpServer(tmp_path, keys={"right"}) as server:
        …  # something publishes to server.url with the key “right”
        server.wait_for_publisher("right")
        server.wait_for_seconds("right", 4)
        …  # server.restart(), server.freeze(), server.drop("right")
        server.wait_until_gone("right")
        (file,) = server.recordings("right")

What was recorded is looked at with :mod:`tests.live_probe`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote

import psutil
import pytest

from pyca.live.flow.flv import Reader
from tests.tools import free_port, wait_for

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin") or ""
MODULES = [Path(folder) for folder in ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules")]
FFMPEG = shutil.which("ffmpeg") or "ffmpeg"
SANS = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def module(name: str) -> Path:
    """Return where a module of nginx is; skip the test where it is not installed."""
    for folder in MODULES:
        if (folder / name).exists():
            return folder / name
    pytest.skip(f"{name} is not installed")


def answers(port: int) -> bool:
    """Tell whether somebody answers at a TCP port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Publisher:
    """A stream that is being published, as the server sees it."""

    name: str
    bytes_in: int
    size: tuple[int, int]


@dataclass
class Door:
    """Asked by the server whether somebody may publish; says no to wrong keys."""

    keys: Collection[str] | None = None
    """None for any"""
    asked: list[str] = field(default_factory=list)
    """the keys in the order in which somebody came with them"""
    port: int = 0

    def __enter__(self) -> Self:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                name = parse_qs(body.decode("utf-8", "replace")).get("name", [""])[0]
                door.asked.append(name)
                self.send_response(200 if door.keys is None or name in door.keys else 403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class RtmpServer:
    """nginx with its RTMP module: records what it gets, serves it over HLS, and can be maltreated.

    It is one process, so that a signal concerns all of it. Its ports stay the same when it starts again.

    :param folder: for its files; must exist
    :param keys: those that may be published; None for any
    :param tls: listen for RTMPS too, with a certificate of the test's own authority
    """

    def __init__(self, folder: Path, keys: Collection[str] | None = None, *, tls: bool = False) -> None:
        self._module = module("ngx_rtmp_module.so")
        self.folder = folder / f"rtmp-{free_port()}"
        self.folder.mkdir()
        self.port, self.http_port, self.tls_port = free_port(), free_port(), free_port() if tls else 0
        self.door = Door(keys)
        self.process: subprocess.Popen[bytes] | None = None
        self._read: dict[Path, Reading] = {}
        self.authority = Authority(self.folder) if tls else None

    @property
    def url(self) -> str:
        """Where to publish, without the key."""
        return f"rtmp://127.0.0.1:{self.port}/live"

    @property
    def tls_url(self) -> str:
        """The same, encrypted."""
        return f"rtmps://localhost:{self.tls_port}/live"

    @property
    def ca_file(self) -> Path:
        """The certificate by which the encrypted address is trusted."""
        assert self.authority, "this server has no RTMPS"
        return self.authority.file

    def __enter__(self) -> Self:
        self.door.__enter__()
        try:
            self._configure()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self.process:
            self.kill()
        self.door.__exit__()
        log = self.folder / "error.log"
        sys.stdout.write(f"--- {log}\n{log.read_text('utf-8', 'replace') if log.exists() else ''}\n")

    def start(self) -> None:
        """Start it, again or for the first time, and wait until it listens."""
        argv = [NGINX, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        with (self.folder / "error.log").open("ab") as log:
            self.process = process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ports = [port for port in (self.port, self.http_port, self.tls_port) if port]
        wait_for(lambda: process.poll() is not None or all(map(answers, ports)), "nginx")
        assert process.poll() is None, (self.folder / "error.log").read_text("utf-8", "replace")

    def stop(self) -> None:
        """End it in order; publishers are hung up on."""
        self._signal(signal.SIGTERM)
        self._reap()

    def kill(self) -> None:
        """Kill it as a crash would."""
        self._signal(signal.SIGKILL)
        self._reap()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Let it stand still: connections stay, the kernel takes bytes until its buffers are full."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def drop(self, name: str) -> None:
        """Hang up on a publisher."""
        self._ask(f"/control/drop/publisher?app=live&name={quote(name)}")

    def publishers(self) -> list[Publisher]:
        """Return what is published at this moment."""
        found = []
        for stream in ElementTree.fromstring(self._ask("/stat")).iterfind(".//application/live/stream"):
            if stream.find("publishing") is not None:
                size = (int(stream.findtext(f"meta/video/{side}", "0")) for side in ("width", "height"))
                name, count = stream.findtext("name", ""), int(stream.findtext("bytes_in", "0"))
                found.append(Publisher(name, count, (next(size), next(size))))
        return found

    def is_publishing(self, name: str) -> bool:
        """Tell whether somebody publishes with a key."""
        return any(one.name == name for one in self.publishers())

    def wait_for_publisher(self, name: str, seconds: float = 30.0) -> None:
        """Wait until somebody publishes with a key."""
        wait_for(lambda: self.is_publishing(name), "somebody to publish", seconds)

    def wait_until_gone(self, name: str, seconds: float = 30.0) -> None:
        """Wait until nobody publishes with a key any longer."""
        wait_for(lambda: not self.is_publishing(name), "the publisher to leave", seconds)

    def recordings(self, name: str) -> list[Path]:
        """Return what was recorded under a key, one file for each connection, oldest first."""
        # The names end with seconds; several connections of one second differ by their modification.
        return sorted(self.folder.glob(f"recorded/{name}-*.flv"), key=lambda file: file.stat().st_mtime_ns)

    def seconds(self, name: str) -> float:
        """Return how far the newest recording under a key has come."""
        files = self.recordings(name)
        return self._read.setdefault(files[-1], Reading(files[-1])).seconds() if files else 0.0

    def wait_for_seconds(self, name: str, length: float, seconds: float = 60.0) -> Path:
        """Wait until the newest recording under a key is so long, and return it."""
        wait_for(lambda: self.seconds(name) >= length, f"{length} s of recording", seconds)
        return self.recordings(name)[-1]

    def hls(self, name: str) -> Path:
        """Return where the playlist of a key is written."""
        return self.folder / "hls" / f"{name}.m3u8"

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _signal(self, number: int) -> None:
        assert self.process, "the server was not started"
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _reap(self) -> None:
        assert self.process
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=30)
            return
        self.process.kill()
        self.process.wait()

    def _configure(self) -> None:
        for name in ("recorded", "hls"):
            (self.folder / name).mkdir()
        loaded = [self._module]
        stream = ""
        if self.authority:
            loaded.append(module("ngx_stream_module.so"))
            stream = (
                f"stream {{ server {{ listen 127.0.0.1:{self.tls_port} ssl;"
                f" ssl_certificate {self.authority.certificate};"
                f" ssl_certificate_key {self.authority.key}; proxy_pass 127.0.0.1:{self.port}; }} }}\n"
            )
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # What the tests made belongs to them alone; started by root, nginx would become somebody else.
        user = "user root; " if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(
            "".join(f"load_module {one};\n" for one in loaded)
            + f"{user}daemon off; master_process off; worker_processes 1; pid {self.folder}/pid;\n"
            f"error_log {self.folder}/error.log;\nevents {{}}\n"
            "rtmp { access_log off; notify_method post;\n"
            f" server {{ listen 127.0.0.1:{self.port}; chunk_size 4096;\n"
            f"  application live {{ live on; on_publish http://127.0.0.1:{self.door.port}/publish;\n"
            f"    record all; record_path {self.folder}/recorded; record_unique on; record_suffix .flv;\n"
            f"    hls on; hls_path {self.folder}/hls; hls_fragment 2s; hls_playlist_length 20s; }}\n}} }}\n"
            f"http {{ access_log off; {paths}\n"
            f"  server {{ listen 127.0.0.1:{self.http_port};\n"
            f"    location /stat {{ rtmp_stat all; }} location /control {{ rtmp_control all; }}\n"
            f"    location / {{ root {self.folder}; }} }}\n}}\n{stream}",
            "utf-8",
        )


class Authority:
    """A certificate authority of the test, and a certificate for this machine that it has signed."""

    def __init__(self, folder: Path) -> None:
        self.file, authority_key = folder / "ca.pem", folder / "ca.key"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        request, extra = folder / "server.csr", folder / "server.ext"
        extra.write_text(SANS + "\n", "utf-8")
        self._run(
            "req", "-x509", *self._new(authority_key, "Test authority"), "-days", "2", "-out", self.file
        )
        self._run("req", *self._new(self.key, "localhost"), "-out", request)
        signed_by = ("-CA", self.file, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extra)
        self._run("x509", "-req", "-in", request, *signed_by, "-days", "2", "-out", self.certificate)

    def _new(self, key: Path, name: str) -> Sequence[str | Path]:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        return (*curve, "-subj", f"/CN={name}", "-keyout", key)

    def _run(self, *words: str | Path) -> None:
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


class SrtServer:
    """FFmpeg as a listener for SRT; it takes one caller after the other, one start for each.

    :param more: further parts of the address, such as ``passphrase=…``
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder / f"srt-{free_port()}"
        self.folder.mkdir()
        self.port = free_port()
        self._more = f"&{more}" if more else ""
        self.process: subprocess.Popen[bytes] | None = None
        self.files: list[Path] = []

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"srt://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        log = (self.folder / "log").read_text("utf-8", "replace")
        sys.stdout.write(f"--- {self.folder.name}\n{log}\n")

    def start(self) -> None:
        """Listen for the next caller; what comes goes into a new file, the last of ``files``."""
        self.files.append(self.folder / f"{len(self.files) + 1}.ts")
        address = f"srt://127.0.0.1:{self.port}?mode=listener{self._more}"
        argv = [FFMPEG, "-nostdin", "-hide_banner", "-loglevel", "warning"]
        argv += ["-probesize", "100000", "-analyzeduration", "500000", "-i", address]
        argv += ["-map", "0", "-c", "copy", "-f", "mpegts", "-flush_packets", "1", str(self.files[-1])]
        with (self.folder / "log").open("ab") as log:
            self.process = process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: process.poll() is not None or self._listens(process.pid), "the SRT listener")
        assert process.poll() is None, (self.folder / "log").read_text("utf-8", "replace")

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def wait_for_bytes(self, count: int = 100_000, seconds: float = 30.0) -> Path:
        """Wait until so much has come of this caller, and return the file."""
        file = self.files[-1]
        wait_for(lambda: file.exists() and file.stat().st_size >= count, "bytes over SRT", seconds)
        return file

    def _listens(self, pid: int) -> bool:
        with suppress(psutil.Error):
            sockets = psutil.Process(pid).net_connections("udp")
            return any(one.laddr and one.laddr.port == self.port for one in sockets)
        return False


class Reading:
    """An FLV file that is still being written; what was read once is not read again: it is asked often."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._reader = Reader()
        self._place = 0
        self._times: list[int] = []

    def seconds(self) -> float:
        """Return how far it has come."""
        with self._file.open("rb") as file:
            file.seek(self._place)
            data = file.read()
        self._place += len(data)
        times = [tag.time for tag in self._reader.feed(data) if tag.kind in (8, 9)]
        if times:
            self._times = [min(times + self._times[:1]), max(times + self._times[1:])]
        return (self._times[1] - self._times[0]) / 1000 if self._times else 0.0


def family(pid: int) -> list[psutil.Process]:
    """Return a process and everything that it has started."""
    with suppress(psutil.Error):
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    return []


def alive(processes: Collection[psutil.Process]) -> list[str]:
    """Return which of some processes still run, each as pid and name; zombies count too."""
    found = []
    for process in processes:
        with suppress(psutil.Error):
            if process.is_running():
                found.append(f"{process.pid} {process.name()} {process.status()}")
    return found


def wait_until_ended(processes: Collection[psutil.Process], seconds: float = 30.0) -> None:
    """Wait until none of some processes runs any longer."""
    wait_for(lambda: not alive(processes), "processes to end", seconds)
