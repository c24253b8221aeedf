from collections.abc import Callable
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.media import remux as module
from pyca.media.copy import copy_streams
from pyca.media.ffmpeg import Tools
from pyca.media.probe import Probe, probe
from pyca.media.run import run

pytestmark = pytest.mark.system
MakeClip = Callable[..., Path]


def remux(path: Path, container: str, tools: Tools) -> Path:
    return module.remux(probe(path, tools), container, tools).path


@pytest.fixture
def recording(clips: MakeClip, tmp_path: Path) -> Path:
    file = tmp_path / "Hörsaal 'A'.mkv"
    file.write_bytes(clips("a.mkv").read_bytes())
    return file


@pytest.mark.parametrize("container", ["mp4", ".MOV", "ts"])
def test_copy_into_another_container(container: str, recording: Path, tools: Tools) -> None:
    target = remux(recording, container, tools)
    assert target == recording.with_suffix(f".{container.lower().lstrip('.')}")
    found = probe(target, tools)
    assert found.duration == pytest.approx(2, abs=0.2)
    assert found == module.remux(probe(recording, tools), container, tools)
    assert sorted(recording.parent.iterdir()) == sorted([recording, target])


def test_mp4_begins_with_its_index(recording: Path, tools: Tools) -> None:
    data = remux(recording, "mp4", tools).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_cut_file_becomes_a_proper_one(recording: Path, tools: Tools) -> None:
    recording.write_bytes(recording.read_bytes()[:-15000])
    before = probe(recording, tools).duration
    assert remux(recording, "mkv", tools) == recording
    after = probe(recording, Tools(tools.ffmpeg))
    assert after.duration == pytest.approx(before, abs=0.1)
    assert module.measure(recording, tools) == pytest.approx(before, abs=0.1)


def test_container_that_cannot_hold_the_codecs(recording: Path, tools: Tools) -> None:
    with pytest.raises(MediaError, match="cannot hold these codecs"):
        remux(recording, "webm", tools)
    assert list(recording.parent.iterdir()) == [recording]


def test_unknown_container(recording: Path, tools: Tools) -> None:
    with pytest.raises(MediaError, match="use one of mp4"):
        remux(recording, "docx", tools)


def test_bare_h264_is_left_as_it_is(clips: MakeClip, tools: Tools) -> None:
    with pytest.raises(MediaError, match="no timestamps"):
        remux(clips("a.h264", audio=""), "mp4", tools)


def test_time_code_is_left_behind(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    coded = tmp_path / "coded.mov"
    code = ["-i", str(clips("a.mkv")), "-c", "copy", "-timecode", "10:00:00:00", str(coded)]
    run([str(tools.ffmpeg), "-nostdin", "-v", "error", *code], 60)
    assert [stream.kind for stream in probe(coded, tools).streams] == ["video", "audio", "data"]
    assert [stream.kind for stream in probe(remux(coded, "mkv", tools), tools).streams] == ["video", "audio"]


def test_recording_that_claims_the_time_before_it(clips: MakeClip, tools: Tools, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    offset = ["-itsoffset", "30", "-i", str(clips("a.mkv")), "-c", "copy", "-copyts", str(late)]
    run([str(tools.ffmpeg), "-nostdin", "-v", "error", *offset], 60)
    assert (probe(late, tools).duration or 0) > 30
    target = remux(late, "mp4", tools)
    assert probe(target, tools).duration == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("fault", ["short", "lost"])
def test_differing_copy_is_thrown_away(
    fault: str, recording: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = probe(recording, tools)
    streams = real.streams[:1] if fault == "lost" else real.streams
    bad = Probe(real.path, real.size, real.container, streams, 1.0)
    monkeypatch.setattr(module, "probe", lambda path, tools: real if path == recording else bad)
    with pytest.raises(MediaError, match="lacks streams" if fault == "lost" else "lasts 1.0 s"):
        remux(recording, "mp4", tools)
    assert list(recording.parent.iterdir()) == [recording]


def test_full_disk_that_ffmpeg_takes_for_success(recording: Path, tools: Tools, tmp_path: Path) -> None:
    careless = tmp_path / "careless"
    careless.write_text("#!/bin/sh\necho 'Error writing trailer of x: No space left on device' >&2\n")
    careless.chmod(0o755)
    with pytest.raises(MediaError, match="disk is full"):
        copy_streams(["-i", "x"], tmp_path / "x.mp4", Tools(careless), limit=60, check=lambda path: None)
    assert not (tmp_path / "x.mp4").exists()


def test_folder_that_is_gone(recording: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(temporary: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pyca.media.copy.replace_durably", fail)
    with pytest.raises(MediaError, match="Permission denied"):
        remux(recording, "mp4", tools)
    assert list(recording.parent.iterdir()) == [recording]
