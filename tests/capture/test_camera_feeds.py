"""``{{camera:NAME}}`` in a capture command, read by a real FFmpeg from a stand-in for the camera server."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pyca.capture.inputs import Job, jobs
from pyca.config.settings import Camera, Input, Settings
from pyca.core.event import Event
from tests.camera_stand_in import SIZE, StandIn
from tests.media.conftest import system_tools
from tests.tools import wait_for

EVENT = Event("e", "E", 1000.0, 1010.0)


def job(folder: Path, command: str, port: int = 8888) -> Job:
    settings = Settings(camera=Camera(port=port, bind="127.0.0.1"), inputs={"cam": Input(command)})
    [one] = jobs(settings, EVENT, folder / "e")
    return one


def test_the_words_of_an_input(tmp_path: Path) -> None:
    command = "ffmpeg -y '{{camera:beam 1?max_value=9}}' -c:v ffv1 {{dir}}/a.mkv"
    words = job(tmp_path, command).argv(1, 10)
    address = "http://127.0.0.1:8888/api/v1/cam/beam%201/y4m?max_value=9"
    assert words[:2] == ["ffmpeg", "-y"] and words[-3:-1] == ["-c:v", "ffv1"]
    assert words[words.index("-i") + 1] == address
    assert words[words.index("-f") + 1] == "yuv4mpegpipe" and words.index("-f") < words.index("-i")


def test_several_cameras(tmp_path: Path) -> None:
    words = job(tmp_path, "ffmpeg {{camera:a}} {{camera:b}} {{camera:a}} x.mkv").argv(1, 10)
    read = [words[place + 1].split("/")[-2] for place, word in enumerate(words) if word == "-i"]
    assert read == ["a", "b", "a"]


@pytest.mark.system
def test_recorded_by_ffmpeg(tmp_path: Path) -> None:
    """What is recorded has the images, their size, and the time that they took; it ends with the stream."""
    tools = system_tools()
    if not shutil.which("ffprobe"):
        pytest.skip("there is no ffprobe")
    command = "ffmpeg -nostdin -v error -y {{camera:simulation}} -c:v ffv1 {{dir}}/{{name}}.mkv"
    with StandIn() as server:
        one = job(tmp_path, command, server.port)
        one.make_folders()
        [file] = one.files(1)
        argv = [str(tools.ffmpeg), *one.argv(1, 10)[1:]]
        process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        wait_for(lambda: server.sent > 40, "images that are recorded")
        server.drop()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert server.asked == ["/api/v1/cam/simulation/y4m"]
    shown = ["-show_entries", "stream=width,height:packet=pts_time", "-of", "json", str(file)]
    probed = subprocess.run(["ffprobe", "-v", "error", *shown], capture_output=True, check=True)
    found = json.loads(probed.stdout)
    [stream], times = found["streams"], [float(packet["pts_time"]) for packet in found["packets"]]
    assert (stream["width"], stream["height"]) == SIZE
    raw = [str(tools.ffmpeg), "-v", "error", "-i", str(file), "-fps_mode", "passthrough", "-f", "rawvideo"]
    done = subprocess.run([*raw, "-pix_fmt", "gray", "-"], capture_output=True, check=True).stdout
    images = np.frombuffer(done, np.uint8).reshape(-1, SIZE[1], SIZE[0])
    numbers = images[:, 0, 0].astype(int)
    assert len(images) == len(times) and times == sorted(set(times))
    # Each image is whole, none comes twice, and few are missing: those that came at the same time.
    assert (images == images[:, :1, :1]).all()
    assert all((np.diff(numbers) % 256) > 0)
    assert len(images) > 5
