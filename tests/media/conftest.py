"""Tiny clips made by FFmpeg, and the two FFmpegs that read them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyca.media.ffmpeg import Tools

MakeClip = Callable[..., Path]


def system_tools() -> Tools:
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    if not ffmpeg or not ffprobe:
        pytest.skip("the system has no FFmpeg")
    return Tools(Path(ffmpeg), Path(ffprobe))


def bundled_tools() -> Tools:
    bundled = pytest.importorskip("imageio_ffmpeg", reason="the bundled FFmpeg is not installed")
    return Tools(Path(bundled.get_ffmpeg_exe()))


@pytest.fixture(scope="session", params=["system", "bundled"])
def tools(request: pytest.FixtureRequest) -> Tools:
    return system_tools() if request.param == "system" else bundled_tools()


@pytest.fixture(scope="session")
def system() -> Tools:
    return system_tools()


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """A function that makes a clip once and returns it ever after."""
    folder = tmp_path_factory.mktemp("clips")
    ffmpeg = shutil.which("ffmpeg") or str(bundled_tools().ffmpeg)

    def make(
        name: str,
        *,
        seconds: float = 2,
        size: str = "160x120",
        fps: int = 25,
        rate: int = 48000,
        video: str = "libx264 -preset ultrafast -g 25 -pix_fmt yuv420p",
        audio: str = "aac",
        swap: bool = False,
    ) -> Path:
        path = folder / name
        if path.exists():
            return path
        argv = [ffmpeg, "-nostdin", "-v", "error"]
        if video:
            argv += ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps}"]
        if audio:
            argv += ["-f", "lavfi", "-i", f"sine=r={rate}"]
        maps = [f"-map {index}" for index in range(bool(video) + bool(audio))]
        argv += " ".join(reversed(maps) if swap else maps).split()
        argv += ["-c:v", *video.split()] if video else []
        argv += ["-c:a", audio] if audio else []
        options = ["-cluster_time_limit", "1000", "-flush_packets", "1"] if path.suffix == ".mkv" else []
        subprocess.run([*argv, "-t", str(seconds), *options, str(path)], check=True, timeout=60)
        return path

    return make
