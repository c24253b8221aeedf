"""Which encoder is taken, and what is said where there is none."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.plan import Plan
from pyca.live.service.planning import check
from pyca.live.source.binary import binary_at
from pyca.live.source.encoders import HARDWARE, choose_encoder, trouble_of
from pyca.live.source.encoding import camera_command
from pyca.live.source.readiness import check_abilities
from pyca.media.ffmpeg import Tools
from tests.made_streams import around

TEST = Source("test")
SMALL = Profile("240p", 400_000, "1kHz", 25)


def test_unknown_encoder(system: Tools, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no H.264 encoder .*libx264"):
        camera_command(SMALL, Source("test", "h265_magic"), around(system, tmp_path), 3)


def fake_ffmpeg(folder: Path, encoders: str = "", protocols: str = "rtmp") -> Tools:
    """An FFmpeg that lists what it is told to list, and fails at everything else."""
    path = folder / "ffmpeg"
    lines = "".join(f" V....D {name} words\\n" for name in encoders.split())
    path.write_text(
        f"""#!/bin/sh
case "$*" in
    *-encoders) printf 'Encoders:\\n ------\\n{lines}' ;;
    *-demuxers) printf 'Formats:\\n --\\n D  lavfi words\\n' ;;
    *-protocols) printf 'Input:\\n  file\\nOutput:\\n  {protocols}\\n' ;;
    *) exit 1 ;;
esac
"""
    )
    path.chmod(0o755)
    return Tools(path)


def test_encoder_that_this_ffmpeg_lacks(tmp_path: Path) -> None:
    surroundings = around(fake_ffmpeg(tmp_path, "libx264 h264_qsv aac"), tmp_path)
    with pytest.raises(MediaError, match=r"no encoder “h264_nvenc”.*h264_qsv, libx264"):
        camera_command(SMALL, Source("test", "h264_nvenc"), surroundings, 3)


@pytest.mark.parametrize(
    ("encoders", "schemes", "words"),
    [
        ("aac", ["rtmp"], "no encoder “libx264”"),
        ("libx264", ["rtmp"], "no encoder “aac”"),
        ("libx264 aac", ["rtmp", "srt"], "cannot send to srt://"),
    ],
)
def test_lacking_abilities_are_told_before_anything_starts(
    encoders: str, schemes: list[str], words: str, tmp_path: Path
) -> None:
    surroundings = around(fake_ffmpeg(tmp_path, encoders), tmp_path)
    with pytest.raises(MediaError, match=words):
        check_abilities(SMALL, TEST, surroundings, schemes)


def test_chip_that_this_machine_has_not_is_told_before_anything_starts(tmp_path: Path) -> None:
    tools = fake_ffmpeg(tmp_path, "libx264 h264_nvenc aac")
    tools.ffmpeg.write_text(
        tools.ffmpeg.read_text("utf-8").replace(
            "exit 1", "echo '[h264_nvenc @ 0x5] Cannot load libcuda' >&2; exit 1"
        )
    )
    with pytest.raises(MediaError, match=r"“h264_nvenc” does not work on this machine: Cannot load libcuda"):
        check_abilities(SMALL, Source("test", "h264_nvenc"), around(tools, tmp_path))


def test_what_a_service_cannot_stream_is_refused_before_it_begins(system: Tools, tmp_path: Path) -> None:
    here = around(system, tmp_path)
    text = tmp_path / "talk.txt"
    text.write_text("no film")
    for source, words in (
        (Source(str(tmp_path / "missing.mp4")), "is no file"),
        (Source(str(text), "copy"), "cannot be read"),
    ):
        with pytest.raises(MediaError, match=words):
            check(Plan(SMALL, source, ()), here)
    # Cameras come and go.
    check(Plan(SMALL, Source("v4l2:/dev/video987", "copy"), ()), here)
    check(Plan(SMALL, Source("rtsp://127.0.0.1:1/", "copy"), ()), here)


@pytest.mark.parametrize(
    ("audio", "words"), [("alsa:hw:77", "no such sound card"), ("pulse:mic", "cannot read from “pulse”")]
)
def test_sound_that_is_not_there(audio: str, words: str, tmp_path: Path) -> None:
    surroundings = around(fake_ffmpeg(tmp_path, "libx264 aac"), tmp_path)
    with pytest.raises(MediaError, match=words):
        check_abilities(replace(SMALL, audio=audio), TEST, surroundings)


def test_abilities_that_are_there(tools: Tools, tmp_path: Path) -> None:
    check_abilities(SMALL, TEST, around(tools, tmp_path), ["rtmp", "rtmps", "srt"])


def test_chip_that_does_not_work_is_not_chosen(tmp_path: Path) -> None:
    for device in HARDWARE.values():
        (tmp_path / device).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / device).touch()
    binary = binary_at(fake_ffmpeg(tmp_path, "libx264 h264_nvenc h264_vaapi h264_v4l2m2m").ffmpeg)
    assert choose_encoder("auto", binary, SMALL, tmp_path) == "libx264"


def test_chip_that_works_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video11").touch()
    tools = fake_ffmpeg(tmp_path, "libx264 h264_nvenc h264_v4l2m2m")
    tools.ffmpeg.write_text(tools.ffmpeg.read_text().replace("exit 1", "exit 0"))
    assert choose_encoder("auto", binary_at(tools.ffmpeg), SMALL, tmp_path) == "h264_v4l2m2m"


@pytest.mark.parametrize("encoder", ["h264_nvenc", "h264_vaapi", "h264_qsv", "h264_v4l2m2m"])
def test_options_of_chips_are_those_that_ffmpeg_knows(encoder: str, tools: Tools, tmp_path: Path) -> None:
    """No such chip is here: FFmpeg complains about the device, and about no option."""
    argv = camera_command(
        replace(SMALL, quality=20), Source("test", encoder), around(tools, tmp_path), 2
    ).argv
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode
    for words in ("Unrecognized option", "not found", "Unable to parse", "Error setting option", "Option"):
        assert words not in done.stderr.replace("Device", ""), done.stderr


def test_a_chip_that_failed_once_is_tried_again(tmp_path: Path) -> None:
    tools = fake_ffmpeg(tmp_path, "h264_nvenc")
    binary = binary_at(tools.ffmpeg)
    assert "without a word" in trouble_of("h264_nvenc", binary, SMALL)
    tools.ffmpeg.write_text(tools.ffmpeg.read_text().replace("exit 1", f"touch {tmp_path}/tried"))
    assert trouble_of("h264_nvenc", binary, SMALL) == ""
    (tmp_path / "tried").unlink()
    assert trouble_of("h264_nvenc", binary, SMALL) == ""
    assert not (tmp_path / "tried").exists()
