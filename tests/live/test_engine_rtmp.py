"""A whole session with nothing made up: FFmpeg's test picture, real links, a real server."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.live import Destination, LiveState, Profile, Program, Source
from pyca.live.engine import desk
from pyca.live.engine.engine import Engine
from pyca.live.plan import Plan
from pyca.live.source import producer, run
from tests import live_probe
from tests.live_rig import RtmpServer
from tests.live_tools import makers_of, surroundings
from tests.tools import wait_for

pytestmark = pytest.mark.system
PROFILE = Profile("240p", 400_000, "1kHz", 25)


def shows(engine: Engine, program: Program) -> None:
    wait_for(lambda: engine.report().program is program, f"the program {program}", 30)


def test_blind_and_a_frozen_camera_break_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine lets programs stand still too: the camera is not to be lost before it is frozen.
    monkeypatch.setattr(producer, "STALL", 30.0)
    monkeypatch.setattr(desk, "PATIENCE", 30.0)
    monkeypatch.setattr(run, "_STEPS", ((0.0, signal.SIGINT), (0.5, signal.SIGKILL)))
    folder = tmp_path / "engine"
    folder.mkdir()
    with RtmpServer(tmp_path) as server:
        wanted = Plan(PROFILE, Source("test"), (Destination("main", server.url, "show"),))
        engine = Engine(wanted, surroundings(folder))
        engine.start()
        try:
            server.wait_for_seconds("show", 3)
            wait_for(lambda: engine.report().state is LiveState.STREAMING, "the stream")
            engine.follow(replace(wanted, blind=True))
            shows(engine, Program.BLIND)
            server.wait_for_seconds("show", server.seconds("show") + 3.5)
            hidden = server.seconds("show")
            engine.follow(wanted)
            shows(engine, Program.CAMERA)
            os.kill(makers_of("testsrc2")[0], signal.SIGSTOP)
            monkeypatch.setattr(producer, "STALL", 1.0)
            shows(engine, Program.SLATE)
            monkeypatch.setattr(producer, "STALL", 30.0)
            shows(engine, Program.CAMERA)
            server.wait_for_seconds("show", server.seconds("show") + 2)
            assert engine.report().source_restarts == 1
            assert engine.report().links[0].reconnects == 0
        finally:
            engine.stop()
            assert engine.join(30)
            engine.close()
        server.wait_until_gone("show")
        (file,) = server.recordings("show")
        found = live_probe.probe(file)
        sound = [live_probe.tone(file, second) for second in (1, hidden - 1)]
        troubles = live_probe.problems(file)
    assert (found.video_codec, found.size, found.audio_codec) == ("h264", (426, 240), "aac")
    assert not found.goes_back("video") and not found.goes_back("audio")
    assert sound == [pytest.approx(1000, abs=5), 0]
    assert not troubles
    assert not makers_of()
    assert not list(folder.iterdir())
