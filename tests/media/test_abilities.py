"""What FFmpeg says that it can do."""

import os
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.media.abilities import abilities
from pyca.media.demands import demands
from pyca.media.ffmpeg import find_ffmpeg


def program(folder: Path, script: str) -> Path:
    file = folder / "ffmpeg"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_the_real_one() -> None:
    can = abilities(find_ffmpeg(os.environ))
    assert can.version[0].isalnum()
    # h264 is no encoder's name, but FFmpeg takes the codec's for its best encoder.
    assert {"libx264", "h264", "aac"} <= can.encoders
    assert {"mjpeg", "h264"} <= can.decoders
    assert {"lavfi", "matroska", "webm", "mp4"} <= can.demuxers
    assert {"matroska", "mp4", "webm"} <= can.muxers
    assert "=" not in can.encoders | can.demuxers


def test_what_is_missing_is_named() -> None:
    can = abilities(find_ffmpeg(os.environ))
    wanted = demands(
        ["ffmpeg", "-f", "lavfi", "-i", "x", "-c:v", "libx999", "-c:a", "aac", "-f", "nothing", "out"]
    )
    assert list(can.missing(wanted)) == [("encoder", "libx999"), ("muxer", "nothing")]
    assert not list(can.missing(demands(["ffmpeg", "-f", "lavfi", "-i", "x", "-c:v", "libx264", "out"])))


def test_listings_of_other_versions(tmp_path: Path) -> None:
    listing = (
        " D.. = Demuxing supported\\n ..d = Is a device\\n ---\\n D d alsa  ALSA\\n DE  matroska,webm  M\\n"
    )
    script = f'case "$1" in -version) echo "ffmpeg version n8.0";; *) printf "{listing}";; esac'
    can = abilities(program(tmp_path, script))
    assert can.version == "n8.0"
    assert can.demuxers == {"alsa", "matroska", "webm"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo something else", "does not answer like FFmpeg"), ("echo bad >&2; exit 3", "bad")],
)
def test_what_is_no_ffmpeg(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        abilities(program(tmp_path, script))
