"""Network cameras as sources of images: gone, frozen, back, and of another size."""

import logging
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pyca.sources.source import Source
from tests import companions
from tests.companions import ENCODED, QUIET, Accompany
from tests.sources.contract import asked, next_frame, opening
from tests.tools import wait_for

pytestmark = pytest.mark.system


@pytest.fixture
def opened() -> Iterator[Callable[..., Source]]:
    with opening("ffmpeg") as open_one:
        yield open_one


def test_an_rtsp_camera_freezes_and_dies(accompany: Accompany, opened: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    camera = companions.rtsp_camera(accompany)
    source = opened(camera.url, stall=2)
    assert next_frame(source).image.shape == (240, 320)
    assert source.size() == (320, 240)
    camera.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: asked(source, 0.1) is None and "is away" in caplog.text, "the loss")
    camera.process.send_signal(signal.SIGCONT)
    wait_for(lambda: asked(source, 0.2), "a frame after the return")
    wait_for(lambda: "is back" in caplog.text, "the return")
    camera.process.kill()
    wait_for(lambda: asked(source, 0.1) is None and caplog.text.count("is away") == 2, "the second loss")
    assert source.size() == (320, 240)


def test_an_mjpeg_camera_over_http(opened: Any) -> None:
    """Cameras send picture after picture as the parts of one message."""
    argv = [*QUIET, "-f", "lavfi", "-i", "testsrc2=s=160x120", "-frames:v", "1", "-f", "mjpeg", "pipe:1"]
    picture = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout
    part = b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(part + picture + b"\r\n")
                    time.sleep(0.02)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            source = opened(f"http://127.0.0.1:{server.server_port}/video.mjpg")
            assert next_frame(source).image.shape == (120, 160)
            source.close()
        finally:
            server.shutdown()
            thread.join()


def test_a_stream_that_changes_its_size(opened: Any, tmp_path: Path, caplog: Any) -> None:
    """Over TCP, as one stream: the second half has other images, and so have the frames."""
    caplog.set_level(logging.INFO)
    pieces = []
    for size in ("160x120", "96x64"):
        made_of = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=25", "-t", "4"]
        argv = [*QUIET, *made_of, *ENCODED[:8], "-f", "mpegts", "pipe:1"]
        pieces.append(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
    changed = threading.Event()
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)

        def serve(connection: socket.socket) -> None:
            """Send the first piece until the second is wanted, then that again and again."""
            with connection:
                try:
                    while not done.is_set():
                        connection.sendall(pieces[changed.is_set()])
                        done.wait(0.2)
                except OSError:
                    return

        def accept() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.settimeout(60)
                serve(connection)

        server = threading.Thread(target=accept)
        server.start()
        try:
            source = opened(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
            assert next_frame(source).image.shape == (120, 160)
            changed.set()
            wait_for(lambda: next_frame(source).image.shape == (64, 96), "the other size")
            assert source.size() == (96, 64)
        finally:
            done.set()
            source.close()
            server.join()
    assert "of another size" in caplog.text
