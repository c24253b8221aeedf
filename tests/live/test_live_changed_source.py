"""A change of the input or encoder that would take the picture off the air is refused."""

from pathlib import Path

import pytest

from pyca.core.control import ParameterError
from pyca.core.live import Source
from pyca.live.service.targets import changed_source
from pyca.live.source.inputs import check_there, parse_input


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("input", "/dev/video9-none", "does not exist"),
        ("input", "/nowhere/film.mp4", "is no file"),
        ("input", "gopher://here/", "cannot begin with"),
        ("encoder", "zzz", "is no H.264 encoder"),
        ("encoder", "h264_nonsense", "has no encoder"),
    ],
)
def test_what_is_not_there_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said) as caught:
        changed_source(Source("test"), {name: text})
    assert caught.value.name == name


def test_what_counts_already_may_be_sent_back() -> None:
    away = Source("/dev/video9-none", "zzz")
    assert changed_source(away, {"input": "/dev/video9-none", "encoder": "zzz", "hflip": True}).hflip


@pytest.mark.parametrize("encoder", ["auto", "copy", "libx264"])
def test_what_is_known_is_taken(encoder: str) -> None:
    assert changed_source(Source(encoder="h264_vaapi"), {"encoder": encoder}).encoder == encoder


def test_a_camera_that_the_page_may_not_see_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sys/class/video4linux/video3").mkdir(parents=True)
    check_there(parse_input("/dev/video3"), tmp_path)
    check_there(parse_input("/dev/v4l/by-id/usb-camera"), tmp_path)
    with pytest.raises(Exception, match="does not exist"):
        check_there(parse_input("/dev/video4"), tmp_path)
    (tmp_path / "dev/v4l").mkdir(parents=True)
    with pytest.raises(Exception, match="does not exist"):
        check_there(parse_input("/dev/v4l/by-id/usb-camera"), tmp_path)
