"""Programs follow each other without a seam: at key frames, on one clock, and with what decoders need."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.live import AUDIO_RATE, Program
from pyca.live.engine import director
from pyca.live.engine.director import Director
from pyca.live.flow import flv
from pyca.live.flow.flv import Kind, Reader, Tag
from pyca.live.flow.silence import SETUP, Silence
from tests.live_tools import FACTS, FFMPEG, audio_setup, inter, key, sound, video_setup

CAMERA, SLATE, RECORDER = Program.CAMERA, Program.SLATE, Program.RECORDER
OTHER_AVCC = b"\x01\x64\x00\x28\xff\xe1\x00\x02\x67\x64\x01\x00\x02\x68\xee"


def begin(avcc: bytes = video_setup().body[5:]) -> list[Tag]:
    return [flv.metadata({**FACTS, "duration": 5.0}), video_setup(avcc), audio_setup()]


def made(*programs: Program) -> Director:
    """A director that may show some programs, each of which has begun and sent no picture yet."""
    found = Director()
    found.allow(programs)
    for program in programs:
        found.take(program, begin(), 100.0)
    return found


def frames(tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if not tag.is_setup]


def test_nothing_is_shown_before_a_key_frame() -> None:
    stage = made(CAMERA)
    assert stage.intro() == flv.HEADER
    assert stage.take(CAMERA, [inter(0), sound(10)], 100.1) == []
    assert stage.shown is Program.NOTHING
    sent = stage.take(CAMERA, [key(40), sound(50), inter(80)], 100.5)
    assert stage.shown is CAMERA
    assert [tag.time for tag in frames(sent)] == [500, 510, 540]


def test_a_program_without_its_configuration_is_not_shown() -> None:
    stage = Director()
    stage.allow([CAMERA])
    assert stage.take(CAMERA, [key(0)], 100.0) == []
    assert stage.take(CAMERA, [video_setup(b""), key(40)], 100.0) == []


def test_a_joint_begins_with_what_decoders_do_not_know_yet() -> None:
    stage = made(CAMERA, SLATE, RECORDER)
    head = stage.take(CAMERA, [key(0)], 101.0)[:-1]
    assert [tag.kind for tag in head] == [Kind.SCRIPT, Kind.VIDEO, Kind.AUDIO]
    assert {tag.time for tag in head} == {1000}
    assert flv.number(head[0], "width") == FACTS["width"]
    assert flv.number(head[0], "duration") is None
    more = Tag(Kind.AUDIO, 0, audio_setup().body + b"\x56\xe5\x00")
    stage.take(SLATE, [video_setup(OTHER_AVCC), more], 101.5)
    stage.allow([SLATE])
    assert [tag.body for tag in stage.take(SLATE, [key(0)], 102.0)[:-1]] == [video_setup(OTHER_AVCC).body]
    stage.allow([RECORDER])
    # A destination that comes now, while nothing is shown, knows the same as the others.
    assert [tag.kind for tag in Reader().feed(stage.intro())] == [Kind.SCRIPT, Kind.VIDEO, Kind.AUDIO]
    assert [tag.body for tag in stage.take(RECORDER, [key(0)], 103.0)[:-1]] == [video_setup().body]


def test_the_better_program_is_awaited_while_the_other_goes_on() -> None:
    stage = made(CAMERA, SLATE)
    assert frames(stage.take(SLATE, [key(0)], 100.0))
    assert stage.take(CAMERA, [inter(0)], 101.0) == []
    assert frames(stage.take(SLATE, [inter(1000)], 101.0))
    assert frames(stage.take(CAMERA, [key(40)], 101.1))
    assert stage.shown is CAMERA
    assert stage.take(SLATE, [key(2000)], 102.0) == []


def test_what_may_not_be_shown_any_more_leaves_at_once() -> None:
    stage = made(CAMERA, SLATE)
    stage.take(CAMERA, [key(0)], 100.0)
    stage.allow([SLATE])
    assert stage.take(CAMERA, [inter(40), key(80), sound(90)], 100.1) == []
    assert not frames(Reader().feed(stage.intro()))
    assert frames(stage.take(SLATE, [key(0)], 100.4))[0].time == 400


def test_a_lost_program_comes_back_at_its_next_key_frame() -> None:
    stage = made(CAMERA, SLATE)
    stage.take(CAMERA, [key(0), inter(40)], 100.0)
    stage.lost(CAMERA)
    assert stage.shown is Program.NOTHING
    assert frames(stage.take(SLATE, [key(0)], 100.5))[0].time == 500
    stage.take(CAMERA, begin(), 101.0)
    assert frames(stage.take(CAMERA, [key(7)], 101.0))[0].time == 1000


def test_sound_keeps_its_relation_to_the_picture() -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(5000)], 100.0)
    sent = frames(stage.take(CAMERA, [sound(5021), inter(5040), sound(5042)], 100.7))
    assert [tag.time for tag in sent] == [21, 40, 42]


def test_sound_from_before_the_joint_is_left_out() -> None:
    stage = made(CAMERA, SLATE)
    stage.take(SLATE, [key(0), sound(0), sound(400)], 100.0)
    sent = frames(stage.take(CAMERA, [key(1000), sound(900), sound(1020)], 100.4))
    assert [(tag.kind, tag.time) for tag in sent] == [(Kind.VIDEO, 401), (Kind.AUDIO, 421)]


def test_two_programs_never_have_a_picture_at_the_same_time() -> None:
    stage = made(CAMERA, SLATE)
    stage.take(SLATE, [key(0), inter(400)], 100.0)
    assert frames(stage.take(CAMERA, [key(1000)], 100.4))[0].time == 440


@pytest.mark.parametrize("jump", [60_000, -60_000])
def test_a_program_whose_clock_jumps_is_joined_anew(jump: int) -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(100_000)], 100.0)
    assert frames(stage.take(CAMERA, [inter(100_040 + jump)], 100.0)) == []
    sent = frames(stage.take(CAMERA, [key(102_000 + jump)], 102.0))
    assert [tag.time for tag in sent] == [2000]


def test_a_small_step_back_is_mended_at_a_key_frame() -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(0), inter(1000)], 100.0)
    sent = frames(stage.take(CAMERA, [key(500), inter(540)], 101.5))
    assert [tag.time for tag in sent] == [1500, 1540]


def test_what_runs_ahead_is_held_back() -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(0)], 100.0)
    for time in range(1000, 60_000, 1000):
        stage.take(CAMERA, [key(time)], 100.5)
    sent = frames(stage.take(CAMERA, [key(70_000)], 106.0))
    assert [tag.time for tag in sent] == [6000]


def test_the_mark_at_the_end_of_an_encoder_is_not_sent_on() -> None:
    stage = made(CAMERA)
    sent = stage.take(CAMERA, [key(0), Tag(Kind.VIDEO, 40, b"\x17\x02\x00\x00\x00")], 100.0)
    assert frames(sent) == [Tag(Kind.VIDEO, 0, key(0).body)]


def test_a_configuration_that_changes_is_sent_on() -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(0)], 100.0)
    assert stage.take(CAMERA, [video_setup()], 100.1) == []
    assert stage.take(CAMERA, [video_setup(OTHER_AVCC)], 100.1) == [video_setup(OTHER_AVCC)]
    assert video_setup(OTHER_AVCC) in Reader().feed(stage.intro())


def test_the_introduction_holds_all_since_the_last_key_frame() -> None:
    stage = made(CAMERA)
    stage.take(CAMERA, [key(0), inter(40), key(80, b"new"), sound(90), inter(120)], 100.0)
    tags = Reader().feed(stage.intro())
    assert [tag.kind for tag in tags[:3]] == [Kind.SCRIPT, Kind.VIDEO, Kind.AUDIO]
    assert tags[3:] == [key(80, b"new"), sound(90), inter(120)]
    # Later than at the beginning, FFmpeg would take what is told of a stream for subtitles.
    assert [tag.time for tag in tags[:3]] == [0, 80, 80]


def test_the_introduction_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(director, "LONGEST_INTRO", 100)
    stage = made(CAMERA)
    stage.take(CAMERA, [key(0, bytes(60)), inter(40, bytes(60))], 100.0)
    assert not frames(Reader().feed(stage.intro()))
    stage.take(CAMERA, [key(2000)], 102.0)
    assert key(2000) in Reader().feed(stage.intro())


def test_a_program_without_sound_gets_silence() -> None:
    stage = made(SLATE)
    stage.allow([CAMERA, SLATE])
    stage.take(SLATE, [key(0), sound(0), sound(80)], 100.0)
    stage.take(CAMERA, begin()[:2], 100.1)
    sent = stage.take(CAMERA, [key(0), inter(40), inter(80)], 100.5)
    assert not [tag for tag in sent if tag.kind == Kind.AUDIO and tag.is_setup]
    assert [tag.time for tag in sent if tag.kind == Kind.AUDIO] == [500, 521, 542, 564]
    assert {tag.body for tag in sent if tag.kind == Kind.AUDIO} == {Silence().until(0)[0].body}
    stage.take(CAMERA, [audio_setup()], 100.6)
    heard = frames(stage.take(CAMERA, [inter(120), sound(130)], 100.6))
    assert [(tag.kind, tag.time) for tag in heard] == [(Kind.VIDEO, 620), (Kind.AUDIO, 630)]


def test_a_stream_that_begins_without_sound_has_silence_from_the_start() -> None:
    stage = Director()
    stage.allow([CAMERA])
    stage.take(CAMERA, begin()[:2], 100.0)
    sent = stage.take(CAMERA, [key(0)], 100.0)
    assert [tag.kind for tag in sent if tag.is_setup] == [Kind.SCRIPT, Kind.VIDEO, Kind.AUDIO]
    assert [tag.time for tag in frames(sent)] == [0, 0]


@pytest.mark.skipif(FFMPEG is None, reason="FFmpeg is not installed")
def test_silence_is_silent(tmp_path: Path) -> None:
    quiet = Silence()
    data = b"".join(tag.encode() for tag in (SETUP, *quiet.until(2000)))
    argv = [str(FFMPEG), "-v", "error", "-xerror", "-f", "flv", "-i", "pipe:0", "-f", "s16le", "pipe:1"]
    found = subprocess.run(argv, input=flv.HEADER + data, capture_output=True, check=True, timeout=60)
    assert not found.stderr
    assert not any(found.stdout)
    assert len(found.stdout) / (4 * AUDIO_RATE) == pytest.approx(2, abs=0.1)


def test_size_is_remembered_over_the_end_of_a_program() -> None:
    stage = made(CAMERA)
    stage.lost(CAMERA)
    assert stage.size(CAMERA) == (640, 360)
    assert stage.size(SLATE) is None


steps = st.lists(
    st.tuples(
        st.sampled_from(["key", "inter", "sound", "lost", "blind", "seen"]),
        st.sampled_from([CAMERA, SLATE, RECORDER]),
        st.integers(-20_000, 200_000),
        st.floats(0, 4),
    ),
    max_size=60,
)


@given(steps)
def test_time_never_goes_back_and_never_leaves_the_present(
    items: list[tuple[str, Program, int, float]],
) -> None:
    stage = made(RECORDER, CAMERA, SLATE)
    moment, times = 100.0, {int(Kind.AUDIO): -1, int(Kind.VIDEO): -1}
    makers = {"key": key, "inter": inter, "sound": sound}
    for what, program, time, pause in items:
        moment += pause
        if what == "lost":
            stage.lost(program)
            stage.take(program, begin(), moment)
        elif what in ("blind", "seen"):
            stage.allow([SLATE] if what == "blind" else [RECORDER, CAMERA, SLATE])
        else:
            for tag in frames(stage.take(program, [makers[what](max(time, 0))], moment)):
                assert tag.time > times[tag.kind]
                assert abs(tag.time - (moment - 100) * 1000) <= director.ASTRAY * 1000 + 1000
                times[tag.kind] = tag.time
