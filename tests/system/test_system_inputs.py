"""Live inputs: cameras in the network, a screen, several inputs side by side, events back to back."""

import hashlib

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests import companions
from tests.system_faults import PUNCTUAL, is_whole
from tests.system_rig import CAMERA, Rig, ffprobe, soon

pytestmark = pytest.mark.system

COPY = "-map 0 -c copy -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"


@pytest.mark.parametrize("kind", ["udp", "rtsp"])
def test_a_camera_in_the_network(kind: str, server: FakeOpencast, rig: Rig) -> None:
    if kind == "udp":
        source = f"-i '{companions.udp_camera(rig.accompany).url}?timeout=5000000'"
    else:
        camera = companions.rtsp_camera(rig.accompany)
        source = f"-rtsp_transport tcp -timeout 5000000 -i {camera.url}"
    command = f"ffmpeg -nostats -hide_banner -loglevel warning {source} {COPY}"
    rig.connect(server.url, capture={"command": command})
    with rig.up(server):
        start = soon(3)
        server.schedule("uid-1", f"From a {kind} camera", start, start + 7)
    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert one.recording
    (track,) = one.recording.tracks
    streams, duration = ffprobe(track.path)
    assert sorted(streams) == ["audio", "video"]
    assert is_whole(duration, 7)
    (element,) = server.workflows[0].elements
    assert element.file.sha256 == hashlib.sha256(track.path.read_bytes()).hexdigest()
    assert element.file.size == track.size


def test_screen_and_camera_back_to_back(server: FakeOpencast, rig: Rig) -> None:
    grab = f"-f x11grab -framerate 10 -video_size 320x240 -i {companions.virtual_screen(rig.accompany).url}"
    encode = "-c:v libx264 -preset ultrafast -tune zerolatency -g 10 -pix_fmt yuv420p -flush_packets 1"
    screen = f"ffmpeg -nostats -hide_banner -loglevel warning {grab} {encode} -y {{{{dir}}}}/{{{{name}}}}.mkv"
    inputs = {
        "camera": {"command": CAMERA, "flavors": "presenter/source"},
        "screen": {"command": screen, "flavors": "presentation/source"},
        "spare": {"command": "false", "flavors": "other/source"},
    }
    rig.connect(server.url, inputs)
    with rig.up(server):
        start = soon(3)
        chosen = {"capture.device.names": "screen,camera"}
        server.schedule("uid-1", "First", start, start + 4, **chosen)
        server.schedule("uid-2", "Second", start + 4, start + 8, **chosen)
    for uid in ("uid-1", "uid-2"):
        one = rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
        assert one.recording
        assert abs(one.recording.started - one.event.start) < PUNCTUAL
        tracks = {track.flavor: track for track in one.recording.tracks}
        assert set(tracks) == {"presenter/source", "presentation/source"}
        for track in tracks.values():
            streams, duration = ffprobe(track.path)
            assert streams == ["video"]
            assert is_whole(duration, 4)
        (workflow,) = [flow for flow in server.workflows if flow.package == uid]
        sent = {element.flavor: element.file.sha256 for element in workflow.elements}
        assert sent == {
            flavor: hashlib.sha256(track.path.read_bytes()).hexdigest() for flavor, track in tracks.items()
        }
    configuration = server.agents["room"].configuration
    assert configuration["capture.device.names"] == "camera,screen,spare"
    assert configuration["capture.device.screen.flavor"] == "presentation/source"
