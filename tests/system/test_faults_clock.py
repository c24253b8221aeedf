"""The machine's clock is set while an event is recorded."""

import json
import os
import time
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, began_late, complaints, content, delivered, parts, until
from tests.system_rig import ROOT, Rig, soon

pytestmark = pytest.mark.system

STEP, LENGTH = 30.0, 14
SLEEP = """
import select
import time

time.sleep = lambda seconds: select.select((), (), (), seconds) and None
"""
"""libfaketime 0.9.10 refuses the way in which Python sleeps, until a moment of the steady clock."""


class Wall:
    """The wall clock of everything that a rig starts; the other one, which never jumps, is left alone."""

    def __init__(self, rig: Rig, library: Path) -> None:
        self.offset = 0.0
        self._file = rig.folder / "clock"
        self.set(0.0)
        helpers = rig.folder / "python"
        helpers.mkdir()
        (helpers / "sitecustomize.py").write_text(SLEEP, "utf-8")
        rig.surroundings |= {
            "PYTHONPATH": f"{helpers}:{ROOT}",
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offset: float) -> None:
        """Set the clock to so many seconds before or behind the true time."""
        self.offset = offset
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset:+.0f}\n", "ascii")
        os.replace(fresh, self._file)  # never half a file

    def now(self) -> float:
        return time.time() + self.offset


@pytest.fixture
def wall(rig: Rig) -> Wall:
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        pytest.skip("libfaketime is not installed (package faketime)")
    return Wall(rig, libraries[0])


@pytest.mark.parametrize("step", [STEP, -STEP])
def test_a_clock_that_is_set_while_recording(
    step: float, server: FakeOpencast, rig: Rig, wall: Wall, measured: Measured
) -> None:
    rig.connect(server.url)
    with rig.up(server):
        start = soon(5)  # reading the time costs much with that library, and all services do so as they start
        server.schedule("uid-1", "When the clock was set", start, start + LENGTH)
    until(start + 5)
    rig.wait_for_state("uid-1", EventState.RECORDING)
    wall.set(step)
    # By the clock as it is now; added on this machine, as the calendar is asked when the old time comes.
    begins = float(round(wall.now() + 13))
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begins))
    ended = rig.run("events", "add", "--title", "Next", "--start", moment, "--duration", "4s", "--json")
    assert ended.code == 0, ended

    rig.wait(lambda: parts(rig, "uid-1")[0].ended, "the end of the first", LENGTH + 10)
    true_length = time.time() - start
    track = delivered(rig, server, "uid-1")
    assert len(parts(rig, "uid-1")) == 1
    recorded = content(track)
    assert abs(recorded + began_late(rig, "uid-1") - LENGTH) < 3, recorded
    assert complaints(track) == ""

    uid = json.loads(ended.out)["id"]
    rig.wait_for_state(uid, EventState.RECORDING)
    late = wall.now() - begins
    assert abs(began_late(rig, uid)) < PUNCTUAL
    # By the old time it would have begun as much later, or as much too early, as the clock was set.
    assert late < STEP / 2
    delivered(rig, server, uid)
    # Coming to the same time once more does not record it once more.
    assert len(parts(rig, "uid-1")) == 1
    assert len(server.workflows) == 2
    measured(
        f"16 clock set by {step:+.0f} s while recording",
        f"{recorded:.1f} of {LENGTH} s, ended {true_length:.1f} s after the start, by the steady clock;"
        f" the next one {began_late(rig, uid) * 1000:.0f} ms after its start by the new clock",
    )
