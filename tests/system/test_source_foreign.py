"""A camera that is sent by the foreign client of bsread."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pyca.core.errors import OfflineError, SourceError
from pyca.sources.frame import Frame
from pyca.sources.source import Source
from tests.foreign_peer import SCRIPTS, foreign_python
from tests.sources.contract import Camera, made, next_frame
from tests.tools import free_port, wait_for

__all__ = ["foreign_python"]
pytestmark = pytest.mark.system


@contextmanager
def foreign_sender(python: Path, port: int, mode: str, compression: str) -> Iterator[None]:
    argv = [str(python), str(SCRIPTS / "send.py"), str(port), mode, compression, compression]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


def opens(source: Source) -> bool:
    try:
        source.open()
    except OfflineError:
        return False
    return True


def whole(source: Source) -> Frame | None:
    try:
        return source.receive(0.2)
    except SourceError:
        return None


@pytest.mark.parametrize(
    ("mode", "ours", "compression"), [("PUB", "SUB", "none"), ("PUSH", "PULL", "bitshuffle_lz4")]
)
def test_a_foreign_stream_is_a_camera(foreign_python: Path, mode: str, ours: str, compression: str) -> None:
    port = free_port()
    camera = Camera(f"tcp://127.0.0.1:{port}", options={"channel": "large", "mode": ours})
    source = made("bsread", camera)
    with foreign_sender(foreign_python, port, mode, compression):
        wait_for(lambda: opens(source), "the foreign sender")
        # That sender may begin in the middle of a message where a receiver has just come.
        first = wait_for(lambda: whole(source), "a whole message")
        frames = [first, *(next_frame(source) for _ in range(2))]
        assert source.size() == (1280, 960)
    source.close()
    for frame in frames:
        pulse_id = frame.pulse_id
        assert pulse_id is not None
        assert frame.nanoseconds == (1_700_000_000 + pulse_id) * 10**9 + 500
        expected = (np.arange(960 * 1280, dtype=np.uint16) + np.uint16(pulse_id)).reshape(960, 1280)
        assert np.array_equal(frame.image, expected)
        assert frame.channels["int"] == pulse_id
        assert frame.channels["text"] == f"Größe 你好 {pulse_id}"
