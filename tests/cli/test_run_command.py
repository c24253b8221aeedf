"""The daemons for real: run, reload, end, demo, record."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pyca.runtime.bell import Bell
from pyca.schedule.slots import occupied
from pyca.store.database import Database
from tests.cli.conftest import ROOT, Run, start
from tests.tools import free_port, wait_for

pytestmark = pytest.mark.system

AGENT = {"schedule", "capture", "ingest", "agentstate"}
TEST_SOURCE = (
    "ffmpeg -hide_banner -loglevel warning -re -f lavfi -i testsrc2=s=160x120:r=25 -c:v libx264"
    " -preset ultrafast -tune zerolatency -g 25 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def launch(folder: Path) -> Iterator[Start]:
    """Start pyca commands in the folder; whatever still runs at the end is ended."""
    started: list[subprocess.Popen[str]] = []

    def launched(*arguments: str, **more: int) -> subprocess.Popen[str]:
        started.append(start(*arguments, cwd=folder, **more))  # type: ignore[arg-type]
        return started[-1]

    yield launched
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def configured(folder: Path) -> Path:
    """A configuration with a small test source."""
    (folder / "etc").mkdir()
    file = folder / "etc" / "pyca.conf"
    file.write_text(
        f"[capture]\ncommand = '{TEST_SOURCE}'\nfiles = '{{{{dir}}}}/{{{{name}}}}.mkv'\n"
        f"[ui]\nport = {free_port()}\n[logging]\nfile = {folder}/pyca.log\n",
        encoding="utf-8",
    )
    return file


def recorded(configured: Path) -> int:
    """Return the bytes of what was recorded so far."""
    files = (configured.parent.parent / "recordings").glob("*/*.mkv")
    return sum(file.stat().st_size for file in files)


def running(pyca: Run) -> set[str]:
    result = pyca("status", "--json")
    if result.code:
        return set()
    return {one["name"] for one in json.loads(result.out)["services"] if one["state"] != "stopped"}


def test_run_and_end(pyca: Run, launch: Start, configured: Path) -> None:
    process = launch("run")
    wait_for(lambda: running(pyca) == AGENT, "the services")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) == len(AGENT)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "Traceback" not in out
    assert not [child for child in children if child.is_running()]
    assert running(pyca) == set()


def test_all_serves_the_page(pyca: Run, launch: Start, configured: Path) -> None:
    launch("all")
    wait_for(lambda: running(pyca) == {*AGENT, "ui"}, "the services and the page")


def test_a_second_instance_is_refused(pyca: Run, launch: Start, configured: Path) -> None:
    launch("schedule")
    wait_for(lambda: running(pyca) == {"schedule"}, "the service")
    second = launch("schedule")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == os.EX_TEMPFAIL
    assert "already running" in out


def test_a_second_supervisor_is_refused(pyca: Run, launch: Start, configured: Path) -> None:
    launch("run")
    wait_for(lambda: running(pyca) == AGENT, "the services")
    second = launch("all")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == os.EX_TEMPFAIL
    assert "already running for this database: schedule, capture, ingest, agentstate" in out


def test_record_in_backup_mode_keeps_it_here(launch: Start, configured: Path) -> None:
    with configured.open("a") as file:
        file.write("[agent]\nbackup_mode = True\n")
    process = launch("record", "10min")
    wait_for(lambda: recorded(configured) > 5000, "something recorded")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "kept on this machine" in out
    assert not (configured.parent.parent / "archive").exists()


def test_record_with_a_command_that_does_not_exist(launch: Start, configured: Path) -> None:
    configured.write_text("[capture]\ncommand = nosuchprogram {{dir}}/{{name}}.webm\n", encoding="utf-8")
    process = launch("record", "2s")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_UNAVAILABLE, out
    assert "nosuchprogram" in out
    assert "Traceback" not in out


def test_record_into_a_folder_that_cannot_be_made(launch: Start, configured: Path) -> None:
    (configured.parent.parent / "recordings").write_text("a file is in the way")
    process = launch("record", "2s")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_UNAVAILABLE, out
    assert "cannot be written" in out
    assert "Traceback" not in out


def test_reload_keeps_the_old_configuration_where_the_new_is_wrong(
    pyca: Run, launch: Start, configured: Path
) -> None:
    process = launch("schedule")
    wait_for(lambda: running(pyca) == {"schedule"}, "the service")
    log, good = configured.parent.parent / "pyca.log", configured.read_text("utf-8")
    configured.write_text(good + "[agent]\nnmae = hall\n", encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: "“name”" in log.read_text("utf-8"), "the mistake in the log")
    assert process.poll() is None
    configured.write_text(good, encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: "follows the new configuration" in log.read_text("utf-8"), "the new configuration")


def test_record_without_services(launch: Start, configured: Path) -> None:
    process = launch("record", "4s", "--title", "Hörsaal 1")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "recording: " in out
    assert re.search(r"presenter/source  .*\.mkv  0:0[1-4]  ", out)  # FFmpeg takes its time
    (archived,) = (configured.parent.parent / "archive").iterdir()
    assert str(archived) in out


def test_ctrl_c_ends_a_recording_and_keeps_it(pyca: Run, launch: Start, configured: Path) -> None:
    service = launch("capture")
    launch("ingest")
    wait_for(lambda: running(pyca) == {"capture", "ingest"}, "the services")
    process = launch("record", "10min")
    wait_for(lambda: recorded(configured) > 5000, "something recorded")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "delivered to" in out
    assert service.poll() is None


def test_sigterm_ends_a_recording_and_keeps_it(launch: Start, configured: Path) -> None:
    process = launch("record", "10min")
    wait_for(lambda: recorded(configured) > 5000, "some of it")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "delivered to" in out
    assert not [child for child in children if child.is_running()]


def test_a_partial_recording_is_no_success(launch: Start, configured: Path) -> None:
    text = configured.read_text("utf-8").replace("-c:v", "-t 0.5 -c:v", 1)
    configured.write_text(text.replace("[capture]", "[capture]\nexit_code = 0", 1), encoding="utf-8")
    process = launch("record", "4s")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1, out
    assert re.search(r"^partial: \d\.\d of 4 s: .+", out, re.MULTILINE)


def test_record_gives_up_where_the_capture_service_refuses_to_start(
    launch: Start, configured: Path, database: Database
) -> None:
    # It holds its place, but has not reported yet.
    with contextlib.closing(Bell(database.scope, "capture")):
        process = launch("record", "2s")
        out, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_TEMPFAIL, out
    assert "already running" in out
    assert not list((configured.parent.parent / "recordings").glob("*refused*"))


def test_ctrl_c_ends_a_recording_that_failed_so_far(pyca: Run, launch: Start, configured: Path) -> None:
    configured.write_text("[capture]\ncommand = nosuchprogram {{dir}}/{{name}}.webm\n", encoding="utf-8")
    process = launch("record", "10min")
    wait_for(lambda: states(pyca) == ["failed recording"], "the failure")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_UNAVAILABLE, out
    assert "nothing was recorded" in out


def states(pyca: Run) -> list[str]:
    result = pyca("events", "list", "--json")
    return [] if result.code else [one["state"] for one in json.loads(result.out)]


def test_demo(folder: Path, launch: Start) -> None:
    process = launch("demo", "--duration", "5s")
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 0, out
    assert "The page while this runs: http://127.0.0.1:" in out
    (archived,) = (folder / "demo" / "archive").glob("*/*.mp4")
    assert str(archived) in out
    assert "video h264 640x360 25 fps" in out
    assert "audio aac" in out


def test_demo_that_is_interrupted_leaves_nothing_running(folder: Path, launch: Start) -> None:
    process = launch("demo", "--duration", "10min")
    wait_for(lambda: list((folder / "demo").glob("recordings/*/*.mkv")), "the recording")
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "the demo's event is cancelled" in out
    assert not [child for child in children if child.is_running()]
    database = Database(f"sqlite:///{folder}/demo/pyca.db")
    with database.read() as session:
        assert not occupied(session, time.time(), time.time() + 1000)
    database.dispose()


def test_a_second_demo_in_the_same_folder_is_refused(folder: Path, launch: Start) -> None:
    launch("demo", "--duration", "10min")
    wait_for(lambda: list((folder / "demo").glob("recordings/*/*.mkv")), "the recording")
    second = launch("demo", "--duration", "2s")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == os.EX_TEMPFAIL
    assert "another demo" in out


def test_demo_with_an_unusable_ffmpeg_says_so(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pyca", "demo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYCA_FFMPEG": "/nosuch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == os.EX_DATAERR
    assert "PYCA_FFMPEG" in result.stderr
    assert "Traceback" not in result.stderr
