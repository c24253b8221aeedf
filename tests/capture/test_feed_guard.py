"""A recording that could suffer by what it passes on to the stream passes on nothing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.capture.feedguard import FeedGuard
from pyca.capture.feeds import Fitness, lacking
from pyca.capture.inputs import Job, jobs
from pyca.config.settings import Input, Live, Settings
from pyca.core.alarm import AlarmKind
from pyca.core.event import Event
from pyca.core.live import Profile
from pyca.core.states import EventState, Outcome
from pyca.store import live
from tests.capture_rig import FFMPEG, Rig
from tests.tools import wait_for

EVENT = Event("e", "E", 1000.0, 1010.0)
STREAMED = FFMPEG.removeprefix("ffmpeg ") + " -map 0:v -map 1:a {{live}}"
STAND_IN = """#!/bin/sh
case "$1" in
    -encoders | -muxers | -protocols) {ffmpeg} "$1" | grep -v ' {name}\\b'; exit ;;
esac
for word; do
    case "$word" in
        {word}) echo "this has no {name}" >&2; exit 1 ;;
    esac
done
exec {ffmpeg} "$@"
"""


def stand_in(folder: Path, name: str, word: str) -> Path:
    """An FFmpeg that lacks one thing, and fails where a word asks for it."""
    script = folder / "ffmpeg-small"
    script.write_text(STAND_IN.format(ffmpeg=shutil.which("ffmpeg"), name=name, word=word))
    script.chmod(0o755)
    return script


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return stand_in(tmp_path, "fifo", "fifo")


@pytest.fixture
def rig(tmp_path: Path, small: Path) -> Iterator[Rig]:
    settings: dict[str, object] = {"live": Live(directory=tmp_path / "nowhere", events="all")}
    files = ("{{dir}}/{{name}}.mkv",)
    made = Rig(tmp_path, settings, command=f"{small} {STREAMED}", files=files)
    yield made
    made.close()


def live_alarms(rig: Rig) -> list[str]:
    return [alarm.text for alarm in rig.alarms() if alarm.kind is AlarmKind.LIVE]


def test_a_part_that_fails_with_it_is_followed_by_one_without(rig: Rig) -> None:
    rig.service._context.fitness._ask = lambda program, encoders: ""
    rig.add(length=3.0)
    recording = rig.finish()
    first, second = rig.parts()
    assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.STOPPED)
    assert second.started - first.started < 2
    assert [track.part for track in recording.tracks] == [2]
    assert "this has no fifo" in live_alarms(rig)[0]


def test_what_is_known_to_lack_something_is_not_tried(rig: Rig, small: Path) -> None:
    fitness = rig.service._context.fitness
    wait_for(lambda: fitness.lack(str(small), "{{live}}"), "the answer")
    rig.add(length=2.0)
    assert rig.finish().state is EventState.FINISHED_RECORDING
    assert len(rig.parts()) == 1
    assert "no format “fifo”" in live_alarms(rig)[0]


@pytest.mark.parametrize(
    ("name", "word", "lack"),
    [
        ("fifo", "fifo", "no format “fifo”"),
        ("unix", "unix:*", "no protocol “unix”"),
        ("libx264", "libx264", "no encoder “libx264”"),
    ],
)
def test_what_is_lacking(tmp_path: Path, name: str, word: str, lack: str) -> None:
    script = stand_in(tmp_path, name, word)
    assert lacking(script, frozenset({"aac", "libx264"})) == lack


def test_a_full_one_lacks_nothing_and_none_is_not_judged(tmp_path: Path) -> None:
    ffmpeg = Path(shutil.which("ffmpeg") or "")
    assert lacking(ffmpeg, frozenset({"aac", "libx264"})) == ""
    assert lacking(tmp_path / "none", frozenset()) == ""


def test_scripts_are_not_asked(tmp_path: Path) -> None:
    script = tmp_path / "record.sh"
    script.touch()
    fitness = Fitness(lambda program, encoders: "all")
    assert fitness.lack(str(script), "{{live}}") == fitness.lack(str(tmp_path / "ffmpeg"), "{{live}}") == ""
    assert not fitness._answers


class TestGuard:
    def one(self, tmp_path: Path, events: str = "all") -> Job:
        settings = Settings(live=Live(events=events), inputs={"cam": Input("ffmpeg -i c {{live_copy}}")})
        [job] = jobs(settings, EVENT, tmp_path)
        return job

    def test_one_that_fails_without_as_well_gets_it_back(self, tmp_path: Path) -> None:
        told: list[str] = []
        guard, job = FeedGuard(Fitness(), told.append), self.one(tmp_path)
        assert guard.failed(job, "no camera")
        assert guard.guarded(job).argv(2, 1) == self.one(tmp_path, "off").argv(2, 1)
        assert not guard.failed(job, "no camera")
        assert guard.guarded(job) is job
        assert "no camera" in told[0] and told[1:] == [""]

    def test_one_that_passes_on_nothing_is_left_alone(self, tmp_path: Path) -> None:
        told: list[str] = []
        guard = FeedGuard(Fitness(), told.append)
        assert not guard.failed(self.one(tmp_path, "off"), "no camera")
        assert not told


def test_the_stream_is_encoded_as_somebody_has_set_it_last(rig: Rig) -> None:
    rig.service.tick()
    assert rig.service._context.profile() is None
    with rig.database.write() as session:
        live.change_profile(session, Profile(resolution="720p"), 0.0)
    rig.service._agenda._next_look = 0
    rig.service.tick()
    profile = rig.service._context.profile()
    assert profile and profile.resolution == "720p"
    [job] = jobs(rig.settings, EVENT, rig.folder, profile)
    assert any("scale=1280:720" in word for word in job.argv(1, 5))
    assert os.fspath(rig.settings.live.feed) in job.argv(1, 5)[-1]
