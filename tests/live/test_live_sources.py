"""Real sources: a network camera, a screen, pictures over HTTP, datagrams, a file; what is made of them."""

import itertools
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.flow.flv import Kind
from pyca.live.source.encoding import camera_command
from pyca.media.explain import explain
from pyca.media.ffmpeg import Tools
from tests import companions
from tests.companions import Accompany
from tests.made_streams import Made, around, make, tone
from tests.tools import free_port, wait_for

SMALL = Profile("240p", 400_000, "silence", 25)
OWN = Profile("240p", 400_000, "input", 25)
QUIET = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "quiet", "-y"]


def size(made: Made) -> tuple[float, ...]:
    """Width and height that the stream's metadata tell."""
    data = bytes(made.data[:2000])

    def number(name: bytes) -> float:
        place = data.index(name) + len(name) + 1
        found: float = struct.unpack_from(">d", data, place)[0]
        return found

    return number(b"width"), number(b"height")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of one second with a tone of 880 Hz, in a file whose name FFmpeg could misunderstand."""
    path = tmp_path_factory.mktemp("films") / "a:b %d.mp4"
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=20", "-f", "lavfi", "-i", "sine=880"]
    subprocess.run(
        [
            *QUIET,
            *pictures,
            "-t",
            "1",
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            f"file:{path}",
        ],
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def mute_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film without sound, in another code than H.264."""
    path = tmp_path_factory.mktemp("films") / "mute.avi"
    subprocess.run([*QUIET, "-f", "lavfi", "-i", "testsrc2=s=320x240:r=20", "-t", "1", str(path)], check=True)
    return path


def test_file_is_played_again_and_again(tools: Tools, tmp_path: Path, film: Path) -> None:
    made = make(OWN, Source(str(film)), around(tools, tmp_path), 52)
    assert size(made) == (426, 240)
    assert round(made.fps()) == 25
    assert made.key_times()[1] - made.key_times()[0] == 2000
    assert tone(made.sound(tools.ffmpeg), 880) > 0.9


def test_file_is_copied(tools: Tools, tmp_path: Path, film: Path) -> None:
    made = make(SMALL, Source(str(film), "copy"), around(tools, tmp_path), 30)
    assert size(made) == (320, 240)
    assert round(made.fps()) == 20
    assert not any(made.sound(tools.ffmpeg))


def test_file_without_sound_is_silent(system: Tools, tmp_path: Path, mute_film: Path) -> None:
    made = make(OWN, Source(str(mute_film)), around(system, tmp_path), 10)
    assert made.setup(Kind.AUDIO)
    assert not any(made.sound(system.ffmpeg))


def test_file_that_cannot_be_copied(system: Tools, tmp_path: Path, mute_film: Path) -> None:
    with pytest.raises(MediaError, match="holds mpeg4"):
        camera_command(SMALL, Source(str(mute_film), "copy"), around(system, tmp_path), 3)


def test_file_that_is_no_film(system: Tools, tmp_path: Path) -> None:
    text = tmp_path / "notes.bin"
    text.write_bytes(b"\x00\x01" * 900)
    with pytest.raises(MediaError, match="cannot be read"):
        camera_command(OWN, Source(str(text)), around(system, tmp_path), 3)


def test_network_camera(tools: Tools, tmp_path: Path, accompany: Accompany) -> None:
    camera = companions.rtsp_camera(accompany)
    surroundings = around(tools, tmp_path)
    encoded = make(OWN, Source(camera.url), surroundings, 12)
    assert size(encoded) == (426, 240)
    assert any(encoded.sound(tools.ffmpeg))
    copied = make(SMALL, Source(camera.url, "copy"), surroundings, 12)
    assert size(copied) == (320, 240)
    assert not any(copied.sound(tools.ffmpeg))


def test_screen(tools: Tools, tmp_path: Path, accompany: Accompany) -> None:
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    display = companions.virtual_screen(accompany).url
    environ = {**os.environ, "DISPLAY": display}
    made = make(SMALL, Source("screen"), around(tools, tmp_path, environ), 25)
    assert size(made) == (426, 240)
    assert round(made.fps()) == 25


def test_pictures_over_http(system: Tools, tmp_path: Path, accompany: Accompany) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/camera"
    pictures = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=10", "-c:v", "mjpeg"]
    accompany([*QUIET, *pictures, "-f", "mpjpeg", "-listen", "1", url])
    listening = f":{port:04X} 00000000:0000 0A"
    wait_for(lambda: listening in Path("/proc/net/tcp").read_text(), "the camera")
    made = make(SMALL, Source(url), around(system, tmp_path), 52)
    # Ten pictures that come in a second take a second, though FFmpeg would take them for 25 each.
    assert round(made.fps()) == 25
    assert made.key_times()[1] - made.key_times()[0] == 2000


def test_datagrams(system: Tools, tmp_path: Path, accompany: Accompany) -> None:
    camera = companions.udp_camera(accompany)
    made = make(Profile("240p", 400_000, "1kHz", 25), Source(camera.url), around(system, tmp_path), 27)
    assert size(made) == (426, 240)
    assert tone(made.sound(system.ffmpeg), 1000) > 0.9


def test_a_silent_network_camera_is_given_up(system: Tools, tmp_path: Path) -> None:
    for url in ("rtsp://127.0.0.1:1/x", "http://127.0.0.1:1/x", "udp://127.0.0.1:1"):
        argv = camera_command(SMALL, Source(url), around(system, tmp_path), 3).argv
        words = argv[: argv.index("-i") + 2]
        assert "-timeout" in words or "-rw_timeout" in words or "timeout=" in words[-1]


def test_camera_that_cannot_be_copied_is_explained(system: Tools, tmp_path: Path, mute_film: Path) -> None:
    argv = camera_command(SMALL, Source("udp://127.0.0.1:1", "copy"), around(system, tmp_path), 2).argv
    argv[argv.index("-i") + 1] = str(mute_film)
    done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    assert done.returncode
    assert "mpeg4, not H.264" in explain(done.stderr)


def test_sound_of_a_microphone(
    system: Tools, tmp_path: Path, accompany: Accompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = companions.microphone(accompany, tmp_path)
    monkeypatch.setenv("PULSE_SERVER", server.url)
    speaker = ["-re", "-f", "lavfi", "-i", "sine=600", "-f", "pulse", "-device", "room", "voice"]
    accompany([*QUIET, *speaker])
    made = make(Profile("240p", 400_000, "pulse:mic", 25), Source("test"), around(system, tmp_path), 75)
    heard = made.sound(system.ffmpeg)[2 * 48000 :][:24000]
    # Its clock is not that of the pictures, so that the tone may be shifted a little.
    waves = sum(before < 0 <= after for before, after in itertools.pairwise(heard))
    assert 290 <= waves <= 310


def test_a_sound_card_that_is_not_there_leaves_the_pictures_alone(tools: Tools, tmp_path: Path) -> None:
    command = camera_command(Profile(audio="alsa:hw:77"), Source("test"), around(tools, tmp_path), 2)
    assert "alsa" not in command.argv and any("anullsrc" in word for word in command.argv)
    (note,) = command.notes
    assert note.startswith("the sound device hw:77: there is no such sound card")
    assert note.endswith("silence is sent in its place")
