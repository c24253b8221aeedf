"""Keys in the command line of a process that runs: gone from what ``ps`` shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from pyca.cli.stream.masked import covered

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pyca.cli.stream.masked import hide_arguments
print(hide_arguments(), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("rtmp://a.example/live2/KEY-1", "rtmp://a.example/live2/*****"),
        ("rtmp://a.example:1935/KEY-1", "rtmp://a.example:1935/*****"),
        ("rtmps://u:pw@a.example/live2?backup=1/KEY", "rtmps://****@a.example/******************"),
        ("srt://a.example:9000?passphrase=0123456789", "srt://a.example:9000?*********************"),
        ("srt://a.example:9000", "srt://a.example:9000"),
        ("--backup=rtmp://b.example/live2/KEY-1", "--backup=rtmp://b.example/live2/*****"),
        ("rtsp://me:secret@camera/stream", "rtsp://*********@camera/******"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_what_may_be_secret_is_covered_and_keeps_its_length(shown: str, hidden: str) -> None:
    arguments = f"pyca\0stream\0{shown}\0--verbose\0".encode()
    assert covered(arguments) == f"pyca\0stream\0{hidden}\0--verbose\0".encode()


def test_the_process_list_shows_it_no_longer() -> None:
    argv = [sys.executable, "-c", PROGRAM, "--fps", "25", "rtmp://a.example/live/very-secret", "ß"]
    with subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "True\n"
        listed = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        seen = subprocess.run(
            ["ps", "-o", "args=", "-ww", "-p", str(process.pid)], capture_output=True, text=True, check=True
        ).stdout
        process.stdin.close()
    assert process.returncode == 0
    assert "very-secret" not in seen
    assert seen.rstrip().endswith("--fps 25 rtmp://a.example/live/*********** ß")
    assert listed.endswith("\0ß\0".encode())
