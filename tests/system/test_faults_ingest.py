"""Deliveries that break off: killed in the middle, or never answered."""

import time

import psutil
import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_rig import CAMERA, Rig, soon

pytestmark = pytest.mark.system

DETAILED = CAMERA.replace("testsrc2=s=160x120:r=25", "testsrc2=s=160x120:r=25,noise=alls=60:allf=t")


def test_ingest_is_killed_during_an_upload(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    names = ("left", "middle", "right")
    inputs = {name: {"command": DETAILED, "files": "{{dir}}/{{name}}.mkv"} for name in names}
    rig.connect(server.url, inputs, ingest={"upload_rate": "300k"})
    with rig.up(server):
        start = soon(3)
        server.schedule("uid-1", "Three tracks", start, start + 3)
    one = rig.wait_for_state("uid-1", EventState.UPLOADING)
    rig.wait(lambda: progress(rig)[0] == 1, "the first track to be over", 60)
    rig.wait(lambda: progress(rig)[1] > 0.2, "a part of the second one")
    done, share = progress(rig)
    assert done == 1
    services = rig.wait_until_up()
    psutil.Process(services["ingest"].pid).kill()
    killed = time.time()

    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING, 90)
    assert one.recording
    tries = server.called("POST", "/ingest/addTrack")
    assert len(server.called("PUT", "/ingest/createMediaPackageWithID")) == 1
    assert len(tries) == 4
    assert [call.file is not None and call.status == 200 for call in tries] == [True, False, True, True]
    (workflow,) = server.workflows
    assert [element.file.size for element in workflow.elements] == [
        track.size for track in one.recording.tracks
    ]
    again = tries[2].moment - killed
    measured(
        "8 ingest killed during an upload",
        f"killed {share:.0%} into track 2 of 3, which was begun again {again:.1f} s later;"
        " the others were sent once, one workflow",
    )


def progress(rig: Rig) -> tuple[int, float]:
    """Return how many tracks are over, and which share of the next one."""
    one = rig.look("uid-1")
    if not one or not one.upload or not one.recording or not one.recording.tracks:
        return 0, 0.0
    done = one.upload.tracks_done
    over = sum(track.size for track in one.recording.tracks[:done])
    following = one.recording.tracks[done : done + 1]
    return done, (one.upload.bytes_sent - over) / following[0].size if following else 0.0


def workflows(server: FakeOpencast, uid: str) -> int:
    return sum(one.package == uid for one in server.workflows)


def test_the_reply_to_the_final_call_is_lost(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, capture={"max_parallel": 4})
    # The server takes the first recording, loses the second one, and says so to nobody.
    server.faults.add("^/ingest/ingest", faults.no_reply())
    server.faults.add("^/ingest/ingest", lost)
    with rig.up(server):
        start = soon(3)
        server.schedule("a-taken", "Taken", start, start + 3)
        server.schedule("b-lost", "Lost", start, start + 5)
        server.schedule("c-after", "After them", start + 2, start + 6)
    for uid in ("a-taken", "b-lost"):
        one = rig.wait_for_state(uid, EventState.FAILED_UPLOADING)
        assert one.upload
        assert one.upload.step is UploadStep.AMBIGUOUS
        assert "pyca events retry" in one.upload.error
    # Nobody else waits for the decision, and nobody decides alone.
    rig.wait_for_state("c-after", EventState.FINISHED_UPLOADING)
    rig.wait_until_up()
    asked = len(server.called("POST", "/ingest/ingest"))
    assert asked == 3
    assert [workflows(server, uid) for uid in ("a-taken", "b-lost")] == [1, 0]
    shown = rig.run("events", "show", "a-taken").out
    assert "pyca events retry" in shown

    ended = rig.run("events", "retry", "a-taken", "--delivered")
    assert ended.code == 0, ended
    assert rig.wait_for_state("a-taken", EventState.FINISHED_UPLOADING)
    ended = rig.run("events", "retry", "b-lost")
    assert ended.code == 0, ended
    rig.wait_for_state("b-lost", EventState.FINISHED_UPLOADING)
    for uid in ("a-taken", "b-lost", "c-after"):
        assert workflows(server, uid) == 1
        rig.wait(lambda uid=uid: server.recordings[uid][-1] == "upload_finished", uid)  # type: ignore[misc]
    assert len(server.called("POST", "/ingest/addTrack")) == 3
    measured(
        "10 reply to the final call lost",
        "two unclear ends, decided both ways by “pyca events retry”: one workflow each, no track sent twice,"
        " a third event passed them",
    )


def lost(environ: faults.Environ, handler: faults.Handler) -> faults.Answer:
    """Read the whole request and break the connection without having done anything."""
    while environ["wsgi.input"].read(65536):
        pass
    raise faults.DroppedError
