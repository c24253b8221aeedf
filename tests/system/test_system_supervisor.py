"""``pyca run`` as a good Unix process, whatever is killed."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from opencast_server import FakeOpencast

from pyca.core.states import EventState
from pyca.store import recordings
from tests.measured import Measured
from tests.system_faults import content, is_whole, largest_gap
from tests.system_rig import AGENT, Rig, ffprobe, soon
from tests.tools import wait_for

pytestmark = pytest.mark.system


def pids(rig: Rig) -> dict[str, int]:
    return {name: one.pid for name, one in rig.wait_until_up().items()}


def test_killed_services_come_back_and_the_recording_goes_on(
    server: FakeOpencast, rig: Rig, measured: Measured
) -> None:
    rig.connect(server.url)
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("uid-1", "Through thick and thin", start, start + 12)
    before = pids(rig)
    assert {process.ppid() for process in map(psutil.Process, before.values())} == {agent.process.pid}

    rig.wait_for_state("uid-1", EventState.RECORDING)
    rig.wait(rig.commands, "FFmpeg")
    (command,) = rig.commands()
    rig.wait(lambda: written(rig) > 0, "the first bytes")
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    rig.wait(lambda: not set(pids(rig).values()) & set(before.values()), "new processes")
    # The same FFmpeg, in the care of another service.
    assert [one.pid for one in rig.commands()] == [command.pid]
    assert command.is_running()

    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert one.recording
    (track,) = one.recording.tracks
    assert is_whole(ffprobe(track.path)[1], 12)
    with rig.database.read() as session:
        assert len(recordings.parts(session, "uid-1")) == 1
    measured(
        "4 capture killed -9, FFmpeg alive",
        f"adopted: the same process, 1 part, {content(track.path):.1f} of 12 s,"
        f" pictures at most {largest_gap(track.path):.2f} s apart",
    )
    assert len(server.workflows) == 1
    assert not rig.commands()
    assert agent.end() == 0
    assert not rig.processes()


def written(rig: Rig) -> int:
    return sum(file.stat().st_size for file in rig.recordings.rglob("*.mkv"))


def test_stopped_while_recording_and_started_again(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(server.url)
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("uid-1", "In two parts", start, start + 14)
    rig.wait_for_state("uid-1", EventState.RECORDING)
    rig.wait(lambda: written(rig) > 0, "the first bytes")
    assert agent.end() == 0
    assert not rig.processes()

    rig.start("run")
    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert one.recording
    with rig.database.read() as session:
        assert len(recordings.parts(session, "uid-1")) == 2
    streams, duration = ffprobe(one.recording.tracks[0].path)
    assert streams == ["video"]
    assert len(one.recording.tracks) == 1
    assert duration > 6
    assert "interrupted" in one.recording.error


def test_risks_of_the_configuration_are_told_once(rig: Rig) -> None:
    rig.file.chmod(0o644)
    agent = rig.start("run")
    rig.wait_until_up()
    agent.process.send_signal(signal.SIGHUP)
    for name in AGENT:
        agent.says(f"{name} follows the new configuration")
    assert agent.end() == 0
    assert agent.output().count("chmod") == 1


def test_the_services_do_not_survive_their_supervisor(rig: Rig) -> None:
    agent = rig.start("run")
    rig.wait_until_up()
    agent.process.kill()
    agent.process.wait()
    rig.wait(lambda: not rig.processes(), "all services to end")


def address(server: FakeOpencast) -> str:
    return server.agents["room"].address if "room" in server.agents else ""


def test_reload(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(server.url, agent={"address": "http://before"})
    agent = rig.start("run")
    before = pids(rig)
    wait_for(
        lambda: "room" in server.agents and server.agents["room"].address == "http://before", "the address"
    )
    rig.connect(server.url, agent={"address": "http://after"})
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: address(server) == "http://after", "the new address")
    for name in AGENT:
        agent.says(f"{name} follows the new configuration")
    # A wrong one is told and changes nothing.
    rig.connect(server.url, agent={"address": "http://wrong", "update_frequency": "often"})
    agent.process.send_signal(signal.SIGHUP)
    agent.says("update_frequency")
    assert pids(rig) == before
    assert address(server) == "http://after"
    assert agent.end() == 0


class Manager:
    """What systemd is to a service: a socket that hears what it says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.heard = ""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)

    def hears(self) -> str:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += self._socket.recv(4096).decode() + "\n"
        return self.heard

    def wait_for(self, text: str, number: int = 1, seconds: float = 30.0) -> None:
        wait_for(lambda: self.hears().count(text) >= number, f"“{text}” from the service", seconds)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


@pytest.mark.parametrize("command", ["run", "capture"])
def test_a_service_manager_is_kept_informed(command: str, manager: Manager, rig: Rig) -> None:
    # Shorter than the longest wait of the loop: the watchdog must be fed even so.
    daemon = rig.start(command, NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="4000000")
    manager.wait_for("READY=1")
    # One each second; a loop that wakes for its own sake only would take 20 s for as many.
    manager.wait_for("WATCHDOG=1", 5, seconds=15)
    assert "STOPPING=1" not in manager.heard
    assert daemon.end() == 0
    manager.wait_for("STOPPING=1")
    assert manager.heard.count("READY=1") == 1
    assert "STATUS=" in manager.heard
