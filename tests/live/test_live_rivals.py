"""Which commands of recorders find their device taken by the streamer's own input."""

from pathlib import Path

import pytest

from pyca.core.live import Profile, Source
from pyca.live.service.rivals import same_device

V4L = "ffmpeg -f v4l2 -i /dev/video0 -t {{time}} {{dir}}/{{name}}.mkv"
ALSA = "ffmpeg -f alsa -i {} -f v4l2 -i /dev/video7 {{{{dir}}}}/a.mkv"
UDP = "ffmpeg -i udp://0.0.0.0:5004?fifo_size=9 a.ts"


@pytest.mark.parametrize(
    ("command", "source", "same"),
    [
        (V4L, "/dev/video0", True),
        (V4L, "v4l2:/dev/video0", True),
        (V4L, "/dev/video1", False),
        (V4L, "auto", True),
        (V4L, "picamera", False),
        (V4L, "test", False),
        (V4L, "recorder", False),
        (V4L, "no://thing", False),
        ("gst-launch-1.0 v4l2src device=/dev/video0 ! fakesink", "/dev/video0", True),
        ("gst-launch-1.0 v4l2src device=/dev/video1 ! fakesink", "/dev/video0", False),
        ("record.sh {{time}} {{dir}}", "/dev/video0", True),
        ("record.sh {{time}} {{dir}}", "picamera", True),
        ("record.sh {{time}} {{dir}}", "rtsp://cam/1", False),
        ("rpicam-vid -t {{time}} -o {{dir}}/a.h264", "picamera", True),
        ("/usr/bin/rpicam-vid -t {{time}} -o {{dir}}/a.h264", "auto", True),
        ("ffmpeg -i rtsp://cam/1 a.mkv", "rtsp://cam/1", False),
        ("ffmpeg -i rtsp://cam/1 a.mkv", "auto", False),
        (UDP, "udp://@:5004", True),
        (UDP, "udp://@:5005", False),
        ("ffmpeg -i 'a", "/dev/video0", False),
        ("", "/dev/video0", False),
    ],
)
def test_pictures(command: str, source: str, same: bool) -> None:
    assert same_device(command, Source(source), Profile(audio="silence")) is same


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        ("hw:1", "alsa:hw:1,0", True),
        ("hw:1", "alsa:plughw:2", False),
        ("hw:CARD=U,DEV=0", "alsa:hw:1", True),
        ("plughw:CARD=U", "alsa:hw:U", True),
        ("hw:1", "alsa:default", False),
        ("hw:1", "pulse:default", False),
        ("dsnoop:hw:1", "alsa:dsnoop:1", False),
    ],
)
def test_sound(theirs: str, ours: str, same: bool) -> None:
    assert same_device(ALSA.format(theirs), Source("test"), Profile(audio=ours)) is same


def test_a_device_has_several_names(tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    link.symlink_to("/dev/video0")
    assert same_device(V4L, Source(f"v4l2:{link}"), Profile())
