import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.media import probe as module
from pyca.media.ffmpeg import Tools
from pyca.media.probe import measure, probe
from pyca.media.run import Finished

pytestmark = pytest.mark.system
MakeClip = Callable[..., Path]


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_picture_and_sound(name: str, clips: MakeClip, tools: Tools) -> None:
    file = clips(name)
    result = probe(file, tools)
    assert [str(stream) for stream in result.streams] == [
        "video h264 160x120 25 fps",
        "audio aac 48000 Hz mono",
    ]
    assert result.duration == pytest.approx(2, abs=0.1)
    assert result.size == file.stat().st_size


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.opus", "libopus"), ("a.aac", "aac")],
)
def test_sound_only(name: str, codec: str, clips: MakeClip, tools: Tools) -> None:
    result = probe(clips(name, video="", audio=codec), tools)
    assert [str(s) for s in result.streams] == [f"audio {codec.removeprefix('lib')} 48000 Hz mono"]
    assert result.duration == pytest.approx(2, abs=0.1)


def test_webm(clips: MakeClip, tools: Tools) -> None:
    result = probe(clips("a.webm", video="libvpx -deadline realtime", audio="libopus"), tools)
    assert [s.codec for s in result.streams] == ["vp8", "opus"]


def test_bare_h264_has_no_clock(clips: MakeClip, tools: Tools) -> None:
    result = probe(clips("a.h264", audio=""), tools)
    assert [str(stream) for stream in result.streams] == ["video h264 160x120 25 fps"]
    assert result.duration is None


@pytest.mark.parametrize("name", ["same.mkv", "same.mp4", "same.mov", "same.ts", "same.avi"])
def test_both_ways_to_look_agree(name: str, clips: MakeClip, system: Tools) -> None:
    file = clips(name, fps=30, rate=44100)
    told, read = probe(file, system), probe(file, Tools(system.ffmpeg))
    assert told.streams == read.streams
    assert told.container == read.container
    assert told.duration == pytest.approx(read.duration, abs=0.02)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_cut_file_tells_its_real_length(share: float, clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    whole = clips("long.mkv", seconds=3)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert probe(cut, tools).duration == pytest.approx(3 * share, abs=0.4)


def test_killed_recording_tells_its_real_length(tools: Tools, tmp_path: Path) -> None:
    file = tmp_path / "killed.mkv"
    source = ["-re", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"]
    mkv = ["-cluster_time_limit", "1000", "-flush_packets", "1", "-metadata:s:v", "DURATION=00:01:30.000"]
    argv = [str(tools.ffmpeg), "-v", "error", "-progress", "pipe:1", "-stats_period", "0.1"]
    process = subprocess.Popen(
        [*argv, *source, *encode, *mkv, str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout as lines:
        for line in lines:
            if line.startswith("out_time_us=") and line[12:].strip().isdigit() and int(line[12:]) > 1_600_000:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    duration = probe(file, tools).duration
    assert duration is not None
    assert 0.5 < duration < 20


def test_single_stream_is_measured(clips: MakeClip, tools: Tools) -> None:
    file = clips("a.mkv")
    assert measure(file, tools, 1) == pytest.approx(2, abs=0.1)
    with pytest.raises(MediaError, match="tells no length"):
        measure(file, tools, 7)


@pytest.mark.parametrize("name", ["it's “Größe” %d.mkv", "-i.mkv", "http:x.mkv", "a b\nc.mkv", "*[1]?.mkv"])
def test_awkward_names(name: str, clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(clips("a.mkv").read_bytes())
    assert probe(file, tools).duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.txt", b"no media\n" * 5000),
        ("text.mkv", b"no media\n" * 500),
        ("text.mp4", b"no media\n"),
        ("list.mkv", b"ffconcat version 1.0\nfile 'a.mkv'\n"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:2\nhttp://127.0.0.1:9/a.ts\n"),
        ("garbage.mkv", bytes(range(1, 256)) * 500),
        ("zeros.mkv", bytes(50_000)),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    ],
)
def test_no_media(name: str, content: bytes, tools: Tools, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(MediaError, match=name):
        probe(file, tools)


def test_picture_is_no_recording(clips: MakeClip, tools: Tools) -> None:
    with pytest.raises(MediaError, match="no media file"):
        probe(clips("still.png", seconds=0.04, video="png", audio=""), tools)


def test_plain_mp4_without_end(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clips("a.mp4").read_bytes()[:-6000])
    with pytest.raises(MediaError, match="damaged"):
        probe(cut, tools)


def test_empty_missing_folder(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    with pytest.raises(MediaError, match="is empty"):
        probe(tmp_path / "empty.mkv", tools)
    with pytest.raises(MediaError, match="is missing"):
        probe(tmp_path / "missing.mkv", tools)
    with pytest.raises(MediaError, match="no regular file"):
        probe(tmp_path, tools)
    os.mkfifo(tmp_path / "pipe.mkv")
    with pytest.raises(MediaError, match="no regular file"):
        probe(tmp_path / "pipe.mkv", tools)
    with pytest.raises(MediaError, match="cannot be read"):
        probe(tmp_path / "empty.mkv" / "a.mkv", tools)


def test_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mkv").write_bytes(b"x")
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    with pytest.raises(MediaError, match="permission denied"):
        probe(tmp_path / "a.mkv", Tools(Path("ffmpeg")))


def test_file_that_hangs_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "ffprobe"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    (tmp_path / "a.mkv").write_bytes(b"x")
    monkeypatch.setattr(module, "_LIMIT", 0.2)
    with pytest.raises(MediaError, match="did not end"):
        probe(tmp_path / "a.mkv", Tools(hanging, hanging))


def test_guessed_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Input #0, mp3, from 'x':\n  Duration: 00:00:01.00\n  Stream #0:0: Audio: mp3, 48000 Hz, mono\n"
    log = "[mp3 @ 0x1] Format mp3 detected only with low score of 1, misdetection possible!\n"
    monkeypatch.setattr(module, "run", lambda argv, limit: Finished(1, "", log + text))
    (tmp_path / "noise").write_bytes(b"x")
    with pytest.raises(MediaError, match="no media file"):
        probe(tmp_path / "noise", Tools(Path("ffmpeg")))
