"""The output to the streamer beside a recording: whatever becomes of it, the recording is whole."""

import itertools
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyca.core.live import Profile
from pyca.live.flow.flv import Kind, Reader, Tag
from pyca.media.feed import feed_output
from pyca.media.ffmpeg import Tools
from tests.tools import wait_for

SMALL = Profile("240p", 400_000, "input", 25)
PICTURES = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-f", "lavfi", "-i", "sine=r=48000"]
RECORDED = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
MAPS = ["-map", "0:v:0", "-map", "1:a:0"]


class Listener:
    """Takes what comes, until it is told to take no more."""

    def __init__(self, path: Path) -> None:
        self.tags: list[Tag] = []
        self._frozen = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(1)
        self._taken: socket.socket | None = None
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def frames(self) -> int:
        return sum(tag.kind == Kind.VIDEO for tag in self.tags)

    def freeze(self) -> None:
        self._frozen.set()
        self._thread.join()

    def close(self) -> None:
        self.freeze()
        self._socket.close()
        if self._taken:
            self._taken.close()

    def _take(self) -> None:
        self._socket.settimeout(0.1)
        reader = Reader()
        while not self._frozen.is_set():
            try:
                if not self._taken:
                    self._taken = self._socket.accept()[0]
                    self._taken.settimeout(0.1)
                data = self._taken.recv(65536)
            except TimeoutError:
                continue
            self.tags += reader.feed(data)


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the streamer would listen. The path of a socket has to be short."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "feed.sock"


@contextmanager
def recording(tools: Tools, file: Path, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A recorder, which ends by one SIGINT, at once, with a recording without a gap."""
    begin = [
        *PICTURES,
        *MAPS,
        *RECORDED,
        "-cluster_time_limit",
        "200",
        "-flush_packets",
        "1",
        str(file),
        *MAPS,
    ]
    argv = [str(tools.ffmpeg), "-nostdin", "-v", "quiet", *begin, *feed_output(SMALL, place, begin)]
    process = subprocess.Popen(argv, start_new_session=True)
    try:
        yield process
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 255
    finally:
        process.kill()
        process.wait()
    moments = times(file)
    assert len(moments) > 25
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 0.1


def times(file: Path) -> list[float]:
    """When the pictures of a recording are shown."""
    look = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time"]
    done = subprocess.run([*look, "-of", "csv=p=0", str(file)], capture_output=True, text=True, check=True)
    return sorted(float(line.strip(",")) for line in done.stdout.split())


def grows(file: Path, by: int = 60_000) -> None:
    """Wait until a recording has gone on for a while."""
    start = file.stat().st_size if file.exists() else 0
    wait_for(lambda: file.exists() and file.stat().st_size > start + by, "the recording")


def test_nobody_listens(tools: Tools, tmp_path: Path, place: Path) -> None:
    with recording(tools, tmp_path / "rec.mkv", place):
        grows(tmp_path / "rec.mkv", 200_000)


@pytest.mark.parametrize("folder", ["none", "x" * 150])
def test_nobody_can_listen(system: Tools, tmp_path: Path, folder: str) -> None:
    with recording(system, tmp_path / "rec.mkv", tmp_path / folder / "feed.sock"):
        grows(tmp_path / "rec.mkv", 100_000)


def test_listener_comes_late_goes_and_comes_again(tools: Tools, tmp_path: Path, place: Path) -> None:
    with recording(tools, tmp_path / "rec.mkv", place):
        grows(tmp_path / "rec.mkv")
        for _ in range(2):
            listener = Listener(place)
            wait_for(lambda listener=listener: any(tag.is_key for tag in listener.tags), "the feed")  # type: ignore[misc]
            listener.close()
            place.unlink()
            assert [tag.kind for tag in listener.tags if tag.is_setup].count(Kind.VIDEO) == 1
        grows(tmp_path / "rec.mkv")


def test_listener_freezes(tools: Tools, tmp_path: Path, place: Path) -> None:
    listener = Listener(place)
    try:
        with recording(tools, tmp_path / "rec.mkv", place):
            wait_for(lambda: listener.frames() > 5, "the feed")
            listener.freeze()
            # More than the socket between them takes.
            grows(tmp_path / "rec.mkv", 450_000)
    finally:
        listener.close()


def test_a_file_of_another_container_is_copied(tools: Tools, tmp_path: Path, place: Path) -> None:
    film = tmp_path / "film.mp4"
    make = [str(tools.ffmpeg), "-nostdin", "-v", "error", *PICTURES[1:], "-t", "1", *MAPS, *RECORDED]
    subprocess.run([*make, str(film)], check=True)
    listener = Listener(place)
    try:
        words = ["-i", str(film), "-c", "copy", str(tmp_path / "rec.mkv")]
        argv = [str(tools.ffmpeg), "-nostdin", "-v", "error", "-re", *words, *feed_output(None, place, words)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        wait_for(lambda: listener.frames() > 20, "the pictures")
        assert any(tag.kind == Kind.VIDEO and tag.is_setup for tag in listener.tags)
    finally:
        listener.close()


@pytest.mark.parametrize(
    ("before", "maps"),
    [
        (["ffmpeg", "-f", "v4l2", "-i", "/dev/video0", "-c", "copy", "a.mkv"], ["0:v:0?", "0:a:0?"]),
        (
            ["ffmpeg", "-f", "v4l2", "-i", "/dev/video0", "-f", "alsa", "-i", "hw:1", "a.mkv"],
            ["0:v:0?", "1:a:0?"],
        ),
        (
            ["ffmpeg", "-f", "alsa", "-i", "hw:1", "-f", "v4l2", "-i", "/dev/video0", "a.mkv"],
            ["1:v:0?", "0:a:0?"],
        ),
        (["ffmpeg", "-f", "pulse", "-i", "default", "a.ogg"], ["0:v:0?", "0:a:0?"]),
        (["ffmpeg", "-i", "rtsp://a/b", "a.mkv", "-map", "0:v:1", "-map", "0:a:0"], []),
    ],
)
def test_what_is_sent(before: list[str], maps: list[str], place: Path) -> None:
    words = feed_output(None, place, before)
    assert [value for word, value in itertools.pairwise(words) if word == "-map"] == maps
    assert words[-1] == f"unix:{place}"


def test_outputs_of_filters_are_not_filtered_again(place: Path) -> None:
    words = feed_output(SMALL, place, ["ffmpeg", "-map", "[small]", "-map", "0:a"])
    assert "-vf" not in words and "-af" not in words
