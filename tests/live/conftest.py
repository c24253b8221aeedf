"""What tests of the streamer share."""

import shutil
from pathlib import Path

import pytest

from pyca.media.ffmpeg import Tools
from tests.companions import accompany

__all__ = ["accompany"]


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
