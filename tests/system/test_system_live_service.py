"""The live service from end to end: steered by its interface, streaming to a real server, killed and back."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests import live_probe
from tests.live_rig import FFMPEG, RtmpServer
from tests.live_streams import Box, encoders, files_with, relays, seen
from tests.system_rig import Rig
from tests.tools import free_port, wait_for

pytestmark = pytest.mark.system

KEY = "key-1234-abcd-main"
SECOND = "key-5678-efgh-more"
RED = (250, 0, 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtmpServer]:
    with RtmpServer(tmp_path_factory.mktemp("server"), keys={KEY, SECOND}) as server:
        yield server


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A camera that sees nothing but red."""
    file = tmp_path_factory.mktemp("camera") / "red.mp4"
    subprocess.run(
        [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=red:s=426x240:r=25:d=2", str(file)],
        check=True,
    )
    return file


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, red: Path) -> Iterator[Box]:
    with Rig(tmp_path_factory.mktemp("box") / "box ü") as rig:
        rig.configure(live={"input": red, "resolution": "240p", "directory": rig.folder / "live"})
        box = Box(rig)
        box.start()
        yield box


@pytest.fixture
def box(running: Box, server: RtmpServer) -> Iterator[Box]:
    """The box, idle, its main destination being the server; idle again afterwards, and nothing left of it."""
    code, _ = running.ask("POST", "control", {"url": server.url, "name": KEY, "audio": "1kHz"})
    assert code == 200
    yield running
    if running.state() != "idle":
        running.ask("PUT", "stop")
        running.wait_for_state("idle")
    wait_for(lambda: not running.rig.commands(), "all FFmpeg processes to end")
    server.wait_until_gone(KEY)


def test_started_and_blinded_and_stopped_by_curl(box: Box, server: RtmpServer) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")

    def curl(*words: str) -> tuple[int, dict[str, object]]:
        ask = ["curl", "-s", "-w", "\n%{http_code}", *words[:-1]]
        url = f"http://127.0.0.1:{box.port}/api/livebox/v1/{words[-1]}"
        done = subprocess.run([*ask, url], capture_output=True, text=True, check=True, timeout=30)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), json.loads(body)

    code, told = curl("-d", '{"bitrate": "400k", "fps": 15}', "control")
    assert (code, told["name"], told["bitrate"], told["fps"]) == (200, "********", 400_000, 15)
    assert curl("-X", "PUT", "start")[0] == 200
    code, told = curl("-X", "PUT", "start")
    assert (code, told["code"]) == (400, 400)
    assert told["reason"]
    box.wait_for_state("streaming")
    server.wait_for_seconds(KEY, 5)
    _, status = curl("status")
    assert set(status) == {"product", "version", "name", "id", "status", "cpu", "disk", "net"}
    wait_for(lambda: int(str(curl("status")[1]["net"])) > 100_000, "the figure of what goes out")

    assert box.ask("PUT", "blind")[0] == 200
    shows(box, "blind")
    server.wait_for_seconds(KEY, server.seconds(KEY) + 4)
    assert box.ask("PUT", "unblind")[0] == 200
    shows(box, "camera")
    server.wait_for_seconds(KEY, server.seconds(KEY) + 4)
    assert curl("-X", "PUT", "stop")[0] == 200
    box.wait_for_state("idle")
    assert curl("-X", "PUT", "stop")[0] == 400
    server.wait_until_gone(KEY)

    (file,) = server.recordings(KEY)
    one = live_probe.probe(file)
    assert (one.video_codec, one.audio_codec, one.size) == ("h264", "aac", (426, 240))
    assert one.usual_fps == pytest.approx(15, abs=1)
    assert one.longest_gap("video") < 5
    shown = [live_probe.is_like(colour, RED) for colour in live_probe.colours(file)]
    # A camera that took its time found the standby picture on the air.
    first = shown.index(True)
    changes = [True] + [after for before, after in pairwise(shown[first:]) if before != after]
    assert changes == [True, False, True]
    # Silence goes with the standby picture, the tone with the camera.
    middle = shown.index(False, first) * 0.2
    assert live_probe.tone(file, first * 0.2 + 2) == pytest.approx(1000, abs=4)
    assert live_probe.is_silent(file, middle + 1.5, 1)
    assert live_probe.tone(file, one.duration - 1.5) == pytest.approx(1000, abs=4)


def shows(box: Box, program: str) -> None:
    wait_for(lambda: box.ask("GET", "report")[1].get("program") == program, f"the program {program}")


def test_stopped_while_nobody_answers(box: Box) -> None:
    dead = f"rtmp://127.0.0.1:{free_port()}/live"
    assert box.ask("POST", "control", {"url": dead})[0] == 200
    assert box.ask("PUT", "start")[0] == 200
    wait_for(lambda: box.rig.commands(), "something to run")
    assert box.state() == "preparing"
    assert box.ask("PUT", "stop")[0] == 200
    box.wait_for_state("idle")


def test_a_wrong_key_ends_with_the_reason(box: Box, server: RtmpServer) -> None:
    assert box.ask("POST", "control", {"name": "wrong-key-9999"})[0] == 200
    assert box.ask("PUT", "start")[0] == 200
    wait_for(lambda: box.ask("GET", "status")[1].get("error"), "a reason", 60)
    box.wait_for_state("idle")
    _, status = box.ask("GET", "status")
    assert "check key" in str(status["error"])
    assert "wrong-key-9999" in server.door.asked
    assert not server.recordings("wrong-key-9999")
    assert not files_with(box.rig.folder, "wrong-key-9999", ".db", ".db-wal", ".db-shm")


def test_one_destination_of_two_is_stopped_alone(box: Box, server: RtmpServer) -> None:
    code, made = box.ask("POST", "destinations", {"label": "More", "url": server.url, "key": SECOND})
    assert code == 201
    assert box.ask("PUT", "start")[0] == 200
    server.wait_for_publisher(KEY)
    server.wait_for_publisher(SECOND)
    server.wait_for_seconds(SECOND, 2)
    assert box.ask("PUT", f"destinations/{made['id']}/stop")[0] == 200
    server.wait_until_gone(SECOND)
    length = server.seconds(KEY)
    server.wait_for_seconds(KEY, length + 1)
    assert box.ask("PUT", f"destinations/{made['id']}/start")[0] == 200
    server.wait_for_publisher(SECOND)
    wait_for(lambda: len(server.recordings(SECOND)) == 2, "its second recording")
    assert box.ask("PUT", "stop")[0] == 200
    box.wait_for_state("idle")
    server.wait_until_gone(KEY)
    assert box.ask("DELETE", f"destinations/{made['id']}")[0] == 204
    assert live_probe.probe(server.recordings(KEY)[-1]).longest_gap("video") < 0.2
    assert len(server.recordings(SECOND)) == 2


def test_killed_it_goes_on_where_it_was(box: Box, server: RtmpServer) -> None:
    assert box.ask("PUT", "start")[0] == 200
    server.wait_for_publisher(KEY)
    before = {one.pid for one in box.rig.commands()}
    visible = seen(box.rig)
    count = len(server.recordings(KEY))
    box.kill()
    server.wait_until_gone(KEY)
    box.start()
    server.wait_for_publisher(KEY)
    box.wait_for_state("streaming")
    visible |= seen(box.rig)
    assert len(server.recordings(KEY)) == count + 1
    wait_for(lambda: not before & {one.pid for one in box.rig.commands()}, "what was left to end")
    # The standby picture's may still be on its way out.
    wait_for(lambda: len(encoders(box.rig)) == 1, "one camera alone")
    wait_for(lambda: len([one for one in relays(box.rig) if _sends(one.pid, server.port)]) == 1, "one sender")
    assert box.ask("PUT", "stop")[0] == 200
    box.wait_for_state("idle")
    assert not [words for words in visible if KEY in words]


def test_no_key_is_told_or_logged(box: Box) -> None:
    read = ["control", "status", "report", "source", "destinations", "sessions"]
    _, told = box.ask("GET", "sessions")
    numbers = [one["id"] for one in told["sessions"]]
    assert numbers
    read += [f"sessions/{number}/{part}" for number in numbers for part in ("log", "samples")]
    for path in read:
        code, body = box.ask("GET", path)
        assert code == 200, path
        for secret in (KEY, SECOND):
            assert secret not in json.dumps(body), path
    for secret in (KEY, SECOND):
        assert not files_with(box.rig.folder, secret, ".db", ".db-wal", ".db-shm")


def _sends(pid: int, port: int) -> bool:
    import psutil

    with suppress(psutil.Error):
        return any(one.raddr and one.raddr.port == port for one in psutil.Process(pid).net_connections("tcp"))
    return False
