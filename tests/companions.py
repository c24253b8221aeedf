"""What stands in a room besides the agent: cameras in the network, a screen, a microphone; each a process.

In a test::

    camera = companions.rtsp_camera(rig.accompany)
    …  # something reads camera.url
    camera.process.kill()
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tools import free_port, wait_for

SYSTEM_PYTHON = "/usr/bin/python3"
QUIET = ["ffmpeg", "-nostdin", "-nostats", "-hide_banner", "-loglevel", "error"]
ENCODED = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-c:a", "aac"]

Accompany = Callable[..., subprocess.Popen[bytes]]
"""starts a program and takes care of its end"""


@pytest.fixture
def accompany() -> Iterator[Accompany]:
    """A function that starts a program, whose end comes with that of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Companion:
    """A running one.

    :param url: by which it is read: an address, a display or the name of a source
    """

    process: subprocess.Popen[bytes]
    url: str


def udp_camera(accompany: Accompany) -> Companion:
    """Start a camera that sends an MPEG transport stream."""
    port = free_port()
    pictures = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25"]
    sound = ["-re", "-f", "lavfi", "-i", "sine=r=48000"]
    target = f"udp://127.0.0.1:{port}?pkt_size=1316"
    process = accompany([*QUIET, *pictures, *sound, *ENCODED, "-f", "mpegts", target])
    return Companion(process, f"udp://127.0.0.1:{port}")


def rtsp_camera(accompany: Accompany) -> Companion:
    """Start a camera that speaks RTSP."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", check], check=False).returncode
    ):
        pytest.skip("GStreamer's RTSP server is not installed")
    port = free_port()
    process = accompany([SYSTEM_PYTHON, str(Path(__file__).parent / "rtsp_camera.py"), str(port)])

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, "the camera")
    return Companion(process, f"rtsp://127.0.0.1:{port}/room")


def virtual_screen(accompany: Accompany) -> Companion:
    """Start an X server without a monitor."""
    reader, writer = os.pipe()
    argv = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "320x240x24", "-nolisten", "tcp"]
    process = accompany(argv, pass_fds=(writer,))
    os.close(writer)
    with open(reader, encoding="ascii") as numbers:
        return Companion(process, f":{numbers.readline().strip()}")


def microphone(accompany: Accompany, folder: Path) -> Companion:
    """Start a sound server with a source named “mic”, which hears what is played to the sink “room”.

    Clients find it by PULSE_SERVER, which is the companion's ``url``.
    """
    if not shutil.which("pulseaudio"):
        pytest.skip("PulseAudio is not installed")
    address = folder / "mic.socket"
    argv = [
        "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
        "-L", f"module-native-protocol-unix socket={address} auth-anonymous=1",
        "-L", "module-null-sink sink_name=room",
        "-L", "module-remap-source master=room.monitor source_name=mic",
    ]  # fmt: skip
    home = {name: str(folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")}
    process = accompany(argv, env={**os.environ, **home})
    wait_for(address.exists, "the sound server")
    return Companion(process, f"unix:{address}")
