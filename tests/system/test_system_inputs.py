"""Live inputs: cameras in the network, a screen, several inputs side by side, events back to back."""

import hashlib
import os
import socket
import subprocess
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests.system_rig import CAMERA, Rig, ffprobe, soon
from tests.tools import free_port, wait_for

pytestmark = pytest.mark.system

SYSTEM_PYTHON = "/usr/bin/python3"
COPY = "-map 0 -c copy -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
QUIET = ["ffmpeg", "-nostats", "-hide_banner", "-loglevel", "error"]
PICTURES = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25"]
SOUND = ["-re", "-f", "lavfi", "-i", "sine=r=48000"]
ENCODED = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-c:a", "aac"]


def udp_camera(rig: Rig) -> str:
    """Start a camera that sends an MPEG transport stream; return the input of a command that records it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = f"udp://127.0.0.1:{port}?pkt_size=1316"
    rig.accompany([*QUIET, *PICTURES, *SOUND, *ENCODED, "-f", "mpegts", target])
    return f"-i 'udp://127.0.0.1:{port}?timeout=5000000'"


def rtsp_camera(rig: Rig) -> str:
    """Start a camera that speaks RTSP; return the input of a command that records it."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", check], check=False).returncode
    ):
        pytest.skip("GStreamer's RTSP server is not installed")
    port = free_port()
    rig.accompany([SYSTEM_PYTHON, str(Path(__file__).parent.parent / "rtsp_camera.py"), str(port)])

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, "the camera")
    return f"-rtsp_transport tcp -timeout 5000000 -i rtsp://127.0.0.1:{port}/room"


@pytest.mark.parametrize("kind", ["udp", "rtsp"])
def test_a_camera_in_the_network(kind: str, server: FakeOpencast, rig: Rig) -> None:
    source = udp_camera(rig) if kind == "udp" else rtsp_camera(rig)
    command = f"ffmpeg -nostats -hide_banner -loglevel warning {source} {COPY}"
    rig.connect(server.url, capture={"command": command})
    start = soon(4)
    server.schedule("uid-1", f"From a {kind} camera", start, start + 7)
    rig.start("run")
    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert one.recording
    (track,) = one.recording.tracks
    streams, duration = ffprobe(track.path)
    assert sorted(streams) == ["audio", "video"]
    assert 4 < duration < 8.5
    (element,) = server.workflows[0].elements
    assert element.file.sha256 == hashlib.sha256(track.path.read_bytes()).hexdigest()
    assert element.file.size == track.size


def virtual_screen(rig: Rig) -> str:
    """Start an X server without a monitor; return its display."""
    reader, writer = os.pipe()
    argv = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "320x240x24", "-nolisten", "tcp"]
    rig.accompany(argv, pass_fds=(writer,))
    os.close(writer)
    with open(reader, encoding="ascii") as numbers:
        return f":{numbers.readline().strip()}"


def test_screen_and_camera_back_to_back(server: FakeOpencast, rig: Rig) -> None:
    grab = f"-f x11grab -framerate 10 -video_size 320x240 -i {virtual_screen(rig)}"
    encode = "-c:v libx264 -preset ultrafast -tune zerolatency -g 10 -pix_fmt yuv420p -flush_packets 1"
    screen = f"ffmpeg -nostats -hide_banner -loglevel warning {grab} {encode} -y {{{{dir}}}}/{{{{name}}}}.mkv"
    inputs = {
        "camera": {"command": CAMERA, "flavors": "presenter/source"},
        "screen": {"command": screen, "flavors": "presentation/source"},
        "spare": {"command": "false", "flavors": "other/source"},
    }
    rig.connect(server.url, inputs)
    start = soon(4)
    chosen = {"capture.device.names": "screen,camera"}
    server.schedule("uid-1", "First", start, start + 4, **chosen)
    server.schedule("uid-2", "Second", start + 4, start + 8, **chosen)
    rig.start("run")
    for uid in ("uid-1", "uid-2"):
        one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
        assert one.recording
        assert abs(one.recording.started - one.event.start) < 1
        tracks = {track.flavor: track for track in one.recording.tracks}
        assert set(tracks) == {"presenter/source", "presentation/source"}
        for track in tracks.values():
            streams, duration = ffprobe(track.path)
            assert streams == ["video"]
            assert 3 < duration < 5.5
        (workflow,) = [flow for flow in server.workflows if flow.package == uid]
        sent = {element.flavor: element.file.sha256 for element in workflow.elements}
        assert sent == {
            flavor: hashlib.sha256(track.path.read_bytes()).hexdigest() for flavor, track in tracks.items()
        }
    configuration = server.agents["room"].configuration
    assert configuration["capture.device.names"] == "camera,screen,spare"
    assert configuration["capture.device.screen.flavor"] == "presentation/source"
