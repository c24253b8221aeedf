import os
import sys
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.media import ffmpeg
from pyca.media.ffmpeg import Tools, find_ffmpeg, find_ffprobe, find_tools, substitute


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name in ("ffmpeg", "ffprobe", "other"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    return tmp_path


def test_operators_choice_comes_first(programs: Path) -> None:
    environ = {"PYCA_FFMPEG": str(programs / "other"), "PATH": str(programs)}
    assert find_ffmpeg(environ) == programs / "other"
    assert find_ffprobe(environ) == programs / "ffprobe"


def test_path_comes_second(programs: Path) -> None:
    environ = {"PATH": str(programs)}
    assert find_tools(environ) == Tools(programs / "ffmpeg", programs / "ffprobe")


def test_bundled_comes_last(tmp_path: Path) -> None:
    bundled = pytest.importorskip("imageio_ffmpeg")
    tools = find_tools({"PATH": str(tmp_path)})
    assert tools == Tools(Path(bundled.get_ffmpeg_exe()), None)


def test_none_at_all_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MediaError, match="install"):
        find_ffmpeg({"PATH": str(tmp_path)})


def test_wrong_choice_is_not_passed_over(programs: Path) -> None:
    with pytest.raises(MediaError, match="PYCA_FFMPEG names “/nowhere/ffmpeg”"):
        find_ffmpeg({"PYCA_FFMPEG": "/nowhere/ffmpeg", "PATH": str(programs)})


def test_no_ffprobe_beside_the_chosen_ffmpeg(programs: Path) -> None:
    (programs / "ffprobe").unlink()
    assert find_ffprobe({"PYCA_FFMPEG": str(programs / "ffmpeg"), "PATH": os.defpath}) is None


def test_command_runs_the_found_ffmpeg(programs: Path) -> None:
    environ = {"PATH": str(programs)}
    assert substitute(["ffmpeg", "-i", "ffmpeg"], environ) == [str(programs / "ffmpeg"), "-i", "ffmpeg"]


@pytest.mark.parametrize("argv", [["/opt/ffmpeg", "-i"], ["gst-launch-1.0", "ffmpeg"], ["rpicam-vid"], []])
def test_other_commands_stay(argv: list[str], tmp_path: Path) -> None:
    assert substitute(argv, {"PATH": str(tmp_path)}) == argv


def test_bundled_without_binary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundled = pytest.importorskip("imageio_ffmpeg")

    def missing() -> str:
        raise RuntimeError("no binary in this wheel")

    monkeypatch.setattr(bundled, "get_ffmpeg_exe", missing)
    with pytest.raises(MediaError, match="no FFmpeg"):
        ffmpeg.find_ffmpeg({"PATH": str(tmp_path)})
