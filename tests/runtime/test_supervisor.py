"""The supervisor owns its process, so each test runs one in a program of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pyca.runtime.process import start_time

ROOT = Path(__file__).parents[2]

PROGRAM = """
import atexit, logging, os, signal, sys, time
from pathlib import Path
from pyca.core.backoff import Backoff
from pyca.core.clock import SystemClock
from pyca.core.errors import ConfigError
from pyca.runtime.notify import Notifier
from pyca.runtime.supervisor import supervise

folder = Path(sys.argv[1])
logging.basicConfig(level="INFO", format="%(message)s", filename=folder / "log")
atexit.register(lambda: (folder / f"atexit-{os.getpid()}").touch())

def note(name):
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")

def faithful():
    print("hello from faithful")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: note(signal.Signals(n).name))
    note("faithful")
    Notifier(clock=clock).ready()
    while not (folder / "SIGTERM").exists():
        time.sleep(0.01)
    return 0

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("stubborn")
    while True:
        time.sleep(0.01)

def broken():
    note("broken")
    raise ConfigError(["line 3 is wrong"])

def crashing():
    note("crashing")
    raise ValueError("a bug")

clock = SystemClock()
code = supervise(
    {name: globals()[name] for name in sys.argv[2:]},
    clock=clock, notifier=Notifier(clock=clock), restart=Backoff(first=0.01, limit=0.05),
    patience=0.5 if "stubborn" in sys.argv else 60,
)
print("supervisor ends")
sys.exit(code)
"""


class Running:
    def __init__(self, process, folder):
        self.process = process
        self.folder = folder

    def pids(self, name):
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    @property
    def log(self):
        return (self.folder / "log").read_text()


@pytest.fixture
def systemd(tmp_path):
    """Return what a service manager hears."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(60)
        yield lambda: receiver.recv(1000).decode()


@pytest.fixture
def supervise(tmp_path, systemd):
    programs = []

    def start(*names):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), *names],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        programs.append(process)
        return Running(process, tmp_path)

    yield start
    for process in programs:
        process.kill()
        process.communicate()


def test_sigterm_is_passed_on_and_all_end_cleanly(supervise, until):
    running = supervise("faithful")
    [child] = until(lambda: running.pids("faithful"))
    running.process.send_signal(signal.SIGTERM)
    output, _ = running.process.communicate(timeout=60)
    assert running.process.returncode == 0
    assert running.pids("SIGTERM") == [child]
    assert output == "hello from faithful\nsupervisor ends\n", "flushed, and nothing twice"
    assert [path.name for path in running.folder.glob("atexit-*")] == [f"atexit-{running.process.pid}"]
    assert f"faithful (pid {child}) ended with exit code 0" in running.log


def test_a_killed_child_is_restarted(supervise, until):
    running = supervise("faithful")
    [first] = until(lambda: running.pids("faithful"))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(running.pids("faithful")) == 2)
    assert running.pids("faithful")[1] != first
    assert f"faithful (pid {first}) was killed by SIGKILL; restart in 0.0 s" in running.log


def test_sighup_is_passed_on(supervise, until):
    running = supervise("faithful")
    [child] = until(lambda: running.pids("faithful"))
    running.process.send_signal(signal.SIGHUP)
    until(lambda: running.pids("SIGHUP") == [child])
    assert running.process.poll() is None


def test_no_orphan_is_left_when_the_supervisor_is_killed(supervise, until):
    running = supervise("faithful")
    [child] = until(lambda: running.pids("faithful"))
    running.process.kill()
    until(lambda: start_time(child) is None)
    assert running.pids("SIGTERM") == [child], "the child could finish cleanly"


def test_a_child_that_does_not_end_is_killed(supervise, until):
    running = supervise("stubborn", "faithful")
    until(lambda: running.pids("stubborn") and running.pids("faithful"))
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=60) == os.EX_SOFTWARE
    assert "did not end in time" in running.log
    assert start_time(running.pids("stubborn")[0]) is None


def test_a_child_that_cannot_start_does_not_harm_the_others(supervise, until):
    running = supervise("broken", "crashing", "faithful")
    until(lambda: len(running.pids("broken")) >= 3 and len(running.pids("crashing")) >= 3)
    assert len(until(lambda: running.pids("faithful"))) == 1
    assert "line 3 is wrong" in running.log
    assert "exit code 78: its configuration is wrong" in running.log
    assert "ValueError: a bug" in running.log


def test_a_terminals_interrupt_reaches_only_the_supervisor(supervise, until):
    running = supervise("faithful")
    [child] = until(lambda: running.pids("faithful"))
    assert os.getpgid(child) == child


def heard_until(systemd, message):
    heard = [systemd()]
    while heard[-1] != message:
        heard.append(systemd())
    return heard


def test_the_supervisor_is_ready_when_its_children_are(supervise, systemd):
    running = supervise("faithful")
    heard_until(systemd, "READY=1")
    assert running.pids("faithful"), "not before its child"
    running.process.send_signal(signal.SIGTERM)
    heard_until(systemd, "STOPPING=1")
    assert running.process.wait(timeout=60) == 0


def test_a_child_that_is_not_ready_keeps_the_supervisor_from_it(supervise, systemd, until):
    running = supervise("faithful", "stubborn")
    until(lambda: running.pids("faithful") and running.pids("stubborn"))
    running.process.send_signal(signal.SIGTERM)
    assert "READY=1" not in heard_until(systemd, "STOPPING=1")
    assert running.process.wait(timeout=60) == os.EX_SOFTWARE
