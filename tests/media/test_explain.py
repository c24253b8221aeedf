import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.media.explain import explain, last_lines
from pyca.media.ffmpeg import Tools


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("av_interleaved_write_frame(): No space left on device\nError writing trailer", "disk is full"),
        ("[v4l2 @ 0x5] ioctl(VIDIOC_STREAMON): Device or resource busy", "in use by another program"),
        ("rtsp://10.0.0.1/x: Connection refused", "nothing answers"),
        ("rtsp://10.0.0.1/x: Connection timed out", "did not answer in time"),
        ("[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized", "wants a password"),
        ("[rtsp @ 0x1] method DESCRIBE failed: 404 Stream Not Found", "no such stream"),
        ("/dev/video0: Permission denied", "no permission for “/dev/video0”"),
        ("Unknown encoder 'libx265'", "no encoder “libx265”"),
        ("Option rw_timeout not found.", "option “rw_timeout”"),
        ("a.mp4: Invalid data found when processing input", "damaged or no media"),
        ("Cannot open display :7, error 1.\n:7: Input/output error", "screen cannot be opened"),
        (
            "[in#0 @ 0x5] Error opening input: No such file or directory\nError opening input file /a b.mkv.",
            "“/a b.mkv”",
        ),
        (
            "cannot open audio device hw:7 (No such file or directory)\nhw:7: Input/output error",
            "the sound device “hw:7” cannot be opened: No such file",
        ),
        (
            "cannot open audio device hw:7 (Device or resource busy)",
            "the sound device “hw:7” cannot be opened",
        ),
        ("first\nsomething odd\nConversion failed!\n", "it says: something odd"),
    ],
)
def test_one_sentence(log: str, words: str) -> None:
    assert words in explain(log)
    assert "\n" not in explain(log)


def test_the_output_to_the_streamer_is_never_the_reason() -> None:
    feed = """[fifo @ 0x5] Error opening unix:/run/pyca/feed.sock: No such file or directory
    Last message repeated 4 times
[flv @ 0x5] Tag [7][0][0][0] incompatible with output codec id '7' ([0][0][0][0])
[flv @ 0x5] Unknown option 'flvflags'
"""
    assert explain(feed) == ""
    assert explain(f"{feed}the reason\n{feed}") == "it says: the reason"


def test_silence_has_no_reason() -> None:
    assert explain("") == explain("frame=  25 fps= 25 size=    1kB\n") == ""


def test_passwords_are_hidden() -> None:
    log = "rtsp://admin:s3cret@cam/x: strange\nlast rtsp://admin:s3cret@cam/x"
    assert "s3cret" not in explain(log) + last_lines(log)
    assert "cam/x" in explain(log)


def test_progress_lines_are_noise() -> None:
    assert last_lines("odd\nframe=  1 fps=0\rframe=  2 fps=0\r") == "odd"


def test_guessed_timestamps_are_noise() -> None:
    guess = "[matroska @ 0x5] Invalid DTS: 120 PTS: 91 in output stream 0:0, replacing by guess"
    assert last_lines(f"the reason\n{guess}\n") == "the reason"


@given(st.text())
def test_any_log_is_explained_in_one_line(log: str) -> None:
    assert "\n" not in explain(log)
    assert explain(log) or not last_lines(log, 1)


@pytest.mark.system
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", "/nowhere/a b.mkv", "-f", "null", "-"], "“/nowhere/a b.mkv” is not there"),
        (["-i", "http://127.0.0.1:9/x", "-f", "null", "-"], "nothing answers"),
        (["-f", "lavfi", "-i", "testsrc", "-c:v", "libnone", "-f", "null", "-"], "no encoder “libnone”"),
        (["-stimeout", "3", "-i", "x"], "option “stimeout”"),
        (["-f", "lavfi", "-i", "testsrc", "-t", "1", "-f", "avi", "-y", "/dev/full"], "disk is full"),
        (["-f", "v4l2", "-i", "/dev/null", "-f", "null", "-"], "“/dev/null” is no device"),
    ],
)
def test_what_ffmpeg_really_writes(arguments: list[str], words: str, tools: Tools, tmp_path: Path) -> None:
    argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", *arguments]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert words in explain(result.stderr)
