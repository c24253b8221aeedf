"""Disks that are full: while something is recorded, together with the database, and before."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.core.alarm import AlarmKind
from pyca.core.states import EventState
from pyca.store import alarms
from tests.measured import Measured
from tests.system_faults import arrived, complaints, content, error_of, is_whole, parts, until
from tests.system_rig import Rig, soon

pytestmark = pytest.mark.system

Mount = Callable[[str, int], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Makes small disks."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount disks")
    with ExitStack() as stack:

        def make(name: str, megabytes: int) -> Path:
            folder = tmp_path / name
            folder.mkdir()
            options = f"size={megabytes}m"
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
            if done.returncode:
                pytest.skip("this machine does not allow to mount disks")
            stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)
            return folder

        yield make


def fill(folder: Path) -> Path:
    """Leave no byte on the disk of a folder."""
    filler = folder / "somebody's files"
    with filler.open("ab", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return filler
    raise AssertionError("a disk without end")


def kinds(rig: Rig) -> set[AlarmKind]:
    with rig.database.read() as session:
        return {one.kind for one in alarms.history(session)}


def test_a_disk_that_fills_up_while_recording(
    server: FakeOpencast, rig: Rig, mount: Mount, measured: Measured
) -> None:
    usual, spare = mount("usual", 24), mount("spare", 24)
    places = {
        "directory": usual / "recordings",
        "fallback_directory": spare / "recordings",
        "container": "mp4",
    }
    rig.connect(server.url, capture=places)
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("uid-1", "In two places", start, start + 14)
    until(start + 6)
    fill(usual)
    rig.wait(lambda: len(parts(rig, "uid-1")) > 1, "the next part")
    rig.wait(lambda: AlarmKind.DISK in kinds(rig), "the alarm")
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    files = [Path(file) for part in parts(rig, "uid-1") for file in part.files]
    assert files[0].is_relative_to(usual)
    assert all(file.is_relative_to(spare) for file in files[1:])
    (track,) = arrived(server, "uid-1")
    assert complaints(track) == ""
    assert "disk is full" in error_of(rig, "uid-1")
    assert "alarm (disk)" in agent.output()
    lost = 14 - content(track)
    assert lost < 3
    measured(
        "disk full while recording", f"{len(files)} parts on two disks, joined to one, {lost:.2f} s lost"
    )


def test_a_disk_that_is_full_together_with_its_database(
    server: FakeOpencast, tmp_path: Path, mount: Mount, measured: Measured
) -> None:
    disk = mount("only", 40)
    with Rig(disk / "agent") as rig:
        rig.connect(server.url)
        with rig.up(server) as agent:
            start = soon(3)
            server.schedule("uid-1", "With a gap", start, start + 20)
            server.schedule("uid-2", "Afterwards", start + 22, start + 26)
        until(start + 5)
        filler = fill(disk)
        rig.wait(lambda: not rig.commands(), "FFmpeg to find no room")
        until(start + 10)
        filler.unlink()
        one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
        tracks = arrived(server, "uid-1")
        seconds = sum(content(track) for track in tracks)
        assert one.recording
        assert one.recording.error
        assert seconds > 10
        rig.wait_for_state("uid-2", EventState.FINISHED_UPLOADING)
        assert is_whole(content(arrived(server, "uid-2")[0]), 4)
        assert kinds(rig) & {AlarmKind.DISK, AlarmKind.DATABASE}
        assert agent.end() == 0
    measured("disk full with the database (5 of 20 s)", f"{len(tracks)} tracks, {20 - seconds:.2f} s lost")


def test_a_disk_that_is_nearly_full_before(rig: Rig, mount: Mount, measured: Measured) -> None:
    usual, spare = mount("usual", 24), mount("spare", 24)
    rig.configure(
        capture={
            "directory": usual / "recordings",
            "fallback_directory": spare / "recordings",
            "minimum_free": "20M",
        }
    )
    (usual / "old").write_bytes(b"\0" * 10_000_000)
    agent = rig.start("run")
    agent.says("alarm (disk): only")
    assert rig.run("record", "4s").code == 0
    with rig.database.read() as session:
        assert AlarmKind.DISK in {one.kind for one in alarms.active(session, 0)}
    assert list((spare / "recordings").rglob("*.mkv"))
    measured("disk nearly full before", "alarm before the event, recorded to the fallback folder")


def test_a_fallback_on_the_same_full_disk(
    server: FakeOpencast, rig: Rig, mount: Mount, measured: Measured
) -> None:
    disk = mount("only", 24)
    rig.connect(server.url, capture={"directory": disk / "recordings", "fallback_directory": disk / "more"})
    with rig.up(server) as agent:
        start = soon(3)
        server.schedule("uid-1", "Full", start, start + 14)
    until(start - 2)
    filler = fill(disk)
    agent.says("the disk is full")
    filler.unlink()
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    seconds = sum(content(track) for track in arrived(server, "uid-1"))
    assert seconds > 3
    measured(
        "fallback on the same full disk", f"retried with pauses, {seconds:.1f} s recorded once there was room"
    )
