"""Looking for cameras, cards and displays in a machine made of folders."""

import os
import socket
from pathlib import Path

import pytest

from pyca.media.demands import Source, SourceKind
from pyca.media.sources import Sight, bare, look
from tests.tools import free_port


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with one camera, one card named C920 that records, and the display :0."""
    card = tmp_path / "proc" / "asound" / "card1"
    (card / "pcm0c").mkdir(parents=True)
    (card.parent / "C920").symlink_to("card1")
    (tmp_path / "dev" / "snd").mkdir(parents=True)
    (tmp_path / "dev" / "snd" / "pcmC1D0c").touch()
    (tmp_path / "dev" / "video0").touch()
    (tmp_path / "tmp" / ".X11-unix").mkdir(parents=True)
    (tmp_path / "tmp" / ".X11-unix" / "X0").touch()
    return tmp_path


def see(machine: Path, kind: SourceKind, name: str) -> Sight:
    return look(Source(kind, name), machine)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (SourceKind.DEVICE, "/dev/video0"),
        (SourceKind.ALSA, "hw:1"),
        (SourceKind.ALSA, "plughw:1,0"),
        (SourceKind.ALSA, "hw:C920"),
        (SourceKind.ALSA, "hw:CARD=C920,DEV=0"),
        (SourceKind.DISPLAY, ":0"),
        (SourceKind.DISPLAY, ":0.0+10,20"),
    ],
)
def test_what_is_there(machine: Path, kind: SourceKind, name: str) -> None:
    assert see(machine, kind, name).there is True


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (SourceKind.DEVICE, "/dev/video1", "does not exist"),
        (SourceKind.ALSA, "hw:0", "there are card1"),
        (SourceKind.ALSA, "hw:1,3", "no device 3"),
        (SourceKind.ALSA, "hw:Other", "no such sound card"),
        (SourceKind.DISPLAY, ":1", "nobody has logged in"),
        (SourceKind.FILE, "/srv/loop.mp4", "does not exist"),
    ],
)
def test_what_is_not_there(machine: Path, kind: SourceKind, name: str, words: str) -> None:
    sight = see(machine, kind, name)
    assert sight.there is False
    assert words in sight.text
    assert sight.remedy


def test_what_alsa_alone_knows(machine: Path) -> None:
    assert see(machine, SourceKind.ALSA, "default").there is None


def test_the_missing_group_is_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything.
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr("pyca.media.sources._group", lambda _: "video")
    sight = see(machine, SourceKind.DEVICE, "/dev/video0")
    assert sight.there is False
    assert "without the group video" in sight.text
    assert "usermod -a -G video" in sight.remedy


def test_a_camera_that_answers_and_one_that_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera:
        address = f"rtsp://root:correct-horse@127.0.0.1:{camera.getsockname()[1]}/stream?key=battery"
        sight = look(Source(SourceKind.ADDRESS, address))
        assert sight.there is True
    gone = look(Source(SourceKind.ADDRESS, f"http://root:correct-horse@127.0.0.1:{free_port()}/battery"))
    assert gone.there is False
    for one in (sight, gone):
        assert "correct-horse" not in one.text
        assert "battery" not in one.text


def test_what_cannot_be_called() -> None:
    assert look(Source(SourceKind.ADDRESS, "udp://239.0.0.1:5004")).there is None
    assert look(Source(SourceKind.ADDRESS, "rtsp://camera:many/x")).there is False


def test_an_address_is_shown_bare() -> None:
    assert bare("rtsp://u:p@ss@camera:8554/secret?token=x") == "rtsp://camera:8554"
