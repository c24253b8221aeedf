"""Images of a Raspberry Pi's camera, without one: by stand-ins for its programs."""

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pyca.core.errors import OfflineError, SourceError
from pyca.media.picamera import Picamera, Shot, find_picamera
from pyca.media.standalone import picamera2_reader
from pyca.sources.catalogue import kinds
from tests.sources.contract import Camera, SourceContract, check_options, expanded, made, next_frame

STANDINS = Path(__file__).parent.parent / "standins"
PYTHON = "/usr/bin/python3"
SMALL = {"width": 64, "height": 48, "frame_rate": 200.0}
PICAMERA2 = '''
"""Gives images as the real one does, and keeps a record of what it is asked."""
import json, os, time
class Picamera2:
    def __init__(self, camera_num=0):
        self.calls = [camera_num]
    def create_video_configuration(self, main={}, controls={}):
        stride = int(os.environ.get("STANDIN_STRIDE", main["size"][0]))
        return {"main": {**main, "stride": stride}, **controls}
    def configure(self, configuration):
        self.configuration = configuration
        self.calls.append(configuration)
    def camera_configuration(self):
        return self.configuration
    def start(self):
        self.calls.append("start")
    def capture_buffer(self, name):
        assert name == "main"
        time.sleep(0.01)
        width, height = self.configuration["main"]["size"]
        return bytes([7]) * (width * height) + bytes([9]) * (width * height // 2)
    def stop(self):
        self.calls.append("stop")
    def close(self):
        with open(os.environ["STANDIN_NOTES"], "w") as notes:
            json.dump([*self.calls, "close"], notes)
'''


@pytest.fixture(autouse=True)
def standins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{STANDINS}:{os.environ['PATH']}")


class TestPicamera(SourceContract):
    kind = "picamera"

    @pytest.fixture
    def camera(self) -> Camera:
        return Camera("0", (64, 48), SMALL)

    @pytest.fixture
    def missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Camera:
        (tmp_path / "rpicam-vid").symlink_to(STANDINS / "rpicam-vid")
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setenv("STANDIN_NO_CAMERA", "1")
        return Camera("0", options=SMALL)


def test_options() -> None:
    check_options("picamera")


def test_what_the_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_NOTES", str(tmp_path / "notes"))
    source = made("picamera", Camera("1", options={**SMALL, "exposure": 900, "gain": 2.5}))
    source.open()
    # Black and white are there, and the planes of colour are not.
    assert len(np.unique(next_frame(source).image)) > 10
    source.close()
    words = json.loads((tmp_path / "notes").read_text().splitlines()[-1])
    expected = {"--camera": "1", "--codec": "yuv420", "--shutter": "900", "--gain": "2.5"}
    assert {name: words[words.index(name) + 1] for name in expected} == expected


@pytest.mark.parametrize("source", ["one", "-1", "123", "٣"])
def test_no_camera(source: str) -> None:
    kind = kinds()["picamera"]
    with pytest.raises(SourceError, match="use its number"):
        kind.make(source, expanded(kind, {}))


@pytest.mark.parametrize(("name", "value"), [("width", 100), ("height", 11), ("width", 0), ("height", True)])
def test_sizes_with_padding(name: str, value: object) -> None:
    check = next(option.check for option in kinds()["picamera"].options if option.name == name)
    assert "a multiple of" in check(value)


def test_without_any_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("pyca.media.picamera._has_picamera2", lambda _path: False)
    with pytest.raises(SourceError, match="rpicam-vid nor libcamera-vid") as told:
        made("picamera", Camera("0")).open()
    assert not isinstance(told.value, OfflineError)


@pytest.fixture
def picamera2(tmp_path: Path) -> dict[str, str]:
    """An environment in which the system's Python has a stand-in for picamera2."""
    if not Path(PYTHON).exists():
        pytest.skip("the system has no Python")
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "picamera2.py").write_text(PICAMERA2)
    packages = {"PYTHONPATH": str(tmp_path / "packages"), "STANDIN_NOTES": str(tmp_path / "notes")}
    return {"PATH": "/nonexistent", **packages}


SHOT = Shot(1, 64, 48, 12.5, exposure=900, gain=2)


def test_picamera2(tmp_path: Path, picamera2: dict[str, str]) -> None:
    camera = find_picamera(picamera2)
    assert camera == Picamera((PYTHON, picamera2_reader.__file__))
    process = subprocess.Popen(camera.raw_command(SHOT), env=picamera2, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.read(64 * 48 * 3 // 2) == bytes([7]) * (64 * 48) + bytes([9]) * (64 * 24)
    process.send_signal(signal.SIGINT)
    # What it wrote by then is still in the pipe.
    process.stdout.read()
    assert process.wait(60) == 0
    process.stdout.close()
    number, configuration, *rest = json.loads((tmp_path / "notes").read_text())
    assert number == 1 and rest == ["start", "stop", "close"]
    assert configuration["main"] == {"size": [64, 48], "format": "YUV420", "stride": 64}
    assert (configuration["FrameRate"], configuration["ExposureTime"], configuration["AnalogueGain"]) == (
        12.5,
        900,
        2,
    )


def test_picamera2_ends_when_nobody_reads(tmp_path: Path, picamera2: dict[str, str]) -> None:
    words = Picamera((PYTHON, picamera2_reader.__file__)).raw_command(SHOT)
    process = subprocess.Popen(words, env=picamera2, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.read(5)
    process.stdout.close()
    assert process.wait(60) == 0
    assert json.loads((tmp_path / "notes").read_text())[-1] == "close"


def test_picamera2_with_padded_rows(picamera2: dict[str, str]) -> None:
    words = Picamera((PYTHON, picamera2_reader.__file__)).raw_command(SHOT)
    done = subprocess.run(
        words,
        env={**picamera2, "STANDIN_STRIDE": "128"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1 and "rows of 128 bytes" in done.stderr
