"""Streams that run: by ``pyca stream``, by the service, and by FFmpeg alone for comparison."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.home import ROOT, Home, wait_for
from tests.live_rig import FFMPEG, RtmpServer

PATIENCE = 60.0
_PICTURE = 2000
"""bytes of a recording that holds more than what decoders must know"""
_FILTERS = "testsrc2=size=640x360:rate=25"
_ENCODED = "-c:v libx264 -preset veryfast -tune zerolatency -g 50 -b:v 750k -pix_fmt yuv420p -c:a aac"


@contextmanager
def server() -> Iterator[RtmpServer]:
    """Run an RTMP server; what it says at its end belongs to no table."""
    with (
        tempfile.TemporaryDirectory(prefix="pyca-benchmark-") as name,
        redirect_stdout(sys.stderr),
        RtmpServer(Path(name)) as running,
    ):
        yield running


@contextmanager
def started(argv: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run a program until the end of the block; give it and the moment at which it was started."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYCA_")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.time()
    process = subprocess.Popen(
        argv,
        cwd="/",
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, begun
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a program as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def by_command(*words: str) -> list[str]:
    """Return the command line of a stream."""
    return [sys.executable, "-m", "pyca", "stream", *words]


def by_ffmpeg(url: str) -> list[str]:
    """Return FFmpeg's command for the same picture and sound."""
    sources = ["-re", "-f", "lavfi", "-i", _FILTERS, "-f", "lavfi", "-i", "sine=1000"]
    return [FFMPEG, "-nostdin", *sources, *_ENCODED.split(), "-f", "flv", url]


def await_picture(there: RtmpServer, key: str, recordings: int = 1) -> float:
    """Return the moment at which the first picture of a connection is at the server.

    :param recordings: how many connections there were, this one included
    """

    def arrived() -> bool:
        files = there.recordings(key)
        return len(files) >= recordings and files[-1].stat().st_size > _PICTURE

    return wait_for(arrived, "a picture at the server", PATIENCE)


def await_end(there: RtmpServer, key: str) -> float:
    """Return the moment at which the server sees no publisher any more."""
    return wait_for(lambda: not there.is_publishing(key), "the publisher to leave", PATIENCE)


class Service:
    """``pyca live`` as a program sees it."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/livebox/v1"

    def put(self, what: str) -> None:
        """Start or stop."""
        request = urllib.request.Request(f"{self._base}/{what}", method="PUT", data=b"")
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{what} is refused: {error.read().decode()}") from error

    def state(self) -> str:
        """Return what it does."""
        with urllib.request.urlopen(f"{self._base}/status", timeout=10) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return str(told["status"])


def overrides(there: RtmpServer, key: str, port: int, folder: Path) -> dict[str, str]:
    """Return the configuration of a service that sends to a server."""
    return {
        "PYCA_LIVE_PORT": str(port),
        "PYCA_LIVE_URL": there.url,
        "PYCA_LIVE_STREAM_KEY": key,
        "PYCA_LIVE_INPUT": "test",
        "PYCA_LIVE_DIRECTORY": str(folder),
    }


def run_service(place: Home) -> Any:
    """Run the service until the end of the block; gives its pid and the seconds until READY."""
    return place.running("live")
