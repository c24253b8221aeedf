"""Streams from the command line to real servers, and what happens when servers or cameras fail."""

import os
import signal
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests import companions, live_probe
from tests.live_rig import FFMPEG, RtmpServer, SrtServer
from tests.live_streams import TINY, Stream, files_with, relays
from tests.system_rig import Rig
from tests.tools import free_port, wait_for

pytestmark = pytest.mark.system

KEY = "key-1234-abcd-live"
OTHER = "key-5678-efgh-dead"
RED = (250, 0, 0)


@dataclass(frozen=True)
class Sent:
    """A stream that went to a server and into a file while another server was dead, and has ended."""

    file: Path
    """as the server recorded it"""
    record: Path
    """as it was kept beside"""
    stream: Stream
    code: int
    gone: bool
    """the server has seen the publisher leave"""
    dead_tries: int
    sessions: int
    folder: Path


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp("sent")
    record = folder / "kept.mkv"
    with RtmpServer(folder, keys={KEY}) as server, Rig(folder / "box") as rig:
        dead = f"rtmp://127.0.0.1:{free_port()}/live/{OTHER}"
        words = ["--input", "test", "--resolution", "240p", "--bitrate", "500kpbs", "--fps", "25"]
        stream = Stream.start(rig, *words, "--record", str(record), f"{server.url}/{KEY}", dead)
        server.wait_for_publisher(KEY)
        stream.watch()
        server.wait_for_seconds(KEY, 9)
        stream.watch()
        stream.wait(lambda told: told["links"][1]["reconnects"] or told["links"][1]["error"], "a dead server")
        code = stream.end()
        server.wait_until_gone(KEY)
        files = server.recordings(KEY)
        yield Sent(files[0], record, stream, code, True, len(server.door.asked), len(files), folder)


def test_what_arrives_is_what_was_asked_for(sent: Sent) -> None:
    one = live_probe.probe(sent.file)
    assert (one.video_codec, one.audio_codec, one.size) == ("h264", "aac", (426, 240))
    assert (one.audio_rate, one.channels) == (48000, 2)
    assert one.starts_with_key_frame
    assert one.fps == pytest.approx(25, abs=0.5)
    assert one.key_frame_counts
    assert set(one.key_frame_counts) == {50}
    assert one.key_distances == pytest.approx([2.0] * len(one.key_distances), abs=0.05)
    assert one.bitrate() == pytest.approx(500_000, rel=0.15)
    assert live_probe.problems(sent.file) == ""


def test_the_tone_has_a_thousand_hertz(sent: Sent) -> None:
    for start in (1, 4, 7):
        assert live_probe.tone(sent.file, start) == pytest.approx(1000, abs=4)
        assert live_probe.level(live_probe.samples(sent.file, start)) > -40


def test_one_dead_destination_costs_the_other_nothing(sent: Sent) -> None:
    one = live_probe.probe(sent.file)
    assert sent.sessions == 1
    assert one.longest_gap("video") < 0.2
    assert one.longest_gap("audio") < 0.2
    assert not one.goes_back("video")
    assert not one.goes_back("audio")


def test_what_is_kept_beside_is_whole(sent: Sent) -> None:
    kept = live_probe.probe(sent.record)
    assert (kept.video_codec, kept.audio_codec, kept.size) == ("h264", "aac", (426, 240))
    assert kept.duration >= live_probe.probe(sent.file).duration - 1
    assert kept.longest_gap("video") < 0.2
    assert live_probe.problems(sent.record) == ""


def test_ctrl_c_ends_in_order(sent: Sent) -> None:
    assert sent.code == 0, sent.stream.daemon.output()
    assert sent.stream.rig.processes() == []
    one = live_probe.probe(sent.file)
    # Pictures and sound end together: what was on its way has arrived.
    assert abs(one.of("video")[-1].pts - one.of("audio")[-1].pts) < 0.3


def test_no_key_is_seen_by_anybody(sent: Sent) -> None:
    assert any("pipe:0" in words for words in sent.stream.seen)
    for secret in (KEY, OTHER):
        assert not [words for words in sent.stream.seen if secret in words]
        assert files_with(sent.stream.rig.folder, secret) == []


def test_a_server_that_comes_and_goes_is_followed(tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={KEY}, tls=True) as server, Rig(tmp_path / "box") as rig:
        words = ["--input", "test", *TINY, "--audio", "silence", "--fps", "15"]
        words += ["--ca-file", str(server.ca_file)]
        stream = Stream.start(rig, *words, f"{server.tls_url}/{KEY}")
        server.wait_for_seconds(KEY, 5)
        server.kill()
        stream.wait(lambda told: told["state"] == "preparing", "a stream that nobody takes")
        server.start()
        wait_for(lambda: len(server.recordings(KEY)) == 2, "somebody to publish once more")
        server.wait_for_seconds(KEY, 3)
        stream.wait(lambda told: told["state"] == "streaming", "the stream to go on")
        assert stream.link()["reconnects"] >= 1
        first, second = server.recordings(KEY)
        assert stream.end() == 0
        server.wait_until_gone(KEY)
        one = live_probe.probe(first)
        assert one.fps == pytest.approx(15, abs=0.5)
        assert set(one.key_frame_counts) == {30}
        assert live_probe.is_silent(first, 1, 3)
        again = live_probe.probe(second)
        assert again.starts_with_key_frame
        assert again.duration > 2
        assert live_probe.problems(second) == ""


def test_a_server_that_stands_still_is_left_and_found_again(tmp_path: Path) -> None:
    with RtmpServer(tmp_path) as server, RtmpServer(tmp_path) as well, Rig(tmp_path / "box") as rig:
        stream = Stream.start(
            rig, "--input", "test", "--bitrate", "2M", f"{server.url}/{KEY}", f"{well.url}/{OTHER}"
        )
        stream.wait(
            lambda told: {one["state"] for one in told["links"]} == {"live"}, "both servers to take it"
        )
        relay = {one.pid for one in relays(rig)}
        server.freeze()
        stream.wait(lambda told: told["links"][0]["state"] != "live", "a stall to be seen", 60)
        assert len(relay) == 2
        wait_for(
            lambda: not relay <= {one.pid for one in relays(rig)}, "the process that is stuck to be replaced"
        )
        assert stream.status["state"] == "streaming"
        server.thaw()
        stream.wait(lambda told: told["links"][0]["state"] == "live", "the server to be found again")
        length = well.seconds(OTHER)
        well.wait_for_seconds(OTHER, length + 1)
        assert stream.end() == 0
        one = live_probe.probe(well.recordings(OTHER)[0])
        assert len(well.recordings(OTHER)) == 1
        assert one.longest_gap("video") < 0.2


def test_a_wrong_key_ends_with_the_reason(tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={"right"}) as server, Rig(tmp_path / "box") as rig:
        stream = Stream.start(rig, "--input", "test", *TINY, f"{server.url}/{KEY}")
        assert stream.daemon.process.wait(timeout=60) != 0
        assert 1 <= len(server.door.asked) <= 4
        said = stream.daemon.output()
        assert "check key" in said
        assert KEY not in said
        assert server.recordings(KEY) == []


def test_a_certificate_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        RtmpServer(tmp_path, tls=True) as server,
        RtmpServer(tmp_path / "other", tls=True) as other,
        Rig(tmp_path / "box") as rig,
    ):
        words = ["--input", "test", *TINY, "--ca-file", str(other.ca_file)]
        stream = Stream.start(rig, *words, f"{server.tls_url}/{KEY}")
        wait_for(lambda: "ertificate" in stream.daemon.output(), "a word about the certificate")
        ended = stream.daemon.process.poll
        wait_for(lambda: ended() is not None or stream.status, "a status")
        if ended() is None:
            assert stream.status["state"] == "preparing"
            stream.end()
        assert server.door.asked == []


def test_a_camera_that_dies_or_hangs_leaves_the_connection_alone(tmp_path: Path) -> None:
    red = tmp_path / "red.mp4"
    subprocess.run(
        [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=red:s=426x240:r=25:d=2", str(red)],
        check=True,
    )
    dead = f"rtmp://127.0.0.1:{free_port()}/live/{KEY}"
    with RtmpServer(tmp_path, keys={KEY}) as server, Rig(tmp_path / "box") as rig:
        words = ["--input", str(red), *TINY, "--backup", server.url, dead]
        stream = Stream.start(rig, *words)
        # The first address is dead: the backup takes it.
        server.wait_for_seconds(KEY, 2)
        camera = stream.camera()
        red.rename(red.with_suffix(".away"))
        camera.kill()
        stream.wait(lambda told: told["program"] == "slate", "the standby picture")
        red.with_suffix(".away").rename(red)
        stream.wait(lambda told: told["program"] == "camera", "the camera to be back")
        camera = stream.camera()
        camera.suspend()
        wait_for(lambda: not camera.is_running(), "the camera that hangs to be replaced")
        stream.wait(lambda told: told["program"] == "camera", "the camera to be back once more")
        length = server.seconds(KEY)
        server.wait_for_seconds(KEY, length + 1.5)
        assert stream.end() == 0
        server.wait_until_gone(KEY)
        (file,) = server.recordings(KEY)
        one = live_probe.probe(file)
        # Three seconds make a hang, and what comes then takes as long as the machine is busy.
        assert one.longest_gap("video") < 8
        assert not one.goes_back("video")
        shown = [live_probe.is_like(colour, RED) for colour in live_probe.colours(file)]
        changes = [after for before, after in pairwise(shown) if before != after]
        # The camera that hung may have been back before the standby picture was there.
        assert changes in ([False, True], [False, True, False, True])


def test_a_network_camera_goes_out_over_srt(tmp_path: Path) -> None:
    with SrtServer(tmp_path, "passphrase=0123456789") as server, Rig(tmp_path / "box") as rig:
        camera = companions.rtsp_camera(rig.accompany)
        words = ["--input", camera.url, *TINY, "--audio", "input"]
        stream = Stream.start(rig, *words, f"{server.url}?passphrase=0123456789")
        server.wait_for_bytes(300_000)
        stream.wait(lambda told: told["program"] == "camera", "the camera")
        stream.watch()
        os.kill(camera.process.pid, signal.SIGSTOP)
        stream.wait(lambda told: told["program"] == "slate", "the standby picture")
        os.kill(camera.process.pid, signal.SIGCONT)
        stream.wait(lambda told: told["program"] == "camera", "the camera to be back", 60)
        assert stream.end() == 0
        assert server.process
        server.process.wait(timeout=30)
        one = live_probe.probe(server.files[0])
        assert (one.video_codec, one.audio_codec, one.size) == ("h264", "aac", (426, 240))
        assert not [words for words in stream.seen if "0123456789" in words]


def test_a_screen_and_a_microphone(tmp_path: Path) -> None:
    with RtmpServer(tmp_path) as server, Rig(tmp_path / "box") as rig:
        screen = companions.virtual_screen(rig.accompany)
        room = companions.microphone(rig.accompany, tmp_path)
        sound = [*companions.QUIET, "-re", "-f", "lavfi", "-i", "sine=440:r=48000", "-f", "pulse"]
        surroundings = {**os.environ, "PULSE_SERVER": room.url}
        rig.accompany([*sound, "-device", "room", "tone"], env=surroundings)
        words = ["--input", f"screen:{screen.url}", *TINY, "--audio", "pulse:mic"]
        stream = Stream.start(rig, *words, f"{server.url}/{KEY}", PULSE_SERVER=room.url)
        stream.wait(lambda told: told["program"] == "camera", "the screen")
        server.wait_for_seconds(KEY, server.seconds(KEY) + 4)
        assert stream.end() == 0
        (file,) = server.recordings(KEY)
        assert live_probe.probe(file).size == (426, 240)
        # A busy machine makes the sound server late, which the clock of the recording evens out.
        end = live_probe.probe(file).duration
        heard = [live_probe.tone(file, end - before) for before in (3.5, 3, 2.5, 2, 1.5)]
        assert statistics.median(heard) == pytest.approx(440, abs=25)
