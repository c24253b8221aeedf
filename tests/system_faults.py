"""What the fault tests share: find one event's command, look at what is left of a recording."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import psutil
from opencast_server import FakeOpencast

from pyca.core.recording import Part
from pyca.core.states import EventState
from pyca.store import recordings
from tests.system_rig import Rig
from tests.tools import wait_for

PUNCTUAL = 3.0
"""Seconds within which a recording begins that waits for nobody, on a machine that has much else to do.

Whoever waits for a server or a database is later than that.
"""
RATE = 25.0
"""Pictures per second of the rig's camera."""


def parts(rig: Rig, uid: str) -> list[Part]:
    """Return the runs of an event's commands."""
    with rig.database.read() as session:
        return recordings.parts(session, uid)


def command_of(rig: Rig, uid: str) -> psutil.Process | None:
    """Return the capture command that records an event now."""
    for process in rig.commands():
        try:
            if any(uid in word for word in process.cmdline()):
                return process
        except psutil.Error:
            continue
    return None


def is_whole(seconds: float, planned: float) -> bool:
    """Tell whether a recording is as long as planned, by what a busy machine takes to start and end it."""
    return abs(seconds - planned) < PUNCTUAL


def until(moment: float) -> None:
    """Wait for a moment."""
    wait_for(lambda: time.time() >= moment, f"moment {moment}", max(moment - time.time(), 0) + 30)


def kill_all(processes: Iterable[psutil.Process]) -> float:
    """Kill processes at once and return when that was."""
    doomed = list(processes)
    moment = time.time()
    for process in doomed:
        process.send_signal(signal.SIGSTOP)  # none sees the other one go
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, timeout=60)
    return moment


def content(file: Path) -> float:
    """Return the seconds of pictures in a file; gaps do not count."""
    program = shutil.which("ffprobe") or "ffprobe"
    entries = ["-select_streams", "v:0", "-count_packets", "-show_entries", "stream=nb_read_packets"]
    argv = [program, "-v", "error", *entries, "-of", "json", str(file)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    (stream,) = json.loads(done.stdout)["streams"]
    return int(stream["nb_read_packets"]) / RATE


def largest_gap(file: Path) -> float:
    """Return the longest time between two pictures in seconds."""
    entries = ["-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    argv = [shutil.which("ffprobe") or "ffprobe", "-v", "error", *entries, str(file)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    moments = sorted(float(line.strip(",")) for line in done.stdout.split())
    return max(after - before for before, after in pairwise(moments))


def complaints(file: Path) -> str:
    """Play a file back whole and return what the decoder has to say against it."""
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(file), "-f", "null", "-"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.stderr + ("" if done.returncode == 0 else f"exit code {done.returncode}")


def arrived(server: FakeOpencast, uid: str) -> list[Path]:
    """Return the tracks of an event's only workflow, as the server has them."""
    (workflow,) = [one for one in server.workflows if one.package == uid]
    return [element.file.path for element in workflow.elements if element.kind == "track"]


def delivered(rig: Rig, server: FakeOpencast, uid: str, seconds: float = 90.0) -> Path:
    """Wait until an event is at the server and return its only track there."""
    rig.wait_for_state(uid, EventState.FINISHED_UPLOADING, seconds)
    (track,) = arrived(server, uid)
    return track


def error_of(rig: Rig, uid: str) -> str:
    """Return what an event's recording says went wrong."""
    one = rig.look(uid)
    return one.recording.error if one and one.recording else ""


def began_late(rig: Rig, uid: str) -> float:
    """Return the seconds from an event's start to the start of its recording."""
    one = rig.look(uid)
    assert one
    assert one.recording
    assert one.recording.started is not None
    return one.recording.started - one.event.start
