"""Services and whole agents die or are ended, while they record and while they upload."""

import signal
import time
from pathlib import Path

import psutil
import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_faults import (
    PUNCTUAL,
    began_late,
    complaints,
    content,
    delivered,
    error_of,
    kill_all,
    parts,
    until,
)
from tests.system_rig import AGENT, CAMERA, Rig, ffprobe, soon

pytestmark = pytest.mark.system

STOP_SECONDS = 30.0
"""The shortest TimeoutStopSec of the systemd units."""
DETAILED = CAMERA.replace("testsrc2=s=160x120:r=25", "testsrc2=s=160x120:r=25,noise=alls=60:allf=t")
"""A command whose files take their time on a slow line."""


def test_capture_and_its_command_are_killed(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    with rig.up(server):
        start = soon(3)
        server.schedule("over", "Over at the restart", start, start + 12)
        server.schedule("running", "Running at the restart", start, start + 24)
    until(start + 6)
    assert len(rig.commands()) == 2
    killed = kill_all(rig.processes())
    until(killed + 10)
    again = time.time()
    rig.start("run")

    track = delivered(rig, server, "over")
    assert len(parts(rig, "over")) == 1
    assert "interrupted" in error_of(rig, "over")
    kept = content(track)
    assert kept > killed - start - 2
    assert complaints(track) == ""
    measured(
        "5 capture and FFmpeg killed, restarted after the end",
        f"killed {killed - start:.1f} s after the start, {kept:.1f} s ingested {time.time() - again:.1f} s"
        " after the restart",
    )

    track = delivered(rig, server, "running")
    made = parts(rig, "running")
    assert len(made) == 2
    assert "interrupted" in error_of(rig, "running")
    assert complaints(track) == ""
    lost = 24 - content(track)
    assert lost < again - killed + 5
    measured(
        "5 capture and FFmpeg killed, restarted after 10 s",
        f"next part {made[1].started - again:.2f} s after the restart, 2 parts joined to one track,"
        f" {lost:.1f} s lost of which {again - killed:.1f} s without an agent",
    )
    assert not rig.commands()


def test_children_of_run_that_die(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    rig.start("run")
    before = {name: one.pid for name, one in rig.wait_until_up().items()}
    killed = kill_all(psutil.Process(pid) for pid in before.values())
    # Scheduled while nobody asks for it.
    start = soon(8)
    server.schedule("next", "The next one", start, start + 4)

    def back() -> bool:
        return not {one.pid for one in rig.wait_until_up().values()} & set(before.values())

    rig.wait(back, "new processes")
    took = time.time() - killed
    track = delivered(rig, server, "next")
    late = began_late(rig, "next")
    assert late < PUNCTUAL
    assert content(track) > 2.5
    measured(
        "7 every child of run killed",
        f"all {len(AGENT)} back after {took:.1f} s, the next event {late * 1000:.0f} ms after its start",
    )


def sent_completely(server: FakeOpencast) -> int:
    return sum(call.status == 200 for call in server.called("POST", "/ingest/addTrack"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ended_while_recording_and_uploading(
    number: signal.Signals, server: FakeOpencast, rig: Rig, measured: Measured
) -> None:
    common = {"flavors": "presenter/source", "files": "{{dir}}/{{name}}.mkv"}
    inputs = {name: {"command": DETAILED, **common} for name in ("left", "right")}
    # Slow enough that the second file of an event is still on its way after some seconds.
    rig.connect(server.url, inputs, ingest={"upload_rate": "250k"})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("sent", "Being sent", start, start + 3)
        server.schedule("taken", "Being recorded", start + 2, start + 18, **{"capture.device.names": "left"})
    rig.wait(lambda: sent_completely(server) == 1, "the first track at the server", 60)
    rig.wait(lambda: len(server.called("POST", "/ingest/addTrack")) == 2, "the second track on its way")
    rig.wait_for_state("sent", EventState.UPLOADING)
    rig.wait_for_state("taken", EventState.RECORDING)

    asked = time.monotonic()
    assert agent.end(number) == 0
    took = time.monotonic() - asked
    assert took < STOP_SECONDS
    assert not rig.processes()
    one = rig.look("sent")
    assert one
    assert one.state is EventState.FINISHED_RECORDING
    assert one.upload
    assert one.upload.tracks_done == 1
    one = rig.look("taken")
    assert one
    assert one.state is EventState.RECORDING
    # Closed properly: a Matroska file that was cut off does not know its length.
    (part,) = parts(rig, "taken")
    assert ffprobe(Path(part.files[0]))[1] > 3

    # The rest at full speed.
    rig.connect(server.url, inputs)
    rig.start("run")
    rig.wait_for_state("sent", EventState.FINISHED_UPLOADING)
    track = delivered(rig, server, "taken")
    assert len(parts(rig, "taken")) == 2
    assert complaints(track) == ""
    for uid, tracks, created in (("sent", 2, 1), ("taken", 1, 1)):
        (workflow,) = [one for one in server.workflows if one.package == uid]
        assert len(workflow.elements) == tracks
        assert len(server.called("PUT", f"/ingest/createMediaPackageWithID/{uid}")) == created
    # Two tracks of the one, one of which was sent again, and one of the other.
    assert len(server.called("POST", "/ingest/addTrack")) == 4
    lost = 16 - content(track)
    measured(
        f"15 {number.name} while recording and uploading",
        f"ended after {took:.2f} s, file closed; after the restart 2 parts joined, {lost:.1f} s lost,"
        " only the track that was on its way was sent again",
    )
