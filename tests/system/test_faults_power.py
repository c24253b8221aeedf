"""The power goes while an event is recorded: what is on the disk then is all there is."""

import filecmp
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from tests.measured import Measured
from tests.system_faults import complaints, content, delivered, error_of, kill_all, parts, until
from tests.system_rig import Rig, soon

pytestmark = pytest.mark.system

MEGABYTES = 64


@dataclass
class Disk:
    """A disk of its own, in a file."""

    image: Path
    place: Path

    def mount(self, image: Path) -> None:
        self.image = image
        subprocess.run(["mount", "-o", "loop", image, self.place], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=False, capture_output=True)

    def pull_the_plug(self, copy: Path) -> int:
        """Copy the blocks as they are; return how often that was tried until they stood still meanwhile."""
        for tries in range(1, 20):
            shutil.copyfile(self.image, copy)
            if filecmp.cmp(self.image, copy, shallow=False):
                return tries
        raise AssertionError("the disk is written to all the time")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    for program in ("mkfs.ext4", "mount"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            pytest.skip(f"{program} is not installed")
    made = Disk(tmp_path / "disk.img", tmp_path / "disk")
    made.place.mkdir()
    with made.image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", made.image], check=True, capture_output=True)
    try:
        made.mount(made.image)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no file system can be mounted here: {error.stderr.decode().strip()}")
    yield made
    made.unmount()


def test_the_power_goes(disk: Disk, server: FakeOpencast, tmp_path: Path, measured: Measured) -> None:
    with Rig(tmp_path / "agent", database_url=f"sqlite:///{disk.place}/pyca.db") as rig:
        recordings = disk.place / "recordings"
        rig.connect(server.url, capture={"directory": recordings, "preview_dir": disk.place})
        with rig.up(server):
            start = soon(3)
            server.schedule("uid-1", "With a power cut", start, start + 24)
        until(start + 12)
        # Nobody writes any more, nobody is asked to; what the kernel still holds is lost.
        doomed = rig.processes()
        for process in doomed:
            process.send_signal(signal.SIGSTOP)
        cut = time.time()
        disk.pull_the_plug(tmp_path / "after.img")
        kill_all(doomed)
        rig.let_go()
        disk.unmount()
        disk.mount(tmp_path / "after.img")  # which replays the journal

        (found,) = recordings.rglob("*.mkv")
        before = content(found)
        lost = cut - start - before
        assert before > 0
        assert lost < 5 + 2
        assert (found.parent / "event.json").stat().st_size > 0
        rig.start("run")
        again = time.time()
        track = delivered(rig, server, "uid-1")
        made = parts(rig, "uid-1")
        assert len(made) == 2
        assert "interrupted" in error_of(rig, "uid-1")
        assert complaints(track) == ""
        whole = content(track)
        assert whole > before + start + 24 - again - 4
        measured(
            "6 power loss while recording",
            f"cut {cut - start:.1f} s after the start, {lost:.1f} s before it lost; after the restart"
            f" 2 parts joined to one track, {whole:.1f} s at the server",
        )
