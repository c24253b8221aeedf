"""Files of a whole pipeline server: read while they are written, and after its process was killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pyca.client.pipeline import PipelineClient
from tests.tools import wait_for

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECONDS = 60
SMALL = '{"source": "x", "source_type": "simulation", "width": 64, "height": 48, "frame_rate": 50}'


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYCA_")}
    return {**clean, "PYTHONPATH": str(ROOT)}


@contextmanager
def server(folder: Path, what: str, *words: str) -> Iterator[str]:
    """Run a server of pyCA, and yield its address."""
    log = folder / f"{what}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyca", what, "-p", "0", *words],
            cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stderr=output,
        )  # fmt: skip

    def address() -> str:
        assert process.poll() is None, log.read_text("utf-8")
        found = re.search(rf"The {what} server is at (\S+)", log.read_text("utf-8"))
        return found[1] if found else ""

    try:
        yield wait_for(address, f"the {what} server")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()


@dataclass
class Servers:
    client: PipelineClient
    address: str
    files: Path


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    (folder / "cameras").mkdir()
    (folder / "cameras" / "simulation.json").write_text(SMALL, "utf-8")
    config = folder / "pyca.conf"
    config.write_text(
        "[pipeline]\nfiles = files\ndirectory = pipelines\nbackgrounds = backgrounds\n", "utf-8"
    )
    with ExitStack() as stack:
        cameras = stack.enter_context(server(folder, "camera", "-b", "cameras"))
        words = ("-c", cameras, "--config", str(config))
        pipelines = stack.enter_context(server(folder, "pipeline", *words))
        yield Servers(PipelineClient(pipelines, timeout=SECONDS), pipelines, folder / "files")


def read(path: Path, wanted: int = 0) -> tuple[int, int]:
    """Read a file until more messages have come, all of which are whole; the writer is another process.

    :return: how many came while the file was open, and how many there are
    """
    import bitshuffle.h5  # noqa: F401
    import h5py

    def opened() -> Any:
        try:
            file = h5py.File(path, "r", swmr=True)
        except OSError:
            return None  # it is just being made
        if "header1/pulse_id" in file:
            return file
        file.close()
        return None

    with wait_for(opened, "a file with datasets") as file:
        names = ("header1/pulse_id", "data1/image/value", "data1/width/value")
        pulses, images, widths = (file[name] for name in names)
        first = len(pulses)

        def count() -> int:
            for one in (pulses, images, widths):
                one.refresh()
            return len(pulses) - first

        wait_for(lambda: count() >= wanted, f"{wanted} messages more")
        ids = pulses[:]
        assert (ids[1:] > ids[:-1]).all()
        assert (widths[: len(ids)] == 64).all()
        assert images[: len(ids)].any(axis=(1, 2)).all()
        return len(ids) - first, len(ids)


def made(servers: Servers, name: str, **keys: Any) -> str:
    raw = {"camera_name": "simulation", "mode": "FILE", "file": f"{name}.h5", **keys}
    return servers.client.create_instance_from_config(raw, name)[0]


def test_a_file_is_read_while_a_server_writes_it_and_after_its_instance_was_killed(servers: Servers) -> None:
    name = made(servers, "killed")
    path = servers.files / "killed.h5"
    assert servers.client.get_instance_stream(name) == str(path)
    more, count = read(path, 40)
    assert more >= 40
    pid = int(servers.client.get_instance_info(name)["statistics"]["pid"])
    os.kill(pid, signal.SIGKILL)
    after = read(path)[1]
    assert after >= count
    # It is started again, and what was written stays as it was.
    again = servers.files / "killed-2.h5"
    wait_for(again.exists, "the file of the next process")
    assert read(again, 10)[0] >= 10
    assert servers.client.get_instance_info(name)["stream_address"] == str(again)
    assert read(path) == (0, after)
    servers.client.stop_instance(name)


def test_an_instance_that_is_stopped_has_closed_its_file(servers: Servers) -> None:
    import h5py

    name = made(servers, "stopped", layout="FLAT")
    path = servers.files / "stopped.h5"
    wait_for(
        lambda: servers.client.get_instance_info(name)["statistics"]["tx"].endswith("0"), "some messages"
    )
    servers.client.stop_instance(name)

    def count() -> int:
        try:
            # Only a closed file can be opened like this.
            with h5py.File(path) as file:
                return len(file["header1/pulse_id"])
        except (OSError, KeyError):
            return 0

    assert wait_for(count, "the file, closed") > 0


def test_records_end_the_instance_and_all_are_in_the_file(servers: Servers) -> None:
    import h5py

    name = made(servers, "records", records=20)
    servers.client.wait_instance_completed(name, SECONDS)
    assert servers.client.get_instance_exit_code(name) == 0
    with h5py.File(servers.files / "records.h5") as file:
        assert len(file["header1/pulse_id"]) == 20
        assert file["data1/image/value"].shape == (20, 48, 64)


def test_files_elsewhere_are_refused(servers: Servers) -> None:
    for name in ("../out.h5", "/tmp/out.h5", ""):
        with pytest.raises(ValueError, match=r"[fF]ile"):
            servers.client.create_instance_from_config(
                {"camera_name": "simulation", "mode": "FILE", "file": name}
            )


def example(name: str, *words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(EXAMPLES / name), *words],
        cwd=cwd, env=environment(), capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_saves_ten_images_of_a_camera(servers: Servers, tmp_path: Path) -> None:
    import h5py

    said = example("pipeline_to_h5.py", servers.address, cwd=tmp_path)
    assert said == "10 messages of simulation are in output.h5\n"
    with h5py.File(tmp_path / "output.h5") as file:
        assert file["data1/image/value"].shape == (10, 48, 64)


def test_a_camera_is_recorded_from_a_shell(servers: Servers, tmp_path: Path) -> None:
    import h5py

    servers.client.create_instance_from_config({"camera_name": "simulation"}, "simulation_sp1")
    words = ("-a", servers.address, "-n", "5", "--layout", "bsh5", "simulation", "panel.h5")
    said = example("record_camera.py", *words, cwd=tmp_path)
    assert re.fullmatch(r"tcp://\S+\n5 messages are in panel\.h5\n", said)
    with h5py.File(tmp_path / "panel.h5") as file:
        assert file["image/data"].shape == (5, 48, 64)
