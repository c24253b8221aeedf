"""What ``{{live}}`` and ``{{live_copy}}`` become in a capture command."""

import subprocess
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.capture.inputs import Job, jobs
from pyca.config.settings import Input, Live, Settings
from pyca.core.event import Event
from pyca.core.live import MARK
from pyca.media.feed import feed_output
from pyca.media.ffmpeg import Tools
from tests.media.conftest import bundled_tools, system_tools

MARKED = Event("e", "E", 1000.0, 1010.0, workflow_parameters={MARK: "true"})
PLAIN = Event("e", "E", 1000.0, 1010.0)
BEFORE = "ffmpeg -i cam -c copy {{dir}}/{{name}}.mkv"


def job(tmp_path: Path, command: str, event: Event, **live: object) -> Job:
    """Return what is run for an event."""
    ours = Live(**{"directory": tmp_path / "live", "events": "marked", **live})  # type: ignore[arg-type]
    [one] = jobs(Settings(live=ours, inputs={"cam": Input(command)}), event, tmp_path / "e")
    return one


@pytest.fixture(scope="module", params=[system_tools, bundled_tools])
def tools(request: pytest.FixtureRequest) -> Tools:
    make: Callable[[], Tools] = request.param
    return make()


@pytest.mark.parametrize("word", ["{{live}}", "{{live_copy}}"])
@pytest.mark.parametrize(("event", "rule"), [(PLAIN, "marked"), (MARKED, "off"), (PLAIN, "off")])
def test_nothing_where_the_event_is_not_streamed(tmp_path: Path, word: str, event: Event, rule: str) -> None:
    with_it = job(tmp_path, f"{BEFORE} {word} -y", event, events=rule).argv(1, 10)
    assert with_it == job(tmp_path, f"{BEFORE} -y", event).argv(1, 10)


@pytest.mark.parametrize(("event", "rule"), [(MARKED, "marked"), (PLAIN, "all")])
def test_the_words_of_an_output_where_it_is(tmp_path: Path, event: Event, rule: str) -> None:
    socket = tmp_path / "live" / "feed.sock"
    copied = job(tmp_path, f"{BEFORE} {{{{live_copy}}}} -y", event, events=rule).argv(1, 10)
    before = job(tmp_path, BEFORE, event).argv(1, 10)
    assert copied == [*before, *feed_output(None, socket, before), "-y"]
    one = job(tmp_path, f"{BEFORE} '{{{{live}}}}'", event, events=rule, resolution="720p")
    assert one.argv(1, 10) == [*before, *feed_output(Live(resolution="720p").profile, socket, before)]


def test_what_was_chosen_for_the_stream_goes_with_it(tmp_path: Path) -> None:
    chosen = f"{BEFORE} -map 0:1 -map 0:2 {{{{live_copy}}}}"
    assert job(tmp_path, chosen, PLAIN).argv(1, 10) == job(tmp_path, BEFORE, PLAIN).argv(1, 10)
    assert "-map 0:1 -map 0:2 -c:v copy" in " ".join(job(tmp_path, chosen, MARKED).argv(1, 10))


def test_an_address_with_blanks_stays_one_word(tmp_path: Path) -> None:
    words = job(tmp_path, f"{BEFORE} {{{{live_copy}}}}", MARKED, directory=tmp_path / "a b").argv(1, 10)
    assert words[-1] == f"unix:{tmp_path}/a b/feed.sock"


def test_files_and_all_that_a_restart_looks_for_stay_as_they_are(tmp_path: Path) -> None:
    plain = job(tmp_path, BEFORE, MARKED)
    streamed = job(tmp_path, f"{BEFORE} {{{{live}}}}", MARKED)
    assert streamed.files(2) == plain.files(2)
    assert streamed.self_ending == plain.self_ending
    assert streamed.log_file(1) == plain.log_file(1)
    assert replace(streamed, feeds=plain.feeds).argv(1, 5) == streamed.argv(1, 5)


WHOLE = "-re -f lavfi -i testsrc2=s=160x120:r=10"
SPLIT = "-filter_complex '[0:v]split[rec][small]'"
FILE = "-c:v libx264 -preset ultrafast -c:a aac {{dir}}/{{name}}.mkv"


@pytest.mark.parametrize("event", [PLAIN, MARKED])
@pytest.mark.parametrize(
    "words",
    [
        f"{WHOLE} -t {{{{time}}}} {FILE} {{{{live}}}}",
        f"{WHOLE} {SPLIT} -map [rec] -t {{{{time}}}} {FILE} -map [small] {{{{live}}}}",
        f"{WHOLE} -f lavfi -i sine {SPLIT} -map [rec] -t {{{{time}}}} {FILE} "
        "-map [small] -map 1:a {{live}}",
        f"-f lavfi -i sine {WHOLE} -map 0 -map 1 -t {{{{time}}}} {FILE} {{{{live}}}}",
        f"-re -i {{{{dir}}}}/sound.wav {WHOLE} -map 0 -map 1 -t {{{{time}}}} {FILE} {{{{live}}}}",
        f"-re -f lavfi -i sine -t {{{{time}}}} {FILE} {{{{live}}}}",
    ],
    ids=["time", "label", "labels", "sound-first", "sound-file-first", "sound-alone"],
)
def test_a_recording_is_whole_and_ends_by_itself(
    tools: Tools, tmp_path: Path, event: Event, words: str
) -> None:
    one = job(tmp_path, f"{tools.ffmpeg} -y -nostdin -v error {words}", event, resolution="240p", fps=10)
    one.make_folders()
    write_sound(one.folder / "sound.wav")
    done = subprocess.run(one.argv(1, 1), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    [file] = one.files(1)
    shown = subprocess.run([tools.ffmpeg, "-i", file], capture_output=True, text=True, check=False).stderr
    assert "Duration: 00:00:01." in shown


def write_sound(file: Path) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 3))


def test_a_length_ends_all_that_is_passed_on(tmp_path: Path) -> None:
    timed = f"{BEFORE} -t {{{{time}}}} x.mkv -map [a] {{{{live}}}}"
    assert job(tmp_path, timed, MARKED).argv(1, 7)[-3:-1] == ["-t", "7"]
    assert job(tmp_path, timed, PLAIN).argv(1, 7)[-7:] == ["-map", "[a]", "-t", "7", "-f", "null", "-"]
    assert job(tmp_path, f"{BEFORE} {{{{live}}}}", MARKED).argv(1, 7)[-3] != "-t"
