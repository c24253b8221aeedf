"""What remains of a recording whose files are not as they should be."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.capture.finish import Result, Workshop, finish
from pyca.capture.inputs import Job, jobs
from pyca.capture.salvage import found_parts
from pyca.config.settings import Capture, Settings
from pyca.core.event import Event
from pyca.core.recording import Part
from pyca.core.states import EventState
from pyca.media.ffmpeg import Tools, find_tools
from pyca.media.probe import measure

Make = Callable[..., Path]


@pytest.fixture
def tools() -> Tools:
    return find_tools(os.environ)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    settings = Settings(
        capture=Capture(directory=tmp_path, preview_dir=tmp_path, files=("{{dir}}/{{name}}.mkv",))
    )
    [one] = jobs(settings, Event("e", "E", 1000.0, 1010.0), tmp_path)
    return one


@pytest.fixture
def make(job: Job, tools: Tools) -> Make:
    """Makes the file of a part."""

    def clip(number: int, seconds: float = 2, codec: str = "libx264", color: str = "red") -> Path:
        [path] = job.files(number)
        source = f"color={color}:s=160x120:r=25:d={seconds}"
        argv = [str(tools.ffmpeg), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", codec, "-g", "25"]
        subprocess.run([*argv, "-y", str(path)], check=True)
        return path

    return clip


def part(job: Job, number: int, started: float) -> Part:
    files = tuple(str(file) for file in job.files(number))
    return Part("e", "default", number, started, files=files, flavors=("presenter/source",))


def finished(job: Job, parts: list[Part], tools: Tools, planned: float = 4.0) -> Result:
    return finish([job], parts, planned=planned, workshop=Workshop("mp4", tools))


def test_an_empty_file_among_good_ones(job: Job, make: Make, tools: Tools) -> None:
    make(1)
    job.files(2)[0].write_bytes(b"")
    result = finished(job, [part(job, 1, 1000.0), part(job, 2, 1002.5)], tools)
    [track] = result.tracks
    assert track.path.name.endswith(".mp4")
    assert track.duration == pytest.approx(2, abs=0.2)
    assert any("is empty" in error for error in result.errors)


def test_a_truncated_file_gives_what_it_has(job: Job, make: Make, tools: Tools) -> None:
    path = make(1, seconds=8)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    result = finished(job, [part(job, 1, 1000.0)], tools, planned=8)
    [track] = result.tracks
    assert track.duration and 1 < track.duration < 7.5
    assert result.state is EventState.PARTIAL_RECORDING
    assert any("are missing" in error for error in result.errors)


def test_garbage_is_told_and_left_alone(job: Job, tools: Tools) -> None:
    [path] = job.files(1)
    path.write_bytes(os.urandom(10_000))
    result = finished(job, [part(job, 1, 1000.0)], tools)
    assert result.state is EventState.FAILED_RECORDING
    assert result.tracks == ()
    assert path.exists()
    assert any("no readable media" in error for error in result.errors)


def test_parts_that_cannot_be_joined_are_delivered_in_order(job: Job, make: Make, tools: Tools) -> None:
    make(1, codec="libx264")
    make(2, codec="mpeg4")
    result = finished(job, [part(job, 1, 1000.0), part(job, 2, 1002.5)], tools)
    assert [track.part for track in result.tracks] == [1, 2]
    assert all(track.path.suffix == ".mp4" for track in result.tracks)
    assert result.state is EventState.FINISHED_RECORDING


def test_parts_in_the_wrong_order_are_put_right(job: Job, make: Make, tools: Tools) -> None:
    make(1, color="red", seconds=2)
    make(2, color="blue", seconds=1)
    # As a hand-edited description or a restored database may list them.
    result = finished(job, [part(job, 2, 1002.0), part(job, 1, 1000.0)], tools, planned=3)
    [track] = result.tracks
    assert track.duration == pytest.approx(3, abs=0.2)
    assert average_color(track.path, 0.5, tools)[0] > 150
    assert average_color(track.path, 2.5, tools)[2] > 150


def average_color(path: Path, at: float, tools: Tools) -> tuple[int, int, int]:
    argv = [str(tools.ffmpeg), "-v", "error", "-ss", str(at), "-i", str(path), "-frames:v", "1"]
    argv += ["-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    red, green, blue = subprocess.run(argv, check=True, capture_output=True).stdout[:3]
    return red, green, blue


def test_parts_that_nobody_dated_are_ordered_by_their_files(job: Job, make: Make, tools: Tools) -> None:
    for number, moment in ((1, 2000.0), (2, 1000.0)):
        os.utime(make(number, seconds=number), (moment, moment))
    result = finished(job, [part(job, 1, 0.0), part(job, 2, 0.0)], tools, planned=3)
    [track] = result.tracks
    assert measure(track.path, tools) == pytest.approx(3, abs=0.5)  # and not the 1000 s between the two


def test_files_that_were_never_written_are_told_once(job: Job, tools: Tools) -> None:
    result = finished(job, [part(job, number, 1000.0 + number) for number in range(1, 20)], tools)
    assert result.state is EventState.FAILED_RECORDING
    assert sum("missing" in error for error in result.errors) == 1
    assert any("and 18 more are missing" in error for error in result.errors)


def test_what_was_finished_before_is_found_under_its_new_name(job: Job, make: Make, tools: Tools) -> None:
    """As after the loss of everything but the files themselves."""
    job = replace(job, container="mp4")
    make(1)
    [track] = finished(job, [part(job, 1, 1000.0)], tools, planned=2).tracks
    assert track.path.suffix == ".mp4"
    job.files(1)[0].unlink()
    [found] = found_parts("e", [job], ())
    assert found.files == (str(track.path),)
    assert [one.path for one in finished(job, [found], tools, planned=2).tracks] == [track.path]
