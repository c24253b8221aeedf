"""A camera server as people run it, and the examples of the manual, also with the foreign client."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pyca.bsread.receiver import Receiver
from pyca.client import CamClient
from tests.foreign_peer import foreign_python
from tests.tools import wait_for

__all__ = ["foreign_python"]

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECONDS = 60
SMALL = '{"source": "x", "source_type": "simulation", "width": 64, "height": 48, "frame_rate": 50}'


@dataclass
class Served:
    """A server that runs."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def address(self) -> str:
        found = re.search(r"The camera server is at (\S+)", self.log.read_text("utf-8"))
        return found[1] if found else ""


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYCA_")}
    return {**clean, "PYTHONPATH": str(ROOT)}


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Served]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyca", "camera", "-p", "0", "-b", "cameras", *words],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        served = Served(process, log)
        wait_for(lambda: served.address or process.poll() is not None, "the server")
        assert process.poll() is None, log.read_text("utf-8")
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "simulation.json").write_text(SMALL, "utf-8")
    with running(tmp_path) as found:
        yield found


def run(python: Path | str, name: str, *words: str, cwd: Path) -> str:
    """Run an example and return what it prints."""
    result = subprocess.run(
        [str(python), "-W", "ignore", str(EXAMPLES / name), *words],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_stream_is_read_by_the_foreign_client(
    served: Served, foreign_python: Path, tmp_path: Path
) -> None:
    told = run(foreign_python, "camera_stream.py", served.address, cwd=tmp_path)
    assert told.startswith("Image size: 64 x 48\nImage data: [[")


def test_a_camera_is_made_changed_and_deleted(served: Served, foreign_python: Path, tmp_path: Path) -> None:
    assert run(foreign_python, "camera_new.py", served.address, cwd=tmp_path) == "new_camera_name\n1\nFalse\n"
    assert CamClient(served.address).get_cameras() == ["simulation"]


def test_cameras_are_listed_with_a_picture(served: Served, tmp_path: Path) -> None:
    told = run(sys.executable, "camera_list.py", served.address, cwd=tmp_path)
    assert told == "simulation: online\nsimulation: [64, 48]\n"
    assert (tmp_path / "simulation.png").read_bytes().startswith(b"\x89PNG")


def test_the_client_steers_a_real_server(served: Served) -> None:
    client = CamClient(served.address, timeout=SECONDS)
    with pytest.raises(ValueError, match="nowhere"):
        client.get_instance_stream("nowhere")
    assert client.is_camera_online("simulation")
    assert client.get_camera_geometry("simulation") == [64, 48]
    assert client.get_camera_array("simulation").shape == (48, 64)
    receiver = Receiver(client.get_instance_stream("simulation"))
    receiver.open()
    try:
        message = receiver.receive(SECONDS)
        assert message is not None
        assert message.values["image"].shape == (48, 64)
        assert client.is_instance_running("simulation")
        client.set_camera_config("simulation", {**client.get_camera_config("simulation"), "rotate": 1})

        def turned() -> bool:
            one = receiver.receive(SECONDS)
            return one is not None and one.values["image"].shape == (64, 48)

        wait_for(turned, "an image that is turned")
    finally:
        receiver.close()
    assert client.get_camera_config("simulation")["rotate"] == 1
    client.set_background_image_array("dark", client.get_camera_array("simulation"))
    assert client.get_logs()
    assert "The camera server is at" in client.get_logs(txt=True)
    client.stop_instance("simulation")
    assert not client.is_instance_running("simulation")
    client.stop_all_instances()
    client.delete_instance("simulation")
    client.delete_camera_config("simulation")
    assert client.get_cameras() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(served: Served, number: int) -> None:
    client = CamClient(served.address, timeout=SECONDS)
    client.get_instance_stream("simulation")
    family = process_family(served.process.pid)
    assert len(family) >= 2  # the nursery and the camera
    os.kill(served.process.pid, number)
    code = served.process.wait(SECONDS)
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    wait_for(lambda: not [one for one in family if one.is_running()], "the end of all processes")
    if number == signal.SIGTERM:
        assert "Traceback" not in served.log.read_text("utf-8")


def test_a_reload_leaves_the_streams_alone(served: Served, tmp_path: Path) -> None:
    client = CamClient(served.address, timeout=SECONDS)
    receiver = Receiver(client.get_instance_stream("simulation"))
    receiver.open()
    try:
        assert receiver.receive(SECONDS) is not None
        before = client.heartbeat()["instances"]["simulation"]["pid"]
        os.kill(served.process.pid, signal.SIGHUP)
        wait_for(lambda: "camera follows the new configuration" in served.log.read_text("utf-8"), "a reload")
        wait_for(lambda: served.log.read_text("utf-8").count("The camera server is at") == 2, "the interface")
        address = re.findall(r"The camera server is at (\S+)", served.log.read_text("utf-8"))[-1]
        assert CamClient(address).heartbeat()["instances"]["simulation"]["pid"] == before
        assert receiver.receive(SECONDS) is not None
    finally:
        receiver.close()


def test_the_supervisor_runs_what_is_enabled(tmp_path: Path) -> None:
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "simulation.json").write_text(SMALL, "utf-8")
    config = tmp_path / "pyca.conf"
    config.write_text("[camera]\nenabled = yes\nport = 0\ndirectory = cameras\n", "utf-8")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyca", "--config", str(config), "run"],
            cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stderr=output,
        )  # fmt: skip
    served = Served(process, log)
    try:
        wait_for(lambda: served.address, "the server")
        assert CamClient(served.address).get_instance_stream("simulation").startswith("tcp://")

        def status() -> str:
            told = subprocess.run(
                [sys.executable, "-m", "pyca", "--config", str(config), "status", "--json"],
                cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
            )  # fmt: skip
            services = json.loads(told.stdout)["services"]
            return next((one["text"] for one in services if one["name"] == "camera"), "")

        wait_for(lambda: "1 of 1 cameras run" in status(), "a status that tells of the camera")
        family = process_family(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
    wait_for(lambda: not [one for one in family if one.is_running()], "the end of all processes")


def process_family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)
