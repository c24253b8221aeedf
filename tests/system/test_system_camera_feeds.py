"""A camera of the real camera server, recorded by schedule and streamed live."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from pyca.core.states import EventState
from tests import live_probe
from tests.live_rig import RtmpServer
from tests.live_streams import Stream
from tests.system_rig import Rig, ffprobe
from tests.tools import free_port, wait_for

pytestmark = pytest.mark.system

SIZE = (320, 240)
CAMERA = {"source": "x", "source_type": "simulation", "width": SIZE[0], "height": SIZE[1], "frame_rate": 25}
COMMAND = (
    "ffmpeg -nostdin -nostats -hide_banner -loglevel warning '{{camera:simulation?max_value=60000}}' "
    "-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -flush_packets 1 "
    "-cluster_time_limit 500 -y {{dir}}/{{name}}.mkv"
)
KEY = "key-1234-abcd-camera"


@dataclass(frozen=True)
class Room:
    """A box with a camera server."""

    rig: Rig
    port: int

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/cam{path}", timeout=60) as answer:
            return json.load(answer)

    def instance(self) -> int:
        """The process of the camera, 0 for none."""
        found = self.ask("/info")["info"]["active_instances"].get("simulation")
        return int(found["statistics"].get("pid") or 0) if found else 0


@pytest.fixture
def room(rig: Rig) -> Iterator[Room]:
    port, first = free_port(), free_port()
    cameras = rig.folder / "cameras"
    cameras.mkdir()
    (cameras / "simulation.json").write_text(json.dumps(CAMERA))
    (rig.folder / "etc").mkdir()
    camera = {
        "port": port,
        "directory": cameras,
        "backgrounds": rig.folder / "backgrounds",
        "first_port": first,
        "last_port": first,
    }
    live = {"input": "camera:simulation", "directory": rig.folder / "live"}
    rig.configure(capture={"command": COMMAND}, camera=camera, live=live)
    (rig.folder / "etc" / "pyca.conf").symlink_to(rig.file)
    rig.start("camera").says("camera server is at")
    yield Room(rig, port)


def test_recorded_by_schedule(room: Room) -> None:
    """The camera's process is killed in the middle, and the event goes on to its end."""
    rig = room.rig
    rig.start("run")
    rig.wait_until_up()
    added = rig.run("events", "add", "--title", "Beam", "--start", "+2s", "--duration", "14s", "--json")
    assert added.code == 0, added.err
    uid = json.loads(added.out)["id"]
    rig.wait_for_state(uid, EventState.RECORDING)
    folder = rig.recordings
    wait_for(lambda: any(file.stat().st_size for file in folder.rglob("*.mkv")), "images that are recorded")
    before = wait_for(room.instance, "the camera")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: room.instance() not in (0, before), "the camera's return")
    # It may be in the archive before anybody looks.
    one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
    assert one.recording
    (track,) = one.recording.tracks
    streams, duration = ffprobe(track.path)
    assert streams == ["video"]
    assert live_probe.probe(track.path).size == SIZE
    # What it took to notice the loss is missing, on a busy machine more of it.
    assert 2 < duration < 18


def test_streamed_live(room: Room, tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={KEY}) as server:
        words = ["--input", "camera:simulation", "--resolution", "240p", "--bitrate", "500kbps"]
        stream = Stream.start(room.rig, *words, f"{server.url}/{KEY}")
        server.wait_for_publisher(KEY)
        server.wait_for_seconds(KEY, 3)
        assert room.instance() and room.ask("/info")["info"]["active_instances"]["simulation"]
        assert stream.end() == 0
        server.wait_until_gone(KEY)
        assert server.recordings(KEY)


def test_a_camera_that_nobody_knows(room: Room) -> None:
    done = room.rig.run("stream", "--input", "camera:nobody", "rtmp://127.0.0.1:9/live/x")
    assert done.code != 0 and "knows no camera “nobody”" in done.err


def test_the_doctor_asks_the_server(room: Room) -> None:
    found = room.rig.run("doctor", "--json")
    told = {one["text"] for one in json.loads(found.out)}
    assert any("knows simulation" in text for text in told)
    for daemon in room.rig.daemons:
        daemon.end()
    assert not [child for child in psutil.process_iter() if child.ppid() == room.rig.daemons[0].process.pid]
    again = room.rig.run("doctor", "--json")
    assert any("does not answer" in one["text"] for one in json.loads(again.out))
