"""The capture command dies, gives up, or never starts."""

import re
import time

import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, command_of, complaints, content, delivered, error_of, parts, until
from tests.system_rig import CAMERA, Rig, soon

pytestmark = pytest.mark.system

FILES = {"files": "{{dir}}/{{name}}.mkv"}


def kill_command(rig: Rig, uid: str, number: int) -> float:
    """Kill an event's command and return how long it took until the next one ran."""
    command = command_of(rig, uid)
    assert command
    command.kill()
    killed = time.time()
    rig.wait(lambda: len(parts(rig, uid)) > number, f"part {number + 1} of {uid}")
    return parts(rig, uid)[number].started - killed


def test_a_command_that_is_killed_once_and_twice(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, capture={"max_parallel": 4})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("once", "Killed once", start, start + 24)
        server.schedule("twice", "Killed twice", start, start + 24)
    pauses = {}
    for uid, number, after in (("twice", 1, 6), ("once", 1, 10.5), ("twice", 2, 17.5)):
        until(start + after)
        pauses[uid, number] = kill_command(rig, uid, number)

    for uid, kills in (("once", 1), ("twice", 2)):
        track = delivered(rig, server, uid)
        assert len(parts(rig, uid)) == kills + 1
        assert "killed" in error_of(rig, uid), error_of(rig, uid)
        assert f"“Killed {uid}”: partial recording, 1 tracks" in agent.output()
        assert complaints(track) == ""
        lost = 24 - content(track)
        assert lost < 3.0 * kills
        waits = ", ".join(f"{pauses[uid, number]:.2f} s" for number in range(1, kills + 1))
        assert all(pauses[uid, number] < PUNCTUAL for number in range(1, kills + 1))
        measured(
            f"1 FFmpeg killed -9 {uid} (24 s)",
            f"next part after {waits}; {kills + 1} parts joined to one track, {lost:.2f} s lost,"
            " played back whole without an error",
        )


def test_commands_that_give_up_again_and_again(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    inputs = {
        "weary": {"command": CAMERA.replace("-y ", "-t 2 -y "), **FILES},
        "hasty": {"command": "false {{dir}}/{{name}}.mkv", **FILES},
    }
    rig.connect(server.url, inputs, capture={"max_parallel": 4})
    with rig.up(server) as agent:
        start, length = soon(3), 14
        for name in inputs:
            server.schedule(name, f"With {name}", start, start + length, **{"capture.device.names": name})
    track = delivered(rig, server, "weary")
    made = parts(rig, "weary")
    # Pauses of 0.5, 1, 2 s between runs of 2 s: as long as the event lasts, and no tight loop.
    assert 3 <= len(made) <= 6
    assert made[-1].started - start > length / 2
    recorded = content(track)
    assert recorded > 1.5 * (len(made) - 1)
    assert complaints(track) == ""
    measured(
        "2 command exits early again and again",
        f"{len(made)} parts in {length} s, the last {made[-1].started - start:.1f} s after the start;"
        f" all joined and sent, {recorded:.1f} s of pictures",
    )

    rig.wait(lambda: is_over(rig, "hasty"), "the end of the hopeless one")
    tries = len(parts(rig, "hasty"))
    assert 3 <= tries <= 8
    one = rig.look("hasty")
    assert one
    assert one.state is EventState.FAILED_RECORDING
    assert "exit code 1" in error_of(rig, "hasty")
    assert agent.output().count("“With hasty”: false ended") <= tries
    measured("2 command exits at once, every time", f"{tries} tries in {length} s, then “{one.state}”")


def test_a_command_that_cannot_be_started(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    program = rig.folder / "recorder"
    inputs = {
        "late": {"command": f"'{program}' {{{{dir}}}}/{{{{name}}}}.mkv", **FILES},
        "never": {"command": f"'{program}-2' {{{{dir}}}}/{{{{name}}}}.mkv", **FILES},
    }
    rig.connect(server.url, inputs, capture={"max_parallel": 4})
    with rig.up(server) as agent:
        start = soon(3)
        for name in inputs:
            server.schedule(name, f"With {name}", start, start + 14, **{"capture.device.names": name})
    told = {}
    for name in inputs:
        rig.wait_for_state(name, EventState.FAILED_RECORDING)
        told[name] = time.time() - start
        assert str(program) in error_of(rig, name)
        rig.wait(lambda name=name: "capture_error" in server.recordings.get(name, []), name)  # type: ignore[misc]
    assert agent.output().count("[ERROR]") >= 2

    # It is installed while the event goes on: what is left of the event is recorded.
    until(start + 4)
    camera = CAMERA.replace("{{dir}}/{{name}}.mkv", '"$1"')
    program.write_text(f"#!/bin/sh\nexec {camera}\n", "utf-8")
    program.chmod(0o755)
    rig.wait_for_state("late", EventState.RECORDING)
    again = time.time() - start
    track = delivered(rig, server, "late")
    assert again < 14
    recorded = content(track)
    assert recorded > 14 - again - 3
    rig.wait(lambda: is_over(rig, "never"), "the end of the hopeless one")
    one = rig.look("never")
    assert one
    assert one.state is EventState.FAILED_RECORDING
    assert server.recordings["never"][-1] == "capture_error"
    tries = len(re.findall("recorder-2 was not found.*; next try", agent.output()))
    assert 3 <= tries <= 8
    measured(
        "3 command cannot be started",
        f"“failed recording” {max(told.values()):.2f} s after the start at the latest, {tries} tries in 14 s;"
        f" repaired at 4 s it records from {again:.1f} s on, {recorded:.1f} s sent",
    )


def is_over(rig: Rig, uid: str) -> bool:
    one = rig.look(uid)
    return bool(one and one.recording and one.recording.ended and time.time() > one.event.end)
