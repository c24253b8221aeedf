"""A pipeline server beside a camera server as people run them, and the examples of the manual."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import pytest

from pyca.client import PipelineClient
from tests.foreign_peer import foreign_python
from tests.tools import wait_for

__all__ = ["foreign_python"]

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECONDS = 60
SMALL = '{"source": "x", "source_type": "simulation", "width": 160, "height": 120, "frame_rate": 25}'
UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


@dataclass
class Served:
    """Both servers, which run."""

    address: str
    client: PipelineClient
    logs: list[Path]


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYCA_")}
    return {**clean, "PYTHONPATH": str(ROOT)}


@contextmanager
def running(folder: Path, command: str, *words: str) -> Iterator[tuple[str, Path]]:
    """Run a server; yield its address and its log."""
    log = folder / f"{command}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyca", command, "-p", "0", *words],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=output,
        )

    def address() -> str:
        found = re.search(rf"The {command} server is at (\S+)", log.read_text("utf-8"))
        return found[1] if found else ""

    try:
        wait_for(lambda: address() or process.poll() is not None, f"the {command} server")
        assert process.poll() is None, log.read_text("utf-8")
        yield address(), log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("examples")
    for name, text in (("cameras", SMALL), ("pipelines", '{"camera_name": "simulation"}')):
        (folder / name).mkdir()
        (folder / name / "simulation.json").write_text(text, "utf-8")
    with (
        running(folder, "camera", "-b", "cameras") as (cameras, first),
        running(folder, "pipeline", "-b", "pipelines", "-c", cameras) as (address, second),
    ):
        yield Served(address, PipelineClient(address, timeout=SECONDS), [first, second])


@pytest.fixture
def panel(served: Served) -> Iterator[str]:
    """What the screen panel of the camera shows."""
    name, _ = served.client.create_instance_from_config({"camera_name": "simulation"}, "simulation_sp1")
    yield name
    served.client.stop_instance(name)


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


@pytest.mark.usefixtures("panel")
def test_what_the_screen_panel_shows_is_read_by_the_foreign_client(
    served: Served, foreign_python: Path, tmp_path: Path
) -> None:
    told = run(foreign_python, "pipeline_screen_panel.py", served.address, cwd=tmp_path)
    assert told.startswith("Dictionary with data:\n") and "'x_fit_gauss_function'" in told
    assert re.search(r"X center of mass:  \d+\.\d+\n$", told)


def test_a_camera_is_processed_and_read_by_the_foreign_client(
    served: Served, foreign_python: Path, tmp_path: Path
) -> None:
    told = run(foreign_python, "pipeline_stream.py", served.address, cwd=tmp_path)
    assert told.startswith("Image size: 160 x 120\nImage data: [[")


def test_a_background_is_subtracted(served: Served, foreign_python: Path, tmp_path: Path) -> None:
    told = run(foreign_python, "pipeline_background.py", served.address, cwd=tmp_path)
    found = re.fullmatch(
        r"Background: (simulation_\d{8}_\d{6}_\d{6})\nSubtracted: (.*)\nIntensity: (\d+)\n", told
    )
    assert found and found[1] == found[2]
    assert served.client.get_latest_background("simulation") == found[1]
    # About as much is subtracted as is there.
    plain = served.client.get_background_image_array(found[1])
    assert int(found[3]) < int(plain.sum()) / 2


def test_the_stream_of_a_camera_is_read(served: Served, foreign_python: Path, tmp_path: Path) -> None:
    told = run(foreign_python, "pipeline_camera_stream.py", served.address, "simulation", cwd=tmp_path)
    assert re.search(r"X center of mass:  \d+\.\d+\n$", told)


def test_configurations_are_changed(served: Served, tmp_path: Path) -> None:
    told = run(sys.executable, "pipeline_config.py", served.address, cwd=tmp_path)
    assert told == "['simulation']\nTrue\nFalse\n[0, 50, 0, 20] 0.5\n"
    assert served.client.get_pipeline_config("simulation")["image_region_of_interest"] == [0, 100, 0, 100]


@pytest.mark.usefixtures("panel")
def test_one_message_is_read(served: Served, tmp_path: Path) -> None:
    told = run(sys.executable, "pipeline_message.py", served.address, cwd=tmp_path)
    assert re.fullmatch(r"Pulse \d+, 28 channels\nX center of mass:  \d+\.\d+\n", told)


def test_a_stream_is_saved_to_a_file(served: Served, tmp_path: Path) -> None:
    told = run(sys.executable, "pipeline_to_h5.py", served.address, cwd=tmp_path)
    assert told == "10 messages of simulation are in output.h5\n"
    with h5py.File(tmp_path / "output.h5") as file:
        assert file["data1/image/value"].shape == (10, 120, 160)
        pulses = file["header1/pulse_id"][:].tolist()
    assert len(pulses) == 10 and pulses == sorted(pulses)


@pytest.mark.usefixtures("panel")
def test_what_the_screen_panel_shows_is_recorded(served: Served, tmp_path: Path) -> None:
    words = ("simulation", "panel.h5", "--address", served.address, "--messages", "5")
    told = run(sys.executable, "record_camera.py", *words, cwd=tmp_path)
    assert re.fullmatch(r"tcp://127\.0\.0\.1:\d+\n5 messages are in panel\.h5\n", told)
    with h5py.File(tmp_path / "panel.h5") as file:
        assert file["data1/x_center_of_mass/value"].shape == (5,)


def test_the_client_steers_real_instances(served: Served) -> None:
    client = served.client
    assert client.get_cameras() == ["simulation"]
    shared = {client.get_instance_stream_from_config({"camera_name": "simulation"}) for _ in range(2)}
    assert len(shared) == 1
    name, stream = shared.pop()
    assert re.fullmatch(UUID, name) and client.get_instance_stream(name) == stream
    with pytest.raises(ValueError, match=r"^Cannot set config on a read only instance\.$"):
        client.set_instance_config(name, {"image_threshold": 1})
    few, _ = client.create_instance_from_config({"camera_name": "simulation", "records": 3})
    assert client.get_instance_message(few).values["width"] == 160
    assert client.wait_instance_completed(few, SECONDS) == 0
    store, _ = client.create_instance_from_config({"camera_name": "simulation", "pipeline_type": "store"})
    with pytest.raises(ValueError, match=r"^Cannot get message from 'store' pipeline type\.$"):
        client.get_instance_message(store)
    client.stop_all_instances()
    assert client.get_server_info()["active_instances"] == {}


REFUSED = [
    ("create_instance_from_config", ({},), "Camera name not specified in configuration."),
    ("create_instance_from_config", ({"camera_name": "simulation"}, "taken"),
     "Instance with id 'taken' is already present and running. Use another instance_id or stop the current"
     " instance if you want to reuse the same instance_id."),
    ("create_instance_from_name", ("nobody",), "Pipeline 'nobody' does not exist."),
    ("get_instance_stream", ("nobody",),
     "Instance 'nobody' is not present on server and it is not a saved pipeline name."),
    ("get_instance_info", ("nobody",), "Instance 'nobody' does not exist."),
    ("get_instance_config", ("nobody",), "Instance 'nobody' does not exist."),
    ("get_instance_exit_code", ("nobody",), "Instance 'nobody' does not exist."),
    ("set_instance_config", ("nobody", {"records": 1}), "Instance 'nobody' does not exist."),
    ("set_instance_config", ("taken", {}), "Config updates cannot be empty."),
    ("set_instance_config", ("taken", {"camera_name": "other"}),
     "Cannot change the camera name on a running instance. Stop the instance first."),
    ("get_pipeline_config", ("nobody",), "Pipeline 'nobody' does not exist."),
    ("delete_pipeline_config", ("nobody",), "Config 'nobody' does not exist."),
    ("get_latest_background", ("nobody",), "No background matches for the specified prefix 'nobody'."),
    ("get_background_image", ("nobody",), "Requested background 'nobody' does not exist."),
    ("collect_background", ("simulation", "x"), "n_images must be a number."),
]  # fmt: skip


def test_refusals_have_the_words_that_programs_know(served: Served) -> None:
    served.client.create_instance_from_config({"camera_name": "simulation"}, "taken")
    found = {}
    for method, arguments, words in REFUSED:
        with pytest.raises(ValueError) as caught:
            getattr(served.client, method)(*arguments, **({"timeout": 60} if "collect" in method else {}))
        found[method, str(arguments)] = (str(caught.value).partition(" (")[0], words)
    served.client.stop_instance("taken")
    assert {key: told for key, (told, _) in found.items()} == {
        key: words for key, (_, words) in found.items()
    }


def test_nothing_went_wrong_unseen(served: Served) -> None:
    for log in served.logs:
        assert "Traceback" not in log.read_text("utf-8")
