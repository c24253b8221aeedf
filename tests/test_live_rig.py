"""The servers and probes of live streaming notice what is wrong; else their tests would prove nothing."""

import math
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import live_probe
from tests.live_rig import FFMPEG, RtmpServer, SrtServer, alive, family, wait_until_ended
from tests.tools import wait_for

pytestmark = pytest.mark.system


def made(
    file: Path, *, fps: int = 25, gop: int = 50, hertz: int = 1000, rate: str = "400k", seconds: int = 9
) -> Path:
    """Make a recording as a stream would leave it."""
    sound = f"sine={hertz}:r=48000" if hertz else "anullsrc=r=48000:cl=stereo"
    subprocess.run(
        [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=426x240:r={fps}",
         "-f", "lavfi", "-i", sound, "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast",
         "-g", str(gop), "-sc_threshold", "0", "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
         "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", str(file)],
        check=True, timeout=60,
    )  # fmt: skip
    return file


@contextmanager
def pushing(url: str, *more: str, kind: str = "flv") -> Iterator[subprocess.Popen[bytes]]:
    """Publish a test picture in real time."""
    process = subprocess.Popen(
        [FFMPEG, "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25",
         "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", *more, "-f", kind, url]
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_recording_is_what_it_was_made(tmp_path: Path) -> None:
    file = made(tmp_path / "one.flv")
    one = live_probe.probe(file)
    assert (one.video_codec, one.audio_codec, one.size) == ("h264", "aac", (426, 240))
    assert (one.audio_rate, one.channels, one.starts_with_key_frame) == (48000, 2, True)
    assert one.profile == "Constrained Baseline"
    assert one.fps == pytest.approx(25, abs=0.1)
    assert one.duration == pytest.approx(9, abs=0.2)
    assert one.key_frame_counts == [50] * 4
    assert one.key_distances == pytest.approx([2.0] * 4, abs=0.002)
    assert one.bitrate() == pytest.approx(400_000, rel=0.15)
    assert one.longest_gap("video") < 0.05
    assert not one.goes_back("video")
    assert live_probe.tone(file, 2) == pytest.approx(1000, abs=4)
    assert not live_probe.is_silent(file, 2)
    assert not live_probe.problems(file)


def test_what_differs_is_noticed(tmp_path: Path) -> None:
    file = made(tmp_path / "one.flv", fps=15, gop=45, hertz=440, rate="200k")
    one = live_probe.probe(file)
    assert one.fps == pytest.approx(15, abs=0.1)
    assert one.key_distances == pytest.approx([3.0] * 2, abs=0.002)
    assert one.bitrate() == pytest.approx(200_000, rel=0.15)
    assert live_probe.tone(file, 2) == pytest.approx(440, abs=4)
    silent = made(tmp_path / "two.flv", hertz=0, seconds=2)
    assert live_probe.is_silent(silent)
    assert live_probe.tone(silent) == 0


def test_gaps_and_damage_are_noticed(tmp_path: Path) -> None:
    file, torn = made(tmp_path / "one.mkv", seconds=6), tmp_path / "torn.mkv"
    cut = "select='lt(t,2)+gt(t,3.5)'"
    subprocess.run(
        [FFMPEG, "-nostdin", "-v", "error", "-i", str(file), "-vf", cut, "-vsync", "vfr", str(torn)],
        check=True,
    )
    assert live_probe.probe(torn).longest_gap("video") == pytest.approx(1.5, abs=0.1)
    assert live_probe.probe(torn).longest_gap("audio") < 0.05
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    torn.write_bytes(data)
    assert live_probe.problems(torn)


def test_colours_tell_what_was_shown_when(tmp_path: Path) -> None:
    file = tmp_path / "one.flv"
    parts = [
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x48:r=25:d=1",
        "-f",
        "lavfi",
        "-i",
        "color=blue:s=64x48:r=25:d=1",
    ]
    join = ["-filter_complex", "[0:v][1:v]concat=n=2:v=1"]
    subprocess.run([FFMPEG, "-nostdin", "-v", "error", *parts, *join, str(file)], check=True)
    shown = live_probe.colours(file)
    assert len(shown) == 10
    assert all(live_probe.is_like(one, (255, 0, 0)) for one in shown[:5])
    assert all(live_probe.is_like(one, (0, 0, 255)) for one in shown[5:])


def test_goertzel_measures_a_sine() -> None:
    sine = [round(16384 * math.sin(2 * math.pi * 1000 * number / 16000)) for number in range(8000)]
    assert live_probe.power(sine, 1000) == pytest.approx(0.5, abs=0.01)
    assert live_probe.power(sine, 1100) < 0.01
    assert live_probe.level(sine) == pytest.approx(-9.03, abs=0.05)
    assert live_probe.level([0] * 100) == -math.inf


def test_the_server_records_what_is_published_and_can_be_maltreated(tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={"right"}, tls=True) as server:
        with pushing(f"{server.url}/wrong") as pusher:
            assert pusher.wait(timeout=30) != 0
        assert server.door.asked == ["wrong"]
        with pushing(f"{server.url}/right") as pusher:
            server.wait_for_publisher("right")
            server.wait_for_seconds("right", 1)
            (publisher,) = server.publishers()
            assert publisher.size == (160, 120)
            server.freeze()
            before = server.recordings("right")[-1].stat().st_size
            server.thaw()
            server.wait_for_seconds("right", 2)
            assert server.recordings("right")[-1].stat().st_size > before
            server.drop("right")
            assert pusher.wait(timeout=30) != 0
        server.wait_until_gone("right")
        secure = ["-tls_verify", "1", "-ca_file", str(server.ca_file)]
        with pushing(f"{server.tls_url}/right", *secure) as pusher:
            server.wait_for_publisher("right")
            wait_for(lambda: len(server.recordings("right")) == 2, "the second recording")
            server.restart()
            assert pusher.wait(timeout=30) != 0
        with pushing(f"{server.tls_url}/right", "-tls_verify", "1") as pusher:
            assert pusher.wait(timeout=30) != 0
        assert len(server.recordings("right")) == 2
        assert server.hls("right").read_text().startswith("#EXTM3U")


def test_the_srt_listener_takes_one_caller_after_the_other(tmp_path: Path) -> None:
    with SrtServer(tmp_path, "passphrase=0123456789") as server:
        for _ in range(2):
            with pushing(f"{server.url}?passphrase=0123456789&pkt_size=1316", kind="mpegts"):
                file = server.wait_for_bytes(20_000)
            server.kill()
            assert live_probe.probe(file).size == (160, 120)
            server.start()
        assert len(server.files) == 3


def test_what_is_left_running_is_found() -> None:
    process = subprocess.Popen(["sh", "-c", "sleep 60 & exec sleep 60"], start_new_session=True)
    wait_for(lambda: len(family(process.pid)) == 2, "its child")
    found = family(process.pid)
    assert [one.pid for one in found][:1] == [process.pid]
    process.kill()
    process.wait()
    left = [one for one in found if one.pid != process.pid]
    assert len(alive(found)) == len(left)
    for one in left:
        one.send_signal(signal.SIGKILL)
    wait_until_ended(found)
