"""What the streamer's encoder makes: probed in what comes out of it."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.live import Profile, Size, Source
from pyca.live.flow.flv import Kind
from pyca.live.source.slate import escape, slate_command
from pyca.media.ffmpeg import Tools
from tests.made_streams import around, make, tone, watch

TEST = Source("test")
SMALL = Profile("240p", 400_000, "1kHz", 25)


def test_test_source(tools: Tools, tmp_path: Path) -> None:
    made = make(SMALL, TEST, around(tools, tmp_path), 102)
    assert made.key_times()[1] - made.key_times()[0] == made.key_times()[2] - made.key_times()[1] == 2000
    assert round(made.fps()) == 25
    bits = 8 * sum(len(tag.body) for tag in made.frames()[:100]) / 4
    assert 0.85 * SMALL.bitrate < bits < 1.15 * SMALL.bitrate
    assert tone(made.sound(tools.ffmpeg), 1000) > 0.9
    assert b"frame=" in made.progress
    # Length and size would have to be written into the beginning, which has left long since.
    assert b"filesize" not in made.data


def test_camera_and_slate_have_the_same_parameter_sets(tools: Tools, tmp_path: Path) -> None:
    surroundings = around(tools, tmp_path, text="Back soon")
    for profile in (SMALL, replace(SMALL, quality=25)):
        camera = make(profile, TEST, surroundings, 2)
        slate = watch(slate_command(profile, None, surroundings), 2)
        for kind in (Kind.VIDEO, Kind.AUDIO):
            assert camera.setup(kind) == slate.setup(kind) != []


def test_better_quality_costs_more_and_never_more_than_the_bitrate(system: Tools, tmp_path: Path) -> None:
    def size(quality: int) -> int:
        made = make(replace(SMALL, quality=quality), TEST, around(system, tmp_path), 52)
        return sum(len(tag.body) for tag in made.frames()[:50])

    with ThreadPoolExecutor() as pool:
        sizes = list(pool.map(size, (40, 10)))
    # Two seconds, and the one that a decoder has stored before.
    assert sizes[0] < sizes[1] < 3 * SMALL.bitrate / 8


def test_flips(system: Tools, tmp_path: Path) -> None:
    picture = tmp_path / "half.pgm"
    picture.write_bytes(b"P5 4 2 255\n" + bytes([255, 255, 0, 0, 0, 0, 0, 0]))
    film = tmp_path / "half.png"
    watch_once([str(system.ffmpeg), "-v", "error", "-i", str(picture), str(film)])
    corners = []
    for flips in ({}, {"hflip": True}, {"vflip": True}):
        made = make(SMALL, Source(str(film), **flips), around(system, tmp_path), 3)
        grey, width = made.picture(system.ffmpeg)
        corners.append(
            [grey[20 * width + 30] > 128, grey[20 * width - 31] > 128, grey[-20 * width + 30] > 128]
        )
    assert corners == [[True, False, False], [False, True, False], [False, False, True]]


def test_slate_shows_text_and_is_silent(tools: Tools, tmp_path: Path) -> None:
    empty = watch(slate_command(SMALL, None, around(tools, tmp_path)), 3)
    text = watch(slate_command(SMALL, None, around(tools, tmp_path, text="a: b'c, %{x} \\ [ü];=")), 3)
    assert max(text.picture(tools.ffmpeg)[0]) > max(empty.picture(tools.ffmpeg)[0]) + 100
    assert not any(text.sound(tools.ffmpeg))


def test_slate_without_text_where_nothing_can_be_written(
    system: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.live.source.slate._can_write", lambda _ffmpeg, _words: False)
    argv = slate_command(SMALL, None, around(system, tmp_path, text="Back soon"))
    assert "drawtext" not in " ".join(argv)


def test_slate_in_the_size_of_a_copied_camera(system: Tools, tmp_path: Path) -> None:
    argv = slate_command(SMALL, Size(320, 200, 0), around(system, tmp_path, text="x"))
    assert "pad=320:200" in argv[argv.index("-vf") + 1]


def test_slate_with_a_picture(system: Tools, tmp_path: Path) -> None:
    picture = tmp_path / "white:[1].png"
    make_white = ["-f", "lavfi", "-i", "color=white:s=64x64", "-frames:v", "1", "-update", "1"]
    watch_once([str(system.ffmpeg), "-v", "error", *make_white, f"file:{picture}"])
    surroundings = replace(around(system, tmp_path), slate=picture)
    grey, width = watch(slate_command(SMALL, None, surroundings), 3).picture(system.ffmpeg)
    assert grey[45 * width + 80] > 200 > 100 > grey[45 * width + 5]


def watch_once(argv: list[str]) -> None:
    subprocess.run(argv, check=True, timeout=30)


@pytest.mark.parametrize(
    ("text", "escaped"), [("a:b", "a\\\\:b"), ("it's", "it\\\\\\'s"), ("[x]", "\\[x\\]"), ("\\", "\\\\\\\\")]
)
def test_escape(text: str, escaped: str) -> None:
    assert escape(text) == escaped
