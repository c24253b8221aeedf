import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import MediaError
from pyca.media import join as module
from pyca.media.ffmpeg import Tools
from pyca.media.join import comparable, concat_list, join, quote
from pyca.media.probe import Probe, measure, probe
from pyca.media.streams import Stream

MakeClip = Callable[..., Path]
VIDEO = Stream("video", "h264", "High", 640, 360, "yuv420p", 25.0, 1000.0)
AUDIO = Stream("audio", "aac", "LC", sample_rate=48000, layout="mono")
PART = Probe(Path("a.mkv"), 1000, "matroska,webm", (VIDEO, AUDIO), 4.0)


@pytest.mark.system
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_plain_join_closes_the_gap(suffix: str, clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    parts = [clips(f"a.{suffix}"), clips(f"b.{suffix}", seconds=1)]
    target = join(parts, tmp_path / f"joined.{suffix}", tools)
    assert probe(target, tools).duration == pytest.approx(3, abs=0.2)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.system
def test_join_keeps_the_wall_clock(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    part = clips("a.mkv")
    target = join([part, part, part], tmp_path / "joined.mkv", tools, starts=[1000.0, 1003.5, 1010.0])
    assert measure(target, tools) == pytest.approx(12, abs=0.2)
    assert measure(target, tools, 0) == pytest.approx(12, abs=0.2)


@pytest.mark.system
def test_stepped_clock_does_not_overlap(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    part = clips("a.mkv")
    target = join([part, part], tmp_path / "joined.mkv", tools, starts=[1000.0, 940.0])
    assert measure(target, tools) == pytest.approx(4, abs=0.2)


@pytest.mark.system
def test_cut_part(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(clips("a.mkv").read_bytes()[:-15000])
    real = measure(cut, tools)
    target = join([cut, clips("b.mkv", seconds=1)], tmp_path / "joined.mkv", tools)
    assert probe(target, tools).duration == pytest.approx(real + 1, abs=0.2)


@pytest.mark.system
def test_awkward_names(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    folder = tmp_path / "Hörsaal 'A' \\ “1”"
    folder.mkdir()
    parts = []
    for name in ("it's.mkv", "'", "# x.mkv", " ü\\'"):
        parts.append(folder / name)
        parts[-1].write_bytes(clips("b.mkv", seconds=1).read_bytes())
    assert measure(join(parts, folder / "alle 'Teile'.mkv", tools), tools) == pytest.approx(4, abs=0.6)


@pytest.mark.system
@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("size.mkv", {"size": "320x240"}, "320x240"),
        ("fps.mkv", {"fps": 30}, "30 fps"),
        ("rate.mkv", {"rate": 44100}, "44100"),
        ("mute.mkv", {"audio": ""}, "2 and 1 streams"),
        ("codec.mkv", {"video": "mpeg4"}, "mpeg4"),
        ("order.mkv", {"swap": True}, "video h264"),
        ("profile.mkv", {"video": "libx264 -profile:v main -preset veryfast -pix_fmt yuv420p"}, "Main"),
        ("a.ts", {}, "container"),
    ],
)
def test_unlike_parts(
    name: str, options: dict[str, str], reason: str, clips: MakeClip, tools: Tools, tmp_path: Path
) -> None:
    parts = [clips("a.mkv"), clips(name, **options)]
    assert reason in (comparable([probe(part, tools) for part in parts]) or "")
    with pytest.raises(MediaError, match="cannot be joined"):
        join(parts, tmp_path / "joined.mkv", tools)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.system
def test_lost_sound_is_noticed(
    clips: MakeClip, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "comparable", lambda parts: None)
    swapped = clips("order.mkv", swap=True)
    with pytest.raises(MediaError, match="joined parts"):
        join([clips("a.mkv"), swapped], tmp_path / "joined.mkv", tools)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.system
def test_existing_file_survives_a_failure(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    target = tmp_path / "joined.webm"
    target.write_text("precious")
    with pytest.raises(MediaError, match="cannot hold these codecs"):
        join([clips("a.mkv"), clips("a.mkv")], target, tools)
    assert target.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["joined.webm"]


def test_nothing_to_join(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="nothing to join"):
        join([], tmp_path / "x.mkv", Tools(Path("ffmpeg")))
    with pytest.raises(MediaError, match="one start for each"):
        join([tmp_path / "a"], tmp_path / "x.mkv", Tools(Path("ffmpeg")), starts=[])


def test_equal_parts_are_comparable() -> None:
    measured = replace(PART, streams=(replace(VIDEO, fps=24.8), AUDIO))
    assert comparable([PART, PART, measured]) is None
    plain = replace(PART, streams=(VIDEO, replace(AUDIO, profile="LTP")))
    assert comparable([PART, plain]) is None


@pytest.mark.parametrize(
    "changed",
    [
        replace(PART, streams=(replace(VIDEO, fps=24.0), AUDIO)),
        replace(PART, streams=(replace(VIDEO, ticks=90000.0), AUDIO)),
        replace(PART, streams=(VIDEO, replace(AUDIO, layout="stereo"))),
        replace(PART, streams=(VIDEO, replace(AUDIO, profile="HE-AAC"))),
        replace(PART, streams=(replace(VIDEO, profile="Main"), AUDIO)),
        replace(PART, duration=None),
    ],
)
def test_last_part_unlike(changed: Probe) -> None:
    assert comparable([PART, PART, changed])


def test_list_with_wall_clock() -> None:
    assert concat_list([Path("/a's"), Path("/b")], [2.5, 1.0]) == (
        "ffconcat version 1.0\nfile 'file:/a'\\''s'\nduration 2.500000\nfile 'file:/b'\n"
    )


@pytest.mark.parametrize("name", ["a\nb", "a\r", "\0"])
def test_line_ends_cannot_be_listed(name: str) -> None:
    with pytest.raises(MediaError, match="rename"):
        quote(name)


def unquote(text: str) -> str:
    """Read a token as FFmpeg's documentation on quoting and escaping has it."""
    assert re.fullmatch(r"(?:'[^']*'|\\.)*", text, re.DOTALL)
    return re.sub(r"'([^']*)'|\\(.)", lambda match: match[1] or match[2] or "", text, flags=re.DOTALL)


@given(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"])))
def test_quoting_keeps_every_name(name: str) -> None:
    assert unquote(quote(name)) == name
