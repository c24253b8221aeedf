"""What tests of the streamer share."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyca.media.ffmpeg import Tools


@pytest.fixture(scope="session")
def system() -> Tools:
    """The system's FFmpeg."""
    if not (ffmpeg := shutil.which("ffmpeg")):
        pytest.skip("the system has no FFmpeg")
    return Tools(Path(ffmpeg))


@pytest.fixture(scope="session", params=["system", "bundled"])
def tools(request: pytest.FixtureRequest) -> Tools:
    """Each of the two FFmpegs that we are used with."""
    if request.param == "system":
        found: Tools = request.getfixturevalue("system")
        return found
    bundled = pytest.importorskip("imageio_ffmpeg", reason="the bundled FFmpeg is not installed")
    return Tools(Path(bundled.get_ffmpeg_exe()))


@pytest.fixture
def accompany() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A function that starts a program, whose end comes with that of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
