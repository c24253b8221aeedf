"""What people write as an input, and what is found of it."""

import struct
from pathlib import Path

import pytest

from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.secrecy import mask
from pyca.live.source.devices import Camera, ask
from pyca.live.source.inputs import Input, InputKind, find_input, has_camera, parse_input

NOWHERE = {"PATH": "/nonexistent"}
QUERY, FORMATS = 0x80685600, 0xC0405602


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", Input(InputKind.AUTO)),
        (" Test ", Input(InputKind.TEST)),
        ("picamera", Input(InputKind.PICAMERA)),
        ("recorder", Input(InputKind.RECORDER)),
        ("screen", Input(InputKind.SCREEN)),
        ("screen::1.0+10,20", Input(InputKind.SCREEN, ":1.0+10,20")),
        ("/dev/video2", Input(InputKind.DEVICE, "/dev/video2")),
        ("v4l2:/dev/v4l/by-id/usb-1", Input(InputKind.DEVICE, "/dev/v4l/by-id/usb-1")),
        ("rtsp://u:p@[::1]:8554/x?y=1", Input(InputKind.RTSP, "rtsp://u:p@[::1]:8554/x?y=1")),
        ("RTSPS://cam/x", Input(InputKind.RTSP, "RTSPS://cam/x")),
        ("https://cam.example.org/mjpeg", Input(InputKind.HTTP, "https://cam.example.org/mjpeg")),
        ("udp://@:5000", Input(InputKind.UDP, "udp://@:5000")),
        ("udp://239.0.0.1:5000", Input(InputKind.UDP, "udp://239.0.0.1:5000")),
        ("films/a:b.mp4", Input(InputKind.FILE, "films/a:b.mp4")),
    ],
)
def test_parse(text: str, expected: Input) -> None:
    assert parse_input(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "gopher://x/y", "rtsp://", "rtsp:///x", "http://a:99999/", "http://a:0/", "udp://239.0.0.1",
     "screen:9", "v4l2:video0", "rtsp://a b/c", "a\nb", "concat:a|b://", "x" * 3000,
     "x" * 256, "/dev/" + "ü" * 128, "v4l2:/dev/" + "x" * 256],
)  # fmt: skip
def test_no_input(text: str) -> None:
    if text.startswith("concat"):
        # A protocol of FFmpeg is a file's name to us.
        assert parse_input(text).kind is InputKind.FILE
        return
    with pytest.raises(ParameterError) as error:
        parse_input(text)
    assert error.value.name == "input"


def test_passwords_are_never_shown() -> None:
    assert "secret" not in Input(InputKind.RTSP, "rtsp://me:secret@cam/x").shown
    assert "secret" not in repr(Input(InputKind.RTSP, "rtsp://me:secret@cam/x"))
    assert "secret" not in mask("http://cam/x?user=me&password=secret")
    with pytest.raises(ParameterError) as error:
        parse_input("rtsp://me:secret@:99999/x")
    assert "secret" not in str(error.value)


def test_recorder_is_no_camera_of_ours() -> None:
    assert not has_camera("recorder")
    assert has_camera("test")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("auto", r"rpicam-vid.*/dev/video\*.*--input test"),
        ("picamera", "rpicam-vid nor libcamera-vid nor picamera2"),
        ("screen", "no screen is named"),
        ("screen::77", "display :77"),
        ("/dev/video7", "/dev/video7 does not exist"),
        ("no/such/film.mp4", "film.mp4” is no file"),
        ("recorder", "no camera of our own"),
    ],
)
def test_what_is_not_there(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.media.picamera._has_picamera2", lambda _path: False)
    with pytest.raises(MediaError, match=words):
        find_input(parse_input(text), NOWHERE, tmp_path)


def test_screen_of_the_environment(tmp_path: Path) -> None:
    sockets = tmp_path / "tmp/.X11-unix"
    sockets.mkdir(parents=True)
    (sockets / "X5").touch()
    found = find_input(parse_input("screen"), {**NOWHERE, "DISPLAY": ":5"}, tmp_path)
    assert found == Input(InputKind.SCREEN, ":5")


def test_auto_takes_the_first_usable_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = tmp_path / "dev"
    devices.mkdir()
    for number in (0, 2, 10):
        (devices / f"video{number}").touch()
    answers = {
        "video0": Camera("inner", driver="bcm2835-isp", formats=("YUYV",)),
        "video2": Camera("good", driver="uvcvideo", formats=("MJPG",)),
        "video10": Camera("later", driver="uvcvideo", formats=("YUYV",)),
    }
    monkeypatch.setattr("pyca.live.source.devices.ask", lambda path: answers[path.name])
    monkeypatch.setattr("pyca.media.picamera._has_picamera2", lambda _path: False)
    assert find_input(Input(InputKind.AUTO), NOWHERE, tmp_path) == Input(InputKind.DEVICE, "good")


def driver(capabilities: int, formats: list[bytes]) -> object:
    """A driver that answers as Video4Linux documents it."""

    def control(_descriptor: int, request: int, answer: bytearray) -> None:
        if request == QUERY:
            struct.pack_into(
                "16s32s32sIII", answer, 0, b"uvcvideo", b"Good Cam", b"usb", 1, 1 << 31, capabilities
            )
            return
        assert request == FORMATS
        index, kind = struct.unpack_from("<II", answer)
        assert kind == 1
        if index >= len(formats):
            raise OSError(22, "Invalid argument")
        answer[44:48] = formats[index]

    return control


def test_device_tells_its_formats(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    camera = ask(device, driver(0x04200001, [b"MJPG", b"YUYV"]))  # type: ignore[arg-type]
    assert camera == Camera(str(device), "Good Cam", "uvcvideo", ("MJPG", "YUYV"))
    assert camera.is_usable


def test_device_that_is_no_camera(tmp_path: Path) -> None:
    device = tmp_path / "video1"
    device.touch()
    # A UVC camera's second device delivers its metadata.
    assert ask(device, driver(0x04A00000, [])) is None  # type: ignore[arg-type]
    assert ask(tmp_path / "none") is None
    assert ask(device) is None
