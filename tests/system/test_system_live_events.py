"""Scheduled events that are streamed while they are recorded, from one process that has the camera."""

import json
import subprocess
from pathlib import Path

import pytest

from pyca.core.states import EventState, ServiceName
from tests import live_probe
from tests.live_rig import FFMPEG, RtmpServer
from tests.live_streams import files_with
from tests.system_faults import began_late, complaints, content, largest_gap, parts
from tests.system_rig import AGENT, CAMERA, Rig
from tests.tools import free_port

pytestmark = pytest.mark.system

KEY = "key-1234-abcd-event"
LENGTH = 12
SILENT = f"{CAMERA} {{{{live}}}}"
"""a camera without sound"""
COPIED = (
    "ffmpeg -nostats -hide_banner -loglevel warning -re -stream_loop -1 -i {camera}"
    " -re -f lavfi -i sine=440:r=48000 -map 0:v -map 1:a -c:v copy -c:a aac"
    " -cluster_time_limit 1000 -flush_packets 1 -y {{{{dir}}}}/{{{{name}}}}.mkv"
    " -map 0:v -map 1:a {{{{live_copy}}}}"
)
"""a camera that encodes by itself, and a microphone"""
BLUE = (0, 0, 250)
SLATE = (27, 39, 51)


def begin(rig: Rig, url: str, command: str) -> str:
    """Have an agent record an event that is to be streamed, and return its id."""
    live = {"enabled": True, "port": free_port(), "input": "recorder", "events": "marked", "url": url}
    rig.configure(
        capture={"directory": rig.recordings, "command": command, "minimum_free": 0},
        live={**live, "stream_key": KEY, "resolution": "240p", "directory": rig.folder / "live"},
    )
    rig.start("run")
    rig.wait_until_up((*AGENT, ServiceName.LIVE))
    words = ("--title", "Streamed", "--start", "+3s", "--duration", f"{LENGTH}s", "--live", "--json")
    added = rig.run("events", "add", *words)
    assert added.code == 0, added.err
    return str(json.loads(added.out)["id"])


def check_recording(rig: Rig, uid: str) -> None:
    """Check that an event was recorded in one piece, from its start to its end."""
    one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING, 60)
    assert one.recording
    assert len(parts(rig, uid)) == 1
    (track,) = one.recording.tracks
    assert content(track.path) + began_late(rig, uid) == pytest.approx(LENGTH, abs=2)
    assert largest_gap(track.path) < 0.5
    assert complaints(track.path) == ""


def test_an_event_is_streamed_as_it_is_recorded(rig: Rig, tmp_path: Path) -> None:
    camera = tmp_path / "camera.mkv"
    pictures = [
        "-f",
        "lavfi",
        "-i",
        "color=blue:s=320x180:r=25:d=8",
        "-c:v",
        "libx264",
        "-g",
        "50",
        "-bf",
        "0",
    ]
    subprocess.run([FFMPEG, "-nostdin", "-v", "error", *pictures, str(camera)], check=True)
    with RtmpServer(tmp_path, keys={KEY}) as world:
        uid = begin(rig, world.url, COPIED.format(camera=camera))
        world.wait_for_publisher(KEY)
        check_recording(rig, uid)
        world.wait_until_gone(KEY)
        file = world.recordings(KEY)[-1]
        one = live_probe.probe(file)
        assert (one.video_codec, one.audio_codec) == ("h264", "aac")
        # It may begin and end with the standby picture, which is silent.
        shown = [live_probe.is_like(colour, BLUE) for colour in live_probe.colours(file)]
        middle = (shown.index(True) + shown.count(True) / 2) * 0.2
        assert shown.count(True) > 10
        assert live_probe.tone(file, middle) == pytest.approx(440, abs=4)
        assert not files_with(rig.folder, KEY, ".db", ".db-wal", ".db-shm", "pyca.conf")


def test_a_server_that_dies_costs_the_recording_nothing(rig: Rig, tmp_path: Path) -> None:
    with RtmpServer(tmp_path, keys={KEY}) as world:
        uid = begin(rig, world.url, SILENT)
        world.wait_for_seconds(KEY, 6)
        # What has no sound is not held back for want of it.
        assert len(world.recordings(KEY)) == 1
        # It begins with the recorder's picture, not with the standby picture.
        shown = live_probe.colours(world.recordings(KEY)[0])
        assert live_probe.is_like(shown[-1], shown[0], 30) and not live_probe.is_like(shown[0], SLATE, 30)
        world.kill()
        check_recording(rig, uid)
