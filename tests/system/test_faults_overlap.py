"""Events that follow each other without a gap, overlap, contain each other, or are one too many."""

import re

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, began_late, content, delivered, error_of, is_whole, parts
from tests.system_rig import Rig, soon

pytestmark = pytest.mark.system

TOLD = ["capturing", "capture_finished", "uploading", "upload_finished"]
PLAN = {
    "first": (0, 6),
    "follows": (6, 14),
    "overlaps": (4, 8),
    "contained": (9, 12),
    "same-1": (16, 20),
    "same-2": (16, 20),
}
"""Seconds after the first start: never more than two at once."""


def test_neighbours_and_overlaps(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, capture={"max_parallel": 2})
    with rig.up(server) as agent:
        start = soon(3)
        for uid, (begins, ends) in PLAN.items():
            server.schedule(uid, f"Event {uid}", start + begins, start + ends)
        server.schedule("same-3", "One too many", start + 16, start + 20)
    one = rig.wait_for_state("same-3", EventState.FAILED_RECORDING)
    assert one.recording
    assert one.recording.tracks == ()
    for name in ("Event same-1", "Event same-2", "max_parallel"):
        assert name in error_of(rig, "same-3")
    assert re.search(
        r"\[ERROR\].*“One too many”: not recorded: “Event same-1”, “Event same-2”", agent.output()
    )

    late = {}
    for uid, (begins, ends) in PLAN.items():
        track = delivered(rig, server, uid)
        late[uid] = began_late(rig, uid)
        assert late[uid] < PUNCTUAL
        (part,) = parts(rig, uid)
        assert uid in part.files[0]
        assert is_whole(content(track), ends - begins)
        assert error_of(rig, uid) == ""
    # To each its own.
    for uid in PLAN:
        rig.wait(lambda uid=uid: server.recordings[uid] == TOLD, f"{uid}: {server.recordings}")  # type: ignore[misc]
        recording = rig.look(uid)
        assert recording
        assert recording.recording
        (track,) = recording.recording.tracks
        (workflow,) = [one for one in server.workflows if one.package == uid]
        assert [element.file.size for element in workflow.elements] == [track.size]
        assert uid in track.path.name
    rig.wait(lambda: server.recordings["same-3"] == ["capture_error"], "the state of the third")
    assert not parts(rig, "same-3")
    assert len(server.workflows) == len(PLAN)
    measured(
        "14 back-to-back, overlapping, contained, same start",
        "begun " + ", ".join(f"{uid} {1000 * late[uid]:.0f}" for uid in PLAN) + " ms after their starts;"
        " the third at once refused with the names of the two",
    )
