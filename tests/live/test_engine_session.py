"""A whole session with real programs and stand-in destinations."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.errors import CommandError
from pyca.core.live import Destination, LinkState, LiveState, Profile, Program, Source
from pyca.live.engine import desk
from pyca.live.engine.desk import Desk
from pyca.live.engine.engine import Engine
from pyca.live.flow.flv import Kind, number
from pyca.live.plan import Plan
from pyca.live.source import run
from pyca.live.source.encoding import CameraCommand
from tests.live_tools import FFMPEG, Workshop, encode, makers_of, plan, surroundings
from tests.tools import wait_for

pytestmark = pytest.mark.skipif(FFMPEG is None, reason="FFmpeg is not installed")
MAIN = Destination("main", "rtmp://127.0.0.1/live", "k")
OTHER = Destination("other", "rtmp://127.0.0.1/live", "o", label="Other")


@contextmanager
def running(folder: Path, shop: Workshop, wanted: Plan | None = None) -> Iterator[Engine]:
    engine = Engine(wanted or plan(MAIN), surroundings(folder), shop.makers)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
        assert engine.join(60)
        engine.close()


def shows(engine: Engine, program: Program) -> None:
    wait_for(lambda: engine.report().program is program, f"the program {program}")


def has_state(engine: Engine, state: LiveState) -> None:
    wait_for(lambda: engine.report().state is state, f"the state {state}")


def test_from_start_to_stop(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        has_state(engine, LiveState.STREAMING)
        shows(engine, Program.CAMERA)
        wait_for(lambda: engine.report().fps > 0, "figures", 20)
        report = engine.report()
        assert report.bitrate > 0 and report.memory > 0 and report.started is not None
        assert report.sent == sum(link.sent for link in report.links) > 0
    tags = shop.sink().tags
    assert [tag.kind for tag in tags[:3]] == [Kind.SCRIPT, Kind.VIDEO, Kind.AUDIO]
    assert next(tag for tag in tags if not tag.is_setup).is_key
    for kind in (Kind.AUDIO, Kind.VIDEO):
        times = [tag.time for tag in tags if tag.kind == kind and not tag.is_setup]
        assert times == sorted(set(times))
    report = engine.report()
    assert (report.state, report.error, report.program) == (LiveState.IDLE, "", Program.NOTHING)
    assert [link.state for link in report.links] == [LinkState.OFF]
    assert not list(tmp_path.iterdir())


def test_the_blind_shows_the_slate_and_breaks_nothing(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        engine.follow(plan(MAIN, blind=True))
        shows(engine, Program.BLIND)
        engine.follow(plan(MAIN, OTHER, blind=True))
        wait_for(lambda: len(engine.report().links) == 2, "another destination", 20)
        assert shop.sink().forgotten == 1
        engine.follow(plan(MAIN))
        shows(engine, Program.CAMERA)
        assert engine.report().source_restarts == 0
    assert [sink.made_for for sink in shop.sinks] == [MAIN, OTHER]


def test_a_camera_that_dies_gives_way_to_the_slate_and_comes_back(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        works, shop.camera_command = shop.camera_command, fails
        (camera,) = makers_of("testsrc2")
        os.kill(camera, signal.SIGKILL)
        shows(engine, Program.SLATE)
        wait_for(lambda: "the camera is unplugged" in engine.report().error, "the reason", 20)
        has_state(engine, LiveState.STREAMING)
        shop.camera_command = works
        shows(engine, Program.CAMERA)
        assert engine.report().source_restarts >= 2
        assert any("next try in" in line.text for line in engine.lines())
    assert len(shop.sinks) == 1


def fails(_progress: int) -> CameraCommand:
    raise CommandError("the camera is unplugged", "plug it in")


def test_destinations_come_and_go_alone(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        engine.follow(plan(MAIN, OTHER))
        wait_for(lambda: len(shop.sinks) == 2, "the second destination", 20)
        wait_for(lambda: len(shop.sink("other").tags) > 10, "its stream", 20)
        assert shop.sink("other").tags[3].is_key
        engine.restart("other")
        wait_for(lambda: shop.sink("other").restarts == 1, "the restart", 20)
        engine.follow(plan(MAIN, replace(OTHER, wanted=False, label="New")))
        wait_for(lambda: shop.sink("other").ended, "its end", 20)
        wait_for(lambda: engine.report().links[-1].label == "New", "its report", 20)
        assert engine.report().links[-1].state is LinkState.OFF
        assert engine.report().links[-1].sent > 0
        assert not shop.sink("main").ended
        engine.follow(plan(MAIN, replace(OTHER, key="another")))
        wait_for(lambda: len(shop.sinks) == 3, "the destination again", 20)
    assert len(shop.sinks) == 3


def test_other_parameters_start_the_camera_anew(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        (before,) = makers_of("testsrc2")
        engine.follow(replace(plan(MAIN), profile=Profile(fps=15)))
        wait_for(lambda: before not in makers_of(), "the end of the first camera", 20)
        shows(engine, Program.CAMERA)
        assert engine.report().source_restarts == 0
    assert len(shop.sinks) == 1


def test_without_a_camera_the_slate_is_shown(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop, plan(MAIN, camera=False)) as engine:
        shows(engine, Program.SLATE)
        engine.follow(plan(MAIN))
        shows(engine, Program.CAMERA)
        wait_for(lambda: not makers_of("navy"), "the end of the slate", 20)


def test_a_camera_that_a_recorder_wants_at_once_is_let_go_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_STEPS", ((0.0, signal.SIGINT), (600.0, signal.SIGKILL)))
    monkeypatch.setattr(run, "HOPELESS", 600.0)
    shop = Workshop()
    deaf = "trap '' INT TERM; \"$@\"; while :; do sleep 60; done"
    make = shop.camera_command
    shop.camera_command = lambda progress: CameraCommand(["sh", "-c", deaf, "deaf", *make(progress).argv])
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        engine.follow(plan(MAIN, camera=False))
        wait_for(lambda: engine.report().program is not Program.CAMERA, "the end of the picture")
        assert makers_of("deaf")
        engine.follow(plan(MAIN, camera=False, haste=True))
        wait_for(lambda: not makers_of("deaf"), "its end")
        shows(engine, Program.SLATE)


def test_what_the_recorder_passes_on_is_shown_while_it_does(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop, plan(MAIN, camera=False)) as engine:
        shows(engine, Program.SLATE)
        engine.follow(plan(MAIN, camera=False, feed=True))
        wait_for((tmp_path / "feed.sock").exists, "the door", 20)
        words = [*encode("smptebars=s=320x180:r=25")(2).argv[:-1], f"unix:{tmp_path}/feed.sock"]
        recorder = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            shows(engine, Program.RECORDER)
            engine.follow(plan(MAIN, feed=True))
            wait_for(lambda: makers_of("testsrc2"), "camera and recorder", 20)
            assert engine.report().program is Program.RECORDER
        finally:
            recorder.terminate()
            recorder.wait()
        shows(engine, Program.CAMERA)
        engine.follow(plan(MAIN))
        wait_for(lambda: not (tmp_path / "feed.sock").exists(), "the closed door", 20)
    assert len(shop.sinks) == 1


def test_a_stream_begins_with_the_picture_of_a_recorder_that_has_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FEED_PATIENCE", 60.0)
    shop = Workshop()
    with running(tmp_path, shop, plan(MAIN, camera=False, feed=True)) as engine:
        wait_for((tmp_path / "feed.sock").exists, "the door", 20)
        words = [*encode("smptebars=s=160x90:r=25")(2).argv[:-1], f"unix:{tmp_path}/feed.sock"]
        recorder = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            shows(engine, Program.RECORDER)
            wait_for(lambda: shop.sink().stream, "the stream", 20)
        finally:
            recorder.terminate()
            recorder.wait()
        assert number(shop.sink().tags[0], "width") == 160
        # What is lost later is not waited for.
        shows(engine, Program.SLATE)


def test_a_recorder_that_does_not_come_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.live.engine.desk.FEED_PATIENCE", 0.5)
    with running(tmp_path, Workshop(), plan(MAIN, camera=False, feed=True)) as engine:
        shows(engine, Program.SLATE)


def test_a_door_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    shop = Workshop()
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with running(folder, shop, plan(MAIN, feed=True)) as engine:
        shows(engine, Program.CAMERA)
        assert "too long" in engine.report().error


def test_an_input_that_is_the_recorder_has_no_camera(tmp_path: Path) -> None:
    shop = Workshop()
    shop.camera_command = fails
    with running(tmp_path, shop, replace(plan(MAIN, feed=True), source=Source("recorder"))) as engine:
        shows(engine, Program.SLATE)
        assert engine.report().source_restarts == 0


def test_it_ends_where_all_servers_refuse(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop, plan(MAIN, OTHER)) as engine:
        has_state(engine, LiveState.STREAMING)
        shop.sink("main").refuse("the key is wrong")
        wait_for(lambda: engine.report().links[0].state is LinkState.REFUSED, "the refusal", 20)
        assert engine.report().state is LiveState.STREAMING
        shop.sink("other").refuse("the key is wrong")
        assert engine.join(20)
        report = engine.report()
        assert (report.state, report.error) == (LiveState.IDLE, "the key is wrong")
        assert {link.state for link in report.links} == {LinkState.REFUSED}
        assert [line.level for line in engine.lines()][-1] == "error"


def test_it_is_not_green_while_nothing_arrives(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        has_state(engine, LiveState.STREAMING)
        shop.sink().state = LinkState.WAITING
        has_state(engine, LiveState.PREPARING)
        shop.sink().state = LinkState.LIVE
        has_state(engine, LiveState.STREAMING)


def test_a_preview_alone_is_no_stream_and_a_file_is(tmp_path: Path) -> None:
    shop = Workshop()
    wanted = plan(replace(MAIN, wanted=False), preview=tmp_path / "preview.jpg")
    with running(tmp_path, shop, wanted) as engine:
        shows(engine, Program.CAMERA)
        assert engine.report().state is LiveState.PREPARING
        engine.follow(replace(wanted, record=tmp_path / "file.mkv"))
        has_state(engine, LiveState.STREAMING)


def test_stop_while_preparing(tmp_path: Path) -> None:
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        engine.stop()
        assert engine.join(20)
        assert engine.report().state is LiveState.IDLE
    assert not makers_of()


def test_a_file_that_cannot_be_made_is_told_and_the_stream_goes_on(tmp_path: Path) -> None:
    shop = Workshop()
    shop.unwritable = True
    with running(tmp_path, shop, plan(MAIN, record=tmp_path / "file.mkv")) as engine:
        shows(engine, Program.CAMERA)
        lines = [(line.level, line.text) for line in engine.lines()]
        assert ("error", "the file cannot be written") in lines


def test_a_folder_that_comes_later_is_recorded_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.live.engine.distribution._AGAIN", 0.1)
    shop = Workshop()
    shop.unwritable = True
    with running(tmp_path, shop, plan(MAIN, record=tmp_path / "a.mkv")) as engine:
        lines = []
        wait_for(
            lambda: lines.extend(engine.lines()) or [x for x in lines if "written" in x.text], "words", 20
        )
        shop.unwritable = False
        wait_for(lambda: [sink for sink in shop.sinks if sink.made_for == tmp_path / "a.mkv"], "the file", 20)
        assert len([x for x in (*lines, *engine.lines()) if "written" in x.text]) == 1


def test_a_connection_over_which_nothing_goes_is_no_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.live.flow.figures._WINDOW", 1.0)
    # A slate that was once at hand would be played from memory.
    monkeypatch.setattr(desk, "PATIENCE", 60.0)
    monkeypatch.setattr(desk, "PREPARATION", 600.0)
    shop = Workshop()
    with running(tmp_path, shop) as engine:
        shows(engine, Program.CAMERA)
        has_state(engine, LiveState.STREAMING)
        shop.camera_command = shop.slate_command = fails
        for pid in makers_of():
            os.kill(pid, signal.SIGKILL)
        has_state(engine, LiveState.PREPARING)
        assert engine.report().links[0].state is LinkState.LIVE


def test_news_wake_whoever_waits(tmp_path: Path) -> None:
    shop = Workshop()
    engine = Engine(plan(MAIN), surroundings(tmp_path), shop.makers)
    engine.drain()
    engine.start()
    engine.stop()
    assert engine.join(20)
    assert os.eventfd_read(engine.fileno()) > 0
    engine.close()


@pytest.mark.parametrize("how", ["broken", "fragile"])
def test_what_fails_at_one_destination_costs_that_one_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    shop = Workshop()
    with running(tmp_path, shop, plan(MAIN)) as engine:
        wait_for(lambda: engine.report().state is LiveState.STREAMING, "the stream", 20)
        setattr(shop, how, True)
        engine.follow(plan(MAIN, OTHER))
        wait_for(lambda: len(caplog.records) > 1 and "broken on purpose" in caplog.text, "the failure", 20)
        wait_for(lambda: engine.report().links[1].state is LinkState.WAITING, "the pause", 20)
        assert "the log says why" in engine.report().links[1].error
        setattr(shop, how, False)
        wait_for(lambda: engine.report().links[1].state is LinkState.LIVE, "the other one", 20)
        assert engine.report().state is LiveState.STREAMING
        assert shop.sink("main") is shop.sinks[0] and not shop.sink("main").ended


def test_a_copy_of_what_is_no_h264_is_refused(tmp_path: Path) -> None:
    shop = Workshop()
    words = "Codec hevc (173) is not supported by the bitstream filter h264_mp4toannexb"
    said = words.replace("hevc", "'hevc'").replace("h264_mp4toannexb", "'h264_mp4toannexb'")
    shop.camera_command = lambda _progress: CameraCommand(["sh", "-c", 'echo "$0" >&2; exit 1', said])
    with running(tmp_path, shop) as engine:
        assert engine.join(20)
        report = engine.report()
    assert report.state is LiveState.IDLE and "delivers hevc, not H.264" in report.error
    assert [link.state for link in report.links] == [LinkState.REFUSED]
    assert not any(sink.tags for sink in shop.sinks)


def test_what_fails_within_ends_the_session_with_a_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_desk: Desk, _now: float) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(Desk, "_judge", fails)
    with running(tmp_path, Workshop()) as engine:
        assert engine.join(20)
        assert engine.report().state is LiveState.IDLE
        assert "its log says why" in engine.report().error
    assert "broken on purpose" in caplog.text
    assert not makers_of()
