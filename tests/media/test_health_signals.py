"""FFmpeg's filters and the judge together, on made signals that have a fault and on such that have none."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.config.settings import Health
from pyca.core.alarm import AlarmKind
from pyca.media.ffmpeg import Tools
from pyca.media.health import picture_filters, sound_filters
from pyca.media.judge import SignalWatch

DEFAULTS = Health()
SECONDS = 24
BEGIN, END = 6, 20
KNOWN = 9.0
"""seconds after which a fault is in the report: the last one of ten is left to the poll"""
MOVING = f"testsrc2=s=320x180:r=25:d={SECONDS}"
BARS = f"smptebars=s=320x180:r=25:d={SECONDS}"
TONE = f"sine=f=440:r=48000:d={SECONDS}"
BETWEEN = f"enable='between(t,{BEGIN},{END})'"

MakeClip = Callable[..., Path]
Timeline = list[tuple[float, frozenset[AlarmKind]]]
"""which faults lasted when, in seconds of the media"""


def report(tools: Tools, inputs: list[str], health: Health = DEFAULTS) -> str:
    """What the filters print for an input, or for a picture and a sound."""
    chains = ["-map", "0:v", "-vf", picture_filters(health), "-f", "null", "-"]
    chains += ["-map", f"{inputs.count('-i') - 1}:a", "-af", sound_filters(health), "-f", "null", "-"]
    argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-v", "warning", *inputs, *chains]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def made(tools: Tools, picture: str, sound: str, health: Health = DEFAULTS) -> str:
    return report(tools, ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound], health)


def judge(text: str, health: Health = DEFAULTS) -> Timeline:
    """Feed a report as if it came in real time: the media's own time is the clock."""
    return list(_judged(text, health))


def _judged(text: str, health: Health) -> Iterator[tuple[float, frozenset[AlarmKind]]]:
    watch, now = SignalWatch(health), 0.0
    for line in text.splitlines(keepends=True):
        if "pts_time:" in line:
            now = max(now, float(line.rpartition(":")[2]))
        watch.feed(line, now)
        yield now, frozenset(fault.kind for fault in watch.faults())


def span(timeline: Timeline, kind: AlarmKind) -> tuple[float, float]:
    """When a fault was first and last known."""
    moments = [moment for moment, kinds in timeline if kind in kinds]
    assert moments, f"{kind} was not recognised"
    return moments[0], moments[-1]


def kinds(timeline: Timeline) -> set[AlarmKind]:
    return set().union(*(kinds for _, kinds in timeline))


PICTURES = {
    AlarmKind.BLACK: f"{MOVING},drawbox=t=fill:c=black:{BETWEEN}",
    AlarmKind.FROZEN: f"{MOVING},select='not(between(t,{BEGIN},{END}))',fps=25",
}
SOUNDS = {
    AlarmKind.SILENCE: f"{TONE},volume=0:{BETWEEN}",
    AlarmKind.CLIPPING: f"{TONE},volume=40dB:{BETWEEN}",
}


@pytest.mark.parametrize("kind", list(PICTURES))
def test_picture_fault_is_known_while_it_lasts(tools: Tools, kind: AlarmKind) -> None:
    timeline = judge(made(tools, PICTURES[kind], TONE))
    first, last = span(timeline, kind)
    assert BEGIN < first <= BEGIN + KNOWN
    assert END - 2 <= last <= END + 2
    assert kinds(timeline) == {kind}


@pytest.mark.parametrize("kind", list(SOUNDS))
def test_sound_fault_is_known_while_it_lasts(tools: Tools, kind: AlarmKind) -> None:
    timeline = judge(made(tools, MOVING, SOUNDS[kind]))
    first, last = span(timeline, kind)
    assert BEGIN < first <= BEGIN + KNOWN
    assert END - 2 <= last <= END + 6
    assert kinds(timeline) == {kind}


@pytest.mark.parametrize("picture", [MOVING, f"{MOVING},lutyuv=y=val/5+24", f"{BARS},noise=alls=6:allf=t"])
@pytest.mark.parametrize("sound", [TONE, f"anoisesrc=a=0.0056:d={SECONDS}"])
def test_sound_signal_has_no_fault(tools: Tools, picture: str, sound: str) -> None:
    """A moving picture, a dark one, and a still one with a camera's noise; a tone, and a quiet room."""
    timeline = judge(made(tools, picture, sound))
    assert len(timeline) > 5 * (SECONDS - 2)
    assert kinds(timeline) == set()


def test_short_black_and_silence_are_no_fault(tools: Tools) -> None:
    short = "enable='between(t,6,9.5)'"
    text = made(tools, f"{MOVING},drawbox=t=fill:c=black:{short}", f"{TONE},volume=0:{short}")
    assert "black_start" in text
    assert kinds(judge(text)) == set()


def test_slides_stand_still_rightly(tools: Tools) -> None:
    assert kinds(judge(made(tools, BARS, TONE))) == {AlarmKind.FROZEN}
    slides = replace(DEFAULTS, frozen_seconds=0)
    assert kinds(judge(made(tools, BARS, TONE, slides), slides)) == set()


def test_seconds_of_zero_switch_each_fault_off(tools: Tools) -> None:
    off = Health(silence_seconds=0, clipping_seconds=0, black_seconds=0, frozen_seconds=0, gap_seconds=0)
    black = f"color=c=black:s=320x180:r=25:d={SECONDS}"
    silent, loud = f"anullsrc=r=48000:d={SECONDS}", f"{TONE},volume=40dB"
    for sound in (silent, loud):
        assert kinds(judge(made(tools, black, sound, off), off)) == set()
        assert len(kinds(judge(made(tools, black, sound)))) == 2


def test_sound_that_ends_early(tools: Tools) -> None:
    first, last = span(judge(made(tools, MOVING, f"sine=r=48000:d={BEGIN}")), AlarmKind.GAP)
    assert BEGIN < first <= BEGIN + KNOWN
    assert last > SECONDS - 2


def test_picture_that_ends_early(tools: Tools) -> None:
    first, last = span(judge(made(tools, f"testsrc2=s=320x180:r=25:d={BEGIN}", TONE)), AlarmKind.GAP)
    assert BEGIN < first <= BEGIN + KNOWN
    assert last > SECONDS - 3


@pytest.mark.parametrize("offset", [0, 1.5, -1.5, 6, -6])
def test_drift(tools: Tools, clips: MakeClip, offset: float) -> None:
    """Sound and picture keep coming, but their clocks leap apart."""
    clip = clips("drift.mkv", seconds=SECONDS)
    leap = f"asetpts='PTS+if(gt(T,{BEGIN}),{offset}/TB)'"
    later = 10  # there is nothing before zero
    argv = [str(tools.ffmpeg), "-nostdin", "-v", "warning", "-i", str(clip)]
    argv += ["-map", "0:v", "-vf", f"setpts=PTS+{later}/TB,{picture_filters(DEFAULTS)}", "-f", "null", "-"]
    argv += [
        "-map",
        "0:a",
        "-af",
        f"asetpts=PTS+{later}/TB,{leap},{sound_filters(DEFAULTS)}",
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert (AlarmKind.GAP in kinds(judge(done.stdout))) is (abs(offset) > 4)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 96000])
def test_any_sample_rate_is_examined_once_a_second(tools: Tools, rate: int) -> None:
    tone = f"aevalsrc='0.94*sin(1000*t)|0.94*sin(1000*t)':s={rate}:d={SECONDS},aformat=s16"
    text = made(tools, MOVING, tone)
    assert SECONDS <= text.count("RMS_level=") <= SECONDS + 1
    assert kinds(judge(text)) == set()
    overdriven = made(tools, MOVING, f"{tone},volume=12dB,aformat=s16")
    assert kinds(judge(overdriven)) == {AlarmKind.CLIPPING}


def test_one_overdriven_channel_is_enough(tools: Tools) -> None:
    text = made(tools, MOVING, f"aevalsrc=0.1*sin(2000*t)|4*sin(2000*t):s=48000:d={SECONDS},aformat=s16")
    assert kinds(judge(text)) == {AlarmKind.CLIPPING}


def test_one_living_channel_is_no_silence(tools: Tools) -> None:
    text = made(tools, MOVING, f"aevalsrc=0|0.1*sin(2000*t):s=48000:d={SECONDS}")
    assert kinds(judge(text)) == set()


def test_report_is_small(tools: Tools) -> None:
    text = made(tools, PICTURES[AlarmKind.BLACK], SOUNDS[AlarmKind.SILENCE])
    assert len(text) / SECONDS < 200


@pytest.mark.parametrize("kind", list(PICTURES))
def test_copied_camera(tools: Tools, system: Tools, tmp_path: Path, kind: AlarmKind) -> None:
    """Only keyframes are decoded, and the recording is the camera's own stream."""
    camera, recording = tmp_path / "camera.ts", tmp_path / "recording.mkv"
    encode = "-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -pix_fmt yuv420p -c:a aac"
    sources = ["-f", "lavfi", "-i", PICTURES[kind], "-f", "lavfi", "-i", SOUNDS[AlarmKind.SILENCE]]
    argv = [str(system.ffmpeg), "-nostdin", "-v", "error", *sources, *encode.split(), str(camera)]
    subprocess.run(argv, check=True, timeout=60)
    copy = ["-skip_frame", "nokey", "-i", str(camera), "-map", "0", "-c", "copy", str(recording)]
    timeline = judge(report(tools, copy))
    start = 1.4  # seconds that MPEG-TS puts before everything
    for fault in (kind, AlarmKind.SILENCE):
        first, last = span(timeline, fault)
        assert BEGIN < first - start <= BEGIN + KNOWN
        assert last - start <= END + 3
    assert recording.stat().st_size > 100_000
