"""Links with real FFmpeg processes and real servers."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import psutil
import pytest

from pyca.core.clock import SystemClock
from pyca.core.live import Destination, LinkReport, LinkState
from pyca.live.flow.flv import HEADER, Kind, Reader, Tag
from pyca.live.flow.form import Form
from pyca.live.flow.hidden import opened, placed
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send import outlets
from pyca.live.send.address import parse
from pyca.live.send.link import Link
from pyca.live.send.outlets import Outlet, to_file, to_player, to_server
from pyca.live.send.sinks import player, preview, recording
from pyca.media.ffmpeg import Tools
from tests.live_probe import FFMPEG, probe
from tests.live_rig import RtmpServer, SrtServer
from tests.tools import wait_for

pytestmark = pytest.mark.system

ENCODER = (
    "-nostdin -hide_banner -loglevel error -re -f lavfi -i testsrc2=s=320x180:r=25"
    " -re -f lavfi -i sine=f=1000:r=48000 -c:v libx264 -preset ultrafast -tune zerolatency -g 25"
    " -sc_threshold 0 -b:v 300k -pix_fmt yuv420p -c:a aac -ac 2 -f flv -flvflags no_duration_filesize pipe:1"
)


class Studio:
    """A camera, and links that are served by a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self.around = Surroundings(Tools(Path(FFMPEG)), folder, SystemClock(), os.environ)
        self.watch = Watch()
        self.links: list[Link] = []
        self.notes: list[str] = []
        self._before: dict[int, Tag] = {}
        self._group: list[Tag] = []
        self._reader = Reader()
        self._ending = False
        self._lock = threading.Lock()
        self._camera = subprocess.Popen([FFMPEG, *ENCODER.split()], stdout=subprocess.PIPE)
        assert self._camera.stdout
        self._pipe = self._camera.stdout.fileno()
        self.watch.add(self._pipe, lambda _: self._read())
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        wait_for(lambda: self._group, "pictures")

    def begin(self) -> bytes:
        return HEADER + b"".join(tag.encode() for tag in (*self._before.values(), *self._group))

    def note(self, level: str, text: str) -> None:
        if level != "debug":
            self.notes.append(text)

    def add(self, make: object, *where: object) -> Link:
        with self._lock:
            link: Link = make(*where, self.around, self.watch, self.begin, self.note)  # type: ignore[operator]
            self.links.append(link)
        return link

    def send_to(self, url: str, key: str, **more: str) -> Link:
        return self.add(Link, Destination("main", url, key, **more))

    def report(self, link: Link) -> LinkReport:
        with self._lock:
            return link.report()

    def wait_until(self, link: Link, state: LinkState, seconds: float = 40) -> LinkReport:
        wait_for(lambda: self.report(link).state is state, f"{state}; {self.notes}", seconds)
        return self.report(link)

    def close(self, link: Link) -> None:
        with self._lock:
            link.close()
        wait_for(lambda: link.ended, "the end of a link")

    def end(self) -> None:
        with self._lock:
            for link in self.links:
                link.close()
        try:
            wait_for(lambda: all(link.ended for link in self.links), "the end")
        finally:
            self._ending = True
            self._thread.join()
            self.watch.close()
            self._camera.kill()
            self._camera.communicate()

    def _serve(self) -> None:
        clock = self.around.clock
        while not self._ending:
            with self._lock:
                moments = [link.tick(clock.monotonic()) for link in self.links]
                self.watch.wait(min(0.02, *(max(0.0, one - clock.monotonic()) for one in (*moments, 1e9))))

    def _read(self) -> None:
        tags = self._reader.feed(os.read(self._pipe, 65536))
        for tag in tags:
            if tag.is_setup:
                self._before[tag.kind] = tag
                continue
            if tag.is_key:
                self._group.clear()
            self._group.append(tag)
        for link in self.links:
            link.offer(tags)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    one = Studio(tmp_path)
    yield one
    one.end()


def relays() -> list[psutil.Process]:
    """Return our own FFmpeg processes that pass something on."""
    mine = psutil.Process().children()
    return [one for one in mine if "-progress" in _words(one)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has just ended


def test_a_server_that_is_restarted(studio: Studio, tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={"geheim-geheim"}) as server:
        link = studio.send_to(server.url, "geheim-geheim")
        studio.wait_until(link, LinkState.LIVE)
        server.wait_for_seconds("geheim-geheim", 1)
        (process,) = relays()
        if "-fpre" in process.cmdline():
            assert "geheim-geheim" not in " ".join(process.cmdline())
        server.kill()
        studio.wait_until(link, LinkState.WAITING)
        server.start()
        wait_for(lambda: len(server.recordings("geheim-geheim")) == 2, "somebody to publish once more")
        server.wait_for_seconds("geheim-geheim", 0.1)
        report = studio.wait_until(link, LinkState.LIVE)
        assert report.reconnects == 1 and report.sent > 0
        process.wait(30)
        studio.close(link)
        server.wait_until_gone("geheim-geheim")
        found = probe(server.wait_for_seconds("geheim-geheim", 0.1))
        assert (found.video_codec, found.size, found.audio_codec) == ("h264", (320, 180), "aac")
    assert "geheim-geheim" not in "".join(studio.notes)


def test_a_wrong_key_beside_a_right_one(studio: Studio, tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={"right"}) as server:
        good, bad = studio.send_to(server.url, "right"), studio.send_to(server.url, "wrong-wrong")
        report = studio.wait_until(bad, LinkState.REFUSED)
        assert "check key" in report.error
        assert server.door.asked.count("wrong-wrong") == 3
        studio.wait_until(good, LinkState.LIVE)
    assert "wrong-wrong" not in "".join(studio.notes)


@pytest.mark.parametrize("scheme", ["rtmp", "rtmps"])
def test_who_hangs_up_at_once_has_refused_nothing(studio: Studio, scheme: str) -> None:
    """So do proxies while the server behind them is restarted."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    proxy.accept()[0].close()

        door = threading.Thread(target=hang_up)
        door.start()
        try:
            link = studio.send_to(f"{scheme}://127.0.0.1:{proxy.getsockname()[1]}/live", "k")
            assert "hangs up" in studio.wait_until(link, LinkState.WAITING).error
        finally:
            proxy.shutdown(socket.SHUT_RDWR)
            door.join()


def test_a_frozen_server_is_left_for_the_backup(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not even answer: the address takes connections and says nothing."""
    monkeypatch.setattr(outlets, "_TIMEOUT", 1.5)
    with RtmpServer(tmp_path, keys={"k"}) as silent, RtmpServer(tmp_path, keys={"k"}) as backup:
        silent.freeze()
        link = studio.send_to(silent.url, "k", backup=backup.url)
        backup.wait_for_publisher("k")
        report = studio.wait_until(link, LinkState.LIVE)
        assert str(backup.port) in report.address and "does not answer" in report.error
        silent.thaw()


def test_certificates(studio: Studio, tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={"k"}, tls=True) as server:
        unknown = studio.send_to(server.tls_url, "k")
        assert "certificate" in studio.wait_until(unknown, LinkState.WAITING).error
        studio.close(unknown)
        studio.around = Surroundings(
            studio.around.tools, tmp_path, studio.around.clock, os.environ, ca_file=server.ca_file
        )
        studio.wait_until(studio.send_to(server.tls_url, "k"), LinkState.LIVE)


def test_srt_with_a_passphrase(studio: Studio, tmp_path: Path) -> None:
    with SrtServer(tmp_path, "passphrase=geheimgeheim") as server:
        wrong = studio.send_to(f"{server.url}?passphrase=falschfalsch", "")
        assert "passphrase" in studio.wait_until(wrong, LinkState.WAITING).error
        studio.close(wrong)
        link = studio.send_to(f"{server.url}?passphrase=geheimgeheim&latency=100", "stream")
        studio.wait_until(link, LinkState.LIVE)
        server.wait_for_bytes()
        studio.close(link)
        assert probe(server.files[-1]).size == (320, 180)


def test_files_of_this_machine(studio: Studio, tmp_path: Path) -> None:
    picture, folder = tmp_path / "preview.jpg", tmp_path / "hls"
    names = ("a.mkv", "a.mp4", "a.flv", "a.ts")
    files = [studio.add(recording, tmp_path / name) for name in names]
    page, still = studio.add(player, folder), studio.add(preview, picture)
    wait_for(lambda: (folder / "index.m3u8").exists() and picture.exists(), "files")
    assert probe(picture).size == (640, 360)
    for link in (*files, page, still):
        studio.close(link)
    # A page of our own is no news while all is well; a recording may have another name than was wanted.
    assert all(any(name in text for name in names) for text in studio.notes)
    for name in names:
        found = probe(tmp_path / name)
        assert (found.video_codec, found.audio_codec, found.size) == ("h264", "aac", (320, 180))
    listed = (folder / "index.m3u8").read_text("utf-8")
    assert "#EXT-X-MAP" in listed and "#EXT-X-ENDLIST" in listed
    assert all((folder / line).exists() for line in listed.splitlines() if line.startswith("part-"))


@cache
def encoded(size: str, profile: str) -> tuple[Tag, ...]:
    """Return two seconds of stream of an encoder of its own."""
    words = f"-v error -f lavfi -i testsrc2=s={size}:r=25 -f lavfi -i sine=r=48000 -t 2 -c:v libx264"
    more = f"-preset veryfast -profile:v {profile} -bf 0 -g 25 -pix_fmt yuv420p -c:a aac -ac 2 -f flv pipe:1"
    done = subprocess.run([FFMPEG, *words.split(), *more.split()], check=True, capture_output=True)
    tags = Reader().feed(done.stdout)
    # An encoder's last word on its pictures is not passed on.
    return tuple(tag for tag in tags if tag.kind != Kind.SCRIPT and (tag.is_setup or tag.body[1] != 2))


def shaped(tags: list[Tag], outlet: Outlet) -> bytes:
    form = Form(in_band=outlet.in_band)
    return HEADER + b"".join(tag.encode() for tag in form.shaped(tags))


def seen(file: Path) -> tuple[int, str]:
    """Return how many pictures of a file can be decoded, and what the decoder had to say."""
    decode = [
        "-v",
        "error",
        "-i",
        str(file),
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "framecrc",
        "-",
    ]
    done = subprocess.run([FFMPEG, *decode], check=True, capture_output=True, text=True, timeout=60)
    return sum(not line.startswith("#") for line in done.stdout.splitlines()), done.stderr


def takeover(other: str) -> list[Tag]:
    """Return six seconds in which another encoder takes over for two of them: 150 pictures."""
    first = encoded("320x180", "baseline")
    second = encoded(other, "high")
    return [
        *first,
        *(replace(tag, time=tag.time + 2000) for tag in second),
        *(replace(tag, time=tag.time + 4000) for tag in first),
    ]


def test_a_server_sees_every_picture_when_another_encoder_takes_over(tools: Tools, tmp_path: Path) -> None:
    around = Surroundings(tools, tmp_path, SystemClock(), os.environ)
    with RtmpServer(tmp_path) as server:
        for other in ("320x180", "160x90"):
            outlet = to_server(parse(server.url, other), around)
            data = shaped(takeover(other), outlet)
            secrets = opened(outlet.preset)
            argv = placed(outlet.argv, secrets)
            subprocess.run(argv, input=data, check=True, capture_output=True, timeout=60, pass_fds=(secrets,))
            os.close(secrets)
            server.wait_until_gone(other)
            assert seen(server.recordings(other)[-1]) == (150, ""), other


@pytest.mark.parametrize("other", ["320x180", "160x90"])
def test_every_picture_is_seen_when_another_encoder_takes_over(tmp_path: Path, other: str) -> None:
    """Parameter sets and even the size change in the middle: what arrives must stay decodable."""
    tags = takeover(other)
    around = Surroundings(Tools(Path(FFMPEG)), tmp_path, SystemClock(), os.environ)
    made = {name: to_file(tmp_path / name, around) for name in ("a.mkv", "a.mp4", "a.flv", "a.ts")}
    made["hls/index.m3u8"] = to_player(tmp_path / "hls", around)
    for name, outlet in made.items():
        data = shaped(tags, outlet)
        subprocess.run(outlet.argv, input=data, check=True, capture_output=True, timeout=60)
        assert seen(tmp_path / name) == (150, ""), name
