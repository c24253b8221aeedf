"""Cameras that FFmpeg reads: what it makes itself, films, addresses where nobody is; and bad words."""

import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pyca.core.errors import OfflineError, SourceError
from pyca.runtime.following import following
from pyca.runtime.listen import Sayings
from pyca.sources import ffmpeg as ffmpeg_kind
from pyca.sources.catalogue import kinds
from pyca.sources.program import _Run
from pyca.sources.source import Source
from pyca.sources.words import input_words, unknown_filter
from tests.sources.contract import (
    Camera,
    Mortal,
    SourceContract,
    asked,
    check_options,
    expanded,
    made,
    next_frame,
    opening,
)
from tests.tools import free_port, wait_for

TEST = "lavfi:testsrc2=size=64x48:rate="


@pytest.fixture(autouse=True)
def ffmpeg() -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("the system has no FFmpeg")


@pytest.fixture
def opened() -> Iterator[Any]:
    """Opens cameras, and closes them at the end."""
    with opening("ffmpeg") as open_one:
        yield open_one


def make_film(path: Path, *sizes: str, rate: int = 25, seconds: float = 1) -> Path:
    """A film of pieces of different sizes, as a transport stream may have them."""
    with path.open("wb") as film:
        for size in sizes:
            made = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", "-t", str(seconds)]
            coded = ["-c:v", "mpeg2video", "-q:v", "3", "-f", "mpegts", "pipe:1"]
            argv = ["ffmpeg", "-nostdin", "-v", "error", *made, *coded]
            film.write(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
    return path


def child_of(source: Source) -> psutil.Process:
    """The FFmpeg of a source, once it is that and no more the program that starts it."""

    def look() -> psutil.Process | None:
        return next((one for one in psutil.Process().children() if one.name() == "ffmpeg"), None)

    found = wait_for(look, "FFmpeg")
    assert found
    return found


class TestFfmpeg(SourceContract):
    kind = "ffmpeg"

    @pytest.fixture
    def camera(self) -> Camera:
        return Camera(f"{TEST}200", (64, 48))

    @pytest.fixture
    def quiet(self) -> Camera:
        return Camera(f"{TEST}1/100", options={"stall": 300})

    @pytest.fixture
    def missing(self) -> Camera:
        return Camera(f"rtsp://me:secret@127.0.0.1:{free_port()}/room")

    @pytest.fixture
    def mortal(self, camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mortal:
        """FFmpeg itself as long as it is there."""
        gone, program = tmp_path / "gone", tmp_path / "ffmpeg"
        program.write_text(
            f'#!/bin/sh\n[ -e {gone} ] && {{ echo "Connection refused" >&2; exit 1; }}\n'
            f'exec {shutil.which("ffmpeg")} "$@"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PYCA_FFMPEG", str(program))

        def go() -> None:
            gone.touch()
            for child in psutil.Process().children():
                child.kill()

        return Mortal(camera, go, gone.unlink)


def test_options() -> None:
    check_options("ffmpeg")


def test_sixteen_bits_and_another_size(opened: Any) -> None:
    source = opened(f"{TEST}50", pixel_format="gray16le", width=32, height=20)
    image = next_frame(source).image
    assert (image.dtype, image.shape, source.size()) == (np.uint16, (20, 32), (32, 20))
    assert image.max() > 30_000


def test_one_side_alone_keeps_the_shape(opened: Any) -> None:
    source = opened(f"{TEST}50", width=32)
    assert source.size() == (32, 24)


def test_the_values_are_those_of_the_picture(opened: Any) -> None:
    assert (next_frame(opened("lavfi:color=white:s=16x16:r=50")).image == 255).all()
    assert (next_frame(opened("lavfi:color=black:s=16x16:r=50")).image == 0).all()


def test_a_film_is_played_again_and_again(opened: Any, tmp_path: Path) -> None:
    film = make_film(tmp_path / "ein Film: 1.ts", "64x48", rate=100, seconds=0.2)
    source = opened(str(film))
    for _ in range(50):
        assert next_frame(source).image.shape == (48, 64)


def test_a_film_that_is_played_once_comes_to_its_end(
    opened: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = opened(str(make_film(tmp_path / "film.ts", "64x48", seconds=0.4)), loop=False)
    next_frame(source)

    def over() -> bool:
        source.receive(0.05)
        return "come to its end" in caplog.text

    wait_for(over, "the end")
    assert source.receive(0.01) is None
    assert source.size() == (64, 48)


def test_a_film_of_several_sizes_keeps_that_of_its_beginning(opened: Any, tmp_path: Path) -> None:
    source = opened(str(make_film(tmp_path / "film.ts", "64x48", "32x32", rate=100, seconds=0.2)))
    for _ in range(60):
        assert next_frame(source).image.shape == (48, 64)


def test_a_single_picture_is_a_camera(opened: Any, tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=40x30", "-frames:v", "1", str(picture)]
    subprocess.run(argv, check=True)
    source = opened(str(picture))
    assert {next_frame(source).image.shape for _ in range(3)} == {(30, 40)}


def test_no_more_frames_than_wanted(tmp_path: Path, opened: Any) -> None:
    """A film of 40 frames per second and 1 s, of which 10 per second are wanted, has about 10."""
    source = opened(str(make_film(tmp_path / "film.ts", "64x48", rate=40)), loop=False, frame_rate=10)
    frames = 0
    for _ in range(400):
        frames += source.receive(0.01) is not None
    # None is lost here where the machine is fast; where it is not, there are fewer.
    assert 1 <= frames <= 12


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "needs an address"),
        ("gopher://camera/x", "cannot begin with “gopher://”"),
        ("rtsp:///x", "names no host"),
        ("rtsp://camera:99999/x", "wrong port"),
        ("udp://239.0.0.1", "wrong port"),
        ("rtsp://a..b/x", "names no host"),
        (f"http://{'x' * 64}/", "names no host"),
        ("\ud800", "needs an address"),
        ("tcp://camera", "wrong port"),
        ("http://a b/", "names no host"),
        ("lavfi:movie=/etc/passwd", "“movie”"),
        ("lavfi:testsrc2,metadata=print:file=/tmp/x", "“metadata”"),
        ("lavfi:testsrc2,drawtext=textfile=/etc/passwd", "“drawtext”"),
        ("lavfi:testsrc2[a];[a]null", "not allowed"),
        ("lavfi:", "not allowed"),
        ("a\nb", "needs an address"),
    ],
)
def test_no_camera(source: str, message: str) -> None:
    kind = kinds()["ffmpeg"]
    with pytest.raises(SourceError, match=message):
        kind.make(source, expanded(kind, {}))


def test_passwords_are_never_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = made("ffmpeg", Camera(f"http://me:secret@127.0.0.1:{free_port()}/x?password=secret"))
    with pytest.raises(OfflineError) as told:
        source.open()
    assert "127.0.0.1" in str(told.value) and "secret" not in f"{told.value}{caplog.text}"
    with pytest.raises(SourceError) as unfit:
        made("ffmpeg", Camera("rtsp://me:secret@:99999/x"))
    assert "secret" not in str(unfit.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "239.255.3.7"])
def test_nothing_arrives(host: str) -> None:
    with pytest.raises(OfflineError, match="nothing arrives at UDP port"):
        made("ffmpeg", Camera(f"udp://{host}:{free_port()}")).open()


@pytest.mark.parametrize("query", ["", "?mode=listener"])
def test_nobody_answers_by_srt(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    protocols = subprocess.run(["ffmpeg", "-v", "error", "-protocols"], stdout=subprocess.PIPE, check=True)
    if b"srt\n" not in protocols.stdout.replace(b"srtp", b""):
        pytest.skip("this FFmpeg has no SRT")
    if not query:
        monkeypatch.setattr(ffmpeg_kind, "_UNASKED", 60.0)
    with pytest.raises(OfflineError, match="delivers nothing"):
        made("ffmpeg", Camera(f"srt://127.0.0.1:{free_port()}{query}")).open()


def test_a_pipe_is_no_film(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film")
    with pytest.raises(SourceError, match="neither a film nor a picture"):
        made("ffmpeg", Camera(str(tmp_path / "film"))).open()


def test_what_a_program_says_without_an_end_is_not_kept() -> None:
    run = _Run.__new__(_Run)
    run._sayings, run._came_in, run._rest = Sayings(), set(), ""
    for _ in range(50):
        run._hear(b"frame= 1 fps=0.0" * 1000)
    assert len(run._rest) <= 10_000
    run._hear(b"\rgraph 0 input from x w:64 h:48 \rgraph 0 input from x w:32 h:24 \r")
    assert run.size_changed
    assert run._rest == ""


def test_descriptors_of_any_number(opened: Any) -> None:
    """As in a process that has more than a thousand files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip("this user may not open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1030)]
    try:
        source = opened(f"{TEST}50")
        next_frame(source)
        source.close()
        with pytest.raises(OfflineError, match="nothing arrives"):
            made("ffmpeg", Camera(f"udp://127.0.0.1:{free_port()}")).open()
    finally:
        for descriptor in many:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_port_that_another_listens_to() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        with pytest.raises(SourceError, match="cannot be listened to"):
            made("ffmpeg", Camera(f"udp://127.0.0.1:{other.getsockname()[1]}")).open()


def test_a_device_that_is_not_plugged_in() -> None:
    with pytest.raises(OfflineError, match="/dev/video97 does not exist"):
        made("ffmpeg", Camera("v4l2:/dev/video97")).open()


def test_a_file_that_is_no_film(tmp_path: Path) -> None:
    text = tmp_path / "notes"
    text.write_text("nothing to see here\n" * 100)
    with pytest.raises(SourceError, match="delivers nothing"):
        made("ffmpeg", Camera(str(text))).open()
    with pytest.raises(SourceError, match="does not exist"):
        made("ffmpeg", Camera(str(tmp_path / "none"))).open()


def test_without_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYCA_FFMPEG", "/nonexistent/ffmpeg")
    with pytest.raises(SourceError, match="needs FFmpeg"):
        made("ffmpeg", Camera(f"{TEST}5")).open()


def test_a_program_that_is_killed_is_started_again(opened: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = opened(f"{TEST}100")
    next_frame(source)
    child_of(source).kill()
    wait_for(lambda: asked(source, 0.01) is None and "is away" in caplog.text, "the loss")
    assert source.size() == (64, 48)
    wait_for(lambda: asked(source, 0.1) and "is back" in caplog.text, "the return")
    assert caplog.text.count("is away") == 1


def test_a_frozen_program_is_replaced(opened: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = opened(f"{TEST}100", stall=0.5)
    next_frame(source)
    child = child_of(source)
    child.send_signal(signal.SIGSTOP)
    wait_for(lambda: asked(source, 0.05) is None and not psutil.pid_exists(child.pid), "its end")
    assert "nothing came for 0.5 s" in caplog.text
    wait_for(lambda: asked(source, 0.1), "an image")


def test_a_program_that_sends_garbage(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once, and the next call goes on behind it."""
    state = tmp_path / "calls"
    fake = tmp_path / "ffmpeg"
    fake.write_text(
        "#!/usr/bin/env python3\n"
        "import sys, time\n"
        "if '-version' in sys.argv: sys.exit(0)\n"
        f"calls = open({str(state)!r}, 'a+'); calls.write('x'); calls.seek(0)\n"
        "first = len(calls.read()) == 1; calls.close()\n"
        "sys.stdout.write('YUV4MPEG2 W8 H8 F25:1 Ip A1:1 Cmono\\nFRAME\\n' + 'x' * 64)\n"
        "sys.stdout.write('y' * 70 if first else ''); sys.stdout.flush(); time.sleep(60)\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PYCA_FFMPEG", str(fake))
    source = opened(f"{TEST}5")
    with pytest.raises(SourceError, match="no image"):
        for _ in range(1000):
            source.receive(0.1)
    frame = wait_for(lambda: asked(source, 0.1), "an image")
    assert (frame.image == ord("x")).all()


@pytest.mark.parametrize(
    "head", ["nonsense\n", "YUV4MPEG2 W0 H8 Cmono\n", "x" * 5000, "YUV4MPEG2 W8 H8 C420\n"]
)
def test_what_is_no_stream_of_images(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text(f"#!/usr/bin/env python3\nimport sys\nsys.stdout.write({head!r})\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PYCA_FFMPEG", str(fake))
    with pytest.raises(SourceError, match="no stream of images"):
        made("ffmpeg", Camera(f"{TEST}5")).open()


@pytest.mark.skipif(not shutil.which("setpriv"), reason="there is no setpriv")
def test_it_ends_with_us(tmp_path: Path) -> None:
    """Killed without warning, the process of a camera leaves nothing behind, though FFmpeg writes nothing."""
    program = (
        "import os, subprocess, sys, time; from pyca.runtime.following import following;"
        "print(subprocess.Popen(following(['sleep', '600'], os.environ)).pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    wait_for(lambda: psutil.Process(pid).name() == "sleep", "the program itself")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "its end")


def test_without_setpriv_it_is_run_as_it_is() -> None:
    assert following(["ffmpeg", "-x"], {"PATH": "/nonexistent"}) == ["ffmpeg", "-x"]


@pytest.mark.parametrize(
    "words", [[], ["-re"], ["-f", "mjpeg", "-probesize", "32"], ["-headers", "Authorization: Bearer -x"]]
)
def test_words_that_may_be_there(words: list[str]) -> None:
    assert input_words(words) == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-re", "a list of words"),
        ([1], "a list of words"),
        (["-re", "/home/me/.bashrc"], "“/home/me/.bashrc” is none"),
        (["-i", "x"], "“-i” is none"),
        (["-y"], "“-y” is none"),
        (["-filter_complex", "x"], "is none"),
        (["re"], "“re” is none"),
        (["-probesize"], "a value behind “-probesize”"),
        (["-f", "tty"], "not “tty”"),
        (["-f", "rawvideo"], "not “rawvideo”"),
    ],
)
def test_words_that_may_not(words: Any, told: str) -> None:
    assert told in input_words(words)


def test_filters_that_may_be_there() -> None:
    assert unknown_filter("testsrc2=s=9x9, noise=alls=20:allf=t,negate") == ""
    assert unknown_filter("testsrc2,,negate") == ","
