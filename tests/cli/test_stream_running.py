"""``pyca stream`` for real: what it needs, what it prints, and how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from tests.cli.conftest import ROOT, Run, start
from tests.live_probe import probe
from tests.live_rig import RtmpServer, family, wait_until_ended
from tests.tools import free_port, wait_for

KEY = "s3cret-key"
SMALL = ("--input", "test", "--resolution", "240p", "--bitrate", "200k")


@pytest.fixture
def server(folder: Path) -> Iterator[RtmpServer]:
    with RtmpServer(folder, {KEY}) as running:
        yield running


@contextmanager
def streaming(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a stream; whatever happens, nothing of it is left."""
    process = start("stream", *SMALL, *words, cwd=folder, err=subprocess.PIPE)
    try:
        yield process
    finally:
        members = family(process.pid)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            for one in members:
                if one.is_running():
                    one.kill()


def listed(pid: int) -> str:
    """Return what the process list shows of a process and its children."""
    pids = ",".join(str(one.pid) for one in family(pid))
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", pids], capture_output=True, text=True, check=True
    ).stdout


def test_a_dry_run_prints_the_commands_without_keys(pyca: Run) -> None:
    words = ["--dry-run", *SMALL, f"rtmp://127.0.0.1/live/{KEY}", "--backup", "rtmp://127.0.0.2/live"]
    words += ["srt://127.0.0.1:9000?passphrase=0123456789", "--backup", "none", "--record", "kept.mkv"]
    result = pyca("stream", *words)
    assert result.code == 0, result.err
    assert KEY not in result.out
    assert "0123456789" not in result.out
    heads = [line for line in result.out.splitlines() if line.startswith("#")]
    assert heads[2:] == [
        "# to rtmp://127.0.0.1/live/********",
        "# or, in turn, to rtmp://127.0.0.2/live/********",
        "# to srt://127.0.0.1:9000?mode=caller&passphrase=********",
        "# recording",
    ]
    assert "testsrc2=size=426x240:rate=25" in result.out
    assert not os.listdir()


def test_a_dry_run_tells_what_a_platform_would_not_like(pyca: Run) -> None:
    words = ["--preset", "twitch", "--bitrate", "8M", "rtmp://live.twitch.tv/app/KEYKEY"]
    result = pyca("stream", "--dry-run", "--input", "test", *words)
    assert "at most 6 Mbit/s" in result.err


def test_neither_database_nor_page_is_loaded(folder: Path) -> None:
    program = f"""
import sys
from pyca.cli.app import main
try:
    main(["stream", "--dry-run", "--input", "test", "rtmp://127.0.0.1/live/{KEY}"])
except SystemExit as end:
    heavy = {{"sqlalchemy", "alembic", "flask", "waitress", "pycurl", "prometheus_client"}}
    print(sorted(heavy & set(sys.modules)), end.code)
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "[] 0"
    assert not os.listdir(folder)


def test_without_a_camera_the_test_source_is_suggested(pyca: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera")
    result = pyca("stream", f"rtmp://127.0.0.1/live/{KEY}")
    assert result.code == os.EX_DATAERR
    assert "no camera was found" in result.err
    assert "--input test" in result.err


@pytest.mark.system
def test_ctrl_c_ends_everything_in_order(folder: Path, server: RtmpServer) -> None:
    nobody = f"rtmp://127.0.0.1:{free_port()}/live/other-{KEY}"
    with streaming(folder, "--json", f"{server.url}/{KEY}", nobody, "--record", "kept.mkv") as process:
        server.wait_for_seconds(KEY, 3)
        assert KEY not in listed(process.pid)
        assert f"{server.url}/****" in listed(process.pid)
        members = family(process.pid)
        assert len(members) >= 4
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        wait_until_ended(members[1:])
    server.wait_until_gone(KEY)
    lines = [json.loads(line) for line in out.splitlines()]
    states = [line["state"] for line in lines if line["type"] == "status"]
    assert states[0] == "preparing"
    assert states[-1] == "idle"
    assert "streaming" in states
    last = next(line for line in reversed(lines) if line.get("state") == "streaming")
    assert [link["state"] == "live" for link in last["links"]] == [True, False]
    assert KEY not in out + err
    kept = probe(folder / "kept.mkv")
    assert kept.size == (426, 240)
    assert kept.duration > 2


@pytest.mark.system
def test_a_server_that_refuses_the_key_ends_it_with_the_reason(folder: Path, server: RtmpServer) -> None:
    with streaming(folder, f"{server.url}/wrong") as process:
        _out, err = process.communicate(timeout=60)
    assert process.returncode == os.EX_UNAVAILABLE
    assert err.splitlines()[-1].startswith("pyca: ")
    assert len(server.door.asked) == 3
    assert not server.recordings("wrong")


@pytest.mark.system
def test_the_living_line_of_a_terminal(folder: Path, server: RtmpServer) -> None:
    inner, outer = pty.openpty()
    process = start("stream", *SMALL, f"{server.url}/{KEY}", cwd=folder, out=outer, err=outer)
    os.close(outer)
    said = ""

    def shows(words: str) -> bool:
        nonlocal said
        said += os.read(inner, 4096).decode()
        return words in click.unstyle(said)

    try:
        wait_for(lambda: shows(" live "), "a line with the destination", 30)
        process.send_signal(signal.SIGINT)
        wait_for(lambda: shows("idle"), "the end", 30)
        assert process.wait(60) == 0
    finally:
        process.kill()
        os.close(inner)
    assert "\rpreparing" in click.unstyle(said)
    assert "\rstreaming" in click.unstyle(said)
    assert KEY not in said
