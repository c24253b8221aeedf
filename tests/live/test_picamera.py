"""The camera of a Raspberry Pi, without one: a stand-in program, and a stand-in for picamera2."""

import json
import os
import signal
import statistics
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.source.encoding import camera_command
from pyca.live.source.inputs import Input, InputKind, find_input
from pyca.media.ffmpeg import Tools
from pyca.media.picamera import Picamera, find_picamera, require_picamera
from pyca.media.standalone import picamera2_reader
from tests.made_streams import around, make, tone

STANDINS = Path(__file__).parent.parent / "standins"
PYTHON = "/usr/bin/python3"
SMALL = Profile("240p", 400_000, "1kHz", 25)
PICAMERA2 = '''
"""Keeps a record of what it is asked, as the real one would be."""
import json, os, threading, time
class Picamera2:
    @staticmethod
    def global_camera_info():
        return [{"Model": "imx219", "Num": 0}]
    def __init__(self, camera_num=0):
        self.calls = []
    def create_video_configuration(self, main={}, transform=None, controls={}):
        return {"main": {"size": list(main["size"])}, "flips": [transform.hflip, transform.vflip], **controls}
    def configure(self, configuration):
        self.calls.append(configuration)
    def start_recording(self, encoder, output):
        self.calls.append(encoder.options)
        output.outputframe(b"frame")
    def stop_recording(self):
        self.calls.append("stop")
    def close(self):
        with open(os.environ["STANDIN_NOTES"], "w") as notes:
            json.dump([*self.calls, "close"], notes)
'''
ENCODERS = """
class H264Encoder:
    def __init__(
        self, bitrate=None, repeat=True, iperiod=None, framerate=None, enable_sps_framerate=False, qp=None
    ):
        self.options = {k: v for k, v in locals().items() if k != "self"}
"""
OUTPUTS = """
import io
class FileOutput:
    def __init__(self, file=None, pts=None, split=None):
        assert isinstance(file, io.BufferedIOBase)
        self.file = file
    def outputframe(self, frame, keyframe=True, timestamp=None):
        self.file.write(frame)
        self.file.flush()
"""
LIBCAMERA = """
class Transform:
    def __init__(self, hflip=0, vflip=0):
        self.hflip, self.vflip = bool(hflip), bool(vflip)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with the stand-in for rpicam-vid."""
    return {
        **os.environ,
        "PATH": f"{STANDINS}:{os.environ['PATH']}",
        "STANDIN_NOTES": str(tmp_path / "notes"),
    }


def test_copied_from_rpicam_vid(
    tools: Tools, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_NOTES", environ["STANDIN_NOTES"])
    made = make(SMALL, Source("picamera", hflip=True), around(tools, tmp_path, environ), 83)
    pictures = made.frames()
    assert [number for number, one in enumerate(pictures) if one.is_key][:2] == [0, 50]
    # The camera's program has no clock: its pictures get the time at which they come. On a busy
    # machine some come late, and then several at once.
    steps = [after.time - before.time for before, after in pairwise(pictures)]
    assert statistics.median(steps) == pytest.approx(40, abs=5)
    assert tone(made.sound(tools.ffmpeg), 1000) > 0.9
    words = json.loads((tmp_path / "notes").read_text().splitlines()[-1])
    assert words[words.index("--intra") + 1] == "50"
    assert words[words.index("--bitrate") + 1] == "400000"
    assert {"--inline", "--flush", "--hflip", "-n"} < set(words) and "--vflip" not in words


def test_level_suits_the_size(environ: dict[str, str]) -> None:
    camera = require_picamera(environ)
    for profile, level in ((Profile("1080p", fps=30), "4"), (Profile("1080p", fps=50), "4.2")):
        words = camera.command(profile)
        assert words[words.index("--level") + 1] == level
        assert (
            subprocess.run([*words, "--list-cameras"], env=environ, check=False, timeout=30).returncode == 0
        )


def test_standin_refuses_unknown_options(environ: dict[str, str]) -> None:
    words = [*require_picamera(environ).command(SMALL), "--qualify", "3"]
    assert subprocess.run(words, env=environ, stderr=subprocess.DEVNULL, check=False, timeout=30).returncode


def test_quality_has_no_meaning_for_rpicam_vid(
    system: Tools, tmp_path: Path, environ: dict[str, str]
) -> None:
    command = camera_command(Profile(quality=20), Source("picamera"), around(system, tmp_path, environ), 3)
    assert "no meaning" in command.notes[0]
    assert command.before and "--quality" not in command.before


def test_auto_asks_whether_a_camera_is_plugged_in(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, listed in (("with", "0 : imx219 [3280x2464]"), ("without", "No cameras available!")):
        folder = tmp_path / name
        folder.mkdir()
        program = folder / "libcamera-vid"
        program.write_text(f"#!/bin/sh\necho '{listed}'\n")
        program.chmod(0o755)
    monkeypatch.setattr("pyca.media.picamera._has_picamera2", lambda _path: False)
    auto = Input(InputKind.AUTO)
    assert find_input(auto, {"PATH": str(tmp_path / "with")}, tmp_path) == Input(InputKind.PICAMERA)
    with pytest.raises(MediaError, match="no camera was found"):
        find_input(auto, {"PATH": str(tmp_path / "without")}, tmp_path)


def test_a_camera_that_did_not_answer_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "rpicam-vid"
    program.write_text(f"#!/bin/sh\n[ -e {tmp_path}/plugged ] && echo '0 : imx219'\n")
    program.chmod(0o755)
    found = find_picamera({"PATH": str(tmp_path)})
    assert found and not found.has_camera()
    (tmp_path / "plugged").touch()
    assert found.has_camera()


@pytest.fixture
def picamera2(tmp_path: Path) -> dict[str, str]:
    """An environment in which the system's Python has a stand-in for picamera2."""
    if not Path(PYTHON).exists():
        pytest.skip("the system has no Python")
    package = tmp_path / "packages" / "picamera2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PICAMERA2)
    (package / "encoders.py").write_text(ENCODERS)
    (package / "outputs.py").write_text(OUTPUTS)
    (tmp_path / "packages" / "libcamera.py").write_text(LIBCAMERA)
    packages = {"PYTHONPATH": str(tmp_path / "packages"), "STANDIN_NOTES": str(tmp_path / "notes")}
    return {"PATH": "/nonexistent", **packages}


def test_picamera2(tmp_path: Path, picamera2: dict[str, str]) -> None:
    camera = find_picamera(picamera2)
    assert camera == Picamera((PYTHON, picamera2_reader.__file__))
    words = camera.command(Profile("720p", 2_000_000, fps=30, quality=22), vflip=True)
    process = subprocess.Popen(words, env=picamera2, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.read(5) == b"frame"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    configuration, encoder, *end = json.loads((tmp_path / "notes").read_text())
    assert configuration == {"main": {"size": [1280, 720]}, "flips": [False, True], "FrameRate": 30}
    expected = {"bitrate": 2_000_000, "repeat": True, "iperiod": 60, "framerate": 30, "qp": 22}
    assert {name: encoder[name] for name in expected} == expected
    assert end == ["stop", "close"]


def test_picamera2_ends_when_nobody_reads(tmp_path: Path, picamera2: dict[str, str]) -> None:
    words = Picamera((PYTHON, picamera2_reader.__file__)).command(SMALL)
    process = subprocess.Popen(words, env=picamera2, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.read(5) == b"frame"
    process.stdout.close()
    assert process.wait(30) == 0
    assert json.loads((tmp_path / "notes").read_text())[-1] == "close"


def test_picamera2_lists_its_cameras(picamera2: dict[str, str]) -> None:
    words = [PYTHON, picamera2_reader.__file__, "--list-cameras"]
    listed = subprocess.run(words, env=picamera2, capture_output=True, text=True, check=True, timeout=30)
    assert listed.stdout == "0 : imx219\n"
