"""Scheduled events that are streamed while they are recorded, from one process that has the camera."""

from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests import live_probe
from tests.live_rig import RtmpServer
from tests.live_streams import files_with
from tests.system_faults import complaints, content, delivered, largest_gap, parts
from tests.system_rig import CAMERA, Rig, soon
from tests.tools import free_port

pytestmark = pytest.mark.system

KEY = "key-1234-abcd-event"
MARK = "org.opencastproject.workflow.config.publishLive"
LENGTH = 12
SOUND = "-re -f lavfi -i sine=440:r=48000"
COMMAND = CAMERA.replace("-c:v", f"{SOUND} -map 0:v -map 1:a -c:a aac -c:v", 1)


def agent(server: FakeOpencast, rig: Rig, url: str, word: str) -> float:
    """Start an agent that streams what it records; return when its event begins."""
    live = {"enabled": True, "port": free_port(), "input": "recorder", "events": "marked", "url": url}
    rig.connect(
        server.url,
        capture={"command": f"{COMMAND} {word}"},
        live={**live, "stream_key": KEY, "resolution": "240p", "directory": rig.folder / "live"},
    )
    start = soon(5)
    server.schedule("uid-1", "Recorded and streamed", start, start + LENGTH, **{MARK: "true"})
    rig.start("run")
    return start


@pytest.mark.parametrize("word", ["{{live}}", "{{live_copy}}"])
def test_an_event_is_recorded_and_streamed_at_once(
    word: str, server: FakeOpencast, rig: Rig, tmp_path: Path
) -> None:
    with RtmpServer(tmp_path, keys={KEY}) as world:
        agent(server, rig, world.url, word)
        world.wait_for_publisher(KEY)
        track = delivered(rig, server, "uid-1")
        world.wait_until_gone(KEY)
        assert len(parts(rig, "uid-1")) == 1
        assert content(track) == pytest.approx(LENGTH, abs=1.5)
        assert complaints(track) == ""
        (file,) = world.recordings(KEY)
        one = live_probe.probe(file)
        size = (426, 240) if word == "{{live}}" else (160, 120)
        assert (one.video_codec, one.audio_codec, one.size) == ("h264", "aac", size)
        assert one.duration > LENGTH / 2
        assert live_probe.tone(file, one.duration / 2) == pytest.approx(440, abs=4)
        assert not files_with(rig.folder, KEY, ".db", ".db-wal", ".db-shm", "pyca.conf")


def test_a_server_that_dies_costs_the_recording_nothing(
    server: FakeOpencast, rig: Rig, tmp_path: Path
) -> None:
    with RtmpServer(tmp_path, keys={KEY}) as world:
        agent(server, rig, world.url, "{{live}}")
        world.wait_for_seconds(KEY, 2)
        world.kill()
        one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING, 60)
        assert one.recording
        (track,) = one.recording.tracks
        assert len(parts(rig, "uid-1")) == 1
        assert content(track.path) == pytest.approx(LENGTH, abs=1.5)
        assert largest_gap(track.path) < 0.2
        assert complaints(track.path) == ""
