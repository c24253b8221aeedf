"""The pipeline server with its real instances, at a camera whose images are known."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.core.errors import BusyError, OfflineError, UnknownNameError
from pyca.pipeline.pipelines import JOBS, Pipelines
from tests.camera_doubles import listening, message_of
from tests.pipeline.test_pipelines_instances import ended
from tests.pipeline_doubles import CameraServer, running_pipelines, sending, settings_in
from tests.tools import wait_for

WIDTH, HEIGHT = 64, 48


def beam() -> Any:
    x, y = np.arange(WIDTH), np.arange(HEIGHT)[:, None]
    return (1000 * np.exp(-((x - 30) ** 2) / 50 - (y - 20) ** 2 / 30)).astype(np.uint16)


@pytest.fixture(scope="module")
def server(camera_server: CameraServer, folder: Path) -> Iterator[Pipelines]:
    (folder / "scripts").mkdir()
    with sending(beam()) as address:
        camera_server.streams["beam"] = address
        settings = settings_in(folder, cameras=camera_server.address, run_scripts=True)
        with running_pipelines(settings, JOBS) as made:
            yield made


@pytest.fixture
def pipelines(server: Pipelines) -> Iterator[Pipelines]:
    yield server
    server.stop_all()


def at_beam(**more: Any) -> dict[str, Any]:
    return {"camera_name": "beam", "no_client_timeout": 0, **more}


def parameters(pipelines: Pipelines, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(pipelines.message(name).values["processing_parameters"]))
    return found


def test_images_are_processed_and_a_change_holds_at_once(pipelines: Pipelines) -> None:
    made = pipelines.create(at_beam(), "mine")
    message = pipelines.message("mine")
    assert len(message.values) == 28
    assert message.values["x_center_of_mass"] == pytest.approx(30, abs=0.5)
    assert message.values["y_fit_mean"] == pytest.approx(20, abs=0.5)
    assert parameters(pipelines, "mine") == made.config
    pipelines.change("mine", {"image_threshold": 400, "image_region_of_interest": [10, 40, 5, 30]})
    message = pipelines.message("mine")
    assert json.loads(str(message.values["processing_parameters"]))["image_threshold"] == 400
    image: Any = message.values["image"]
    assert image.shape == (30, 40)
    assert set(np.unique(image)) <= {0, *range(400, 1001)}
    info = pipelines.instance_info("mine")
    assert info["kernel"] == pipelines.info()["kernel"]
    assert (info["camera_name"], info["status"], info["online"]) == ("beam", "", True)


def test_an_instance_that_has_done_its_work_ends(pipelines: Pipelines) -> None:
    pipelines.create(at_beam(records=3), "mine")
    assert ended(pipelines, "mine") == 0
    assert "3 messages" in pipelines.info()["ended_instances"]["mine"]["status"]


def test_a_camera_that_is_offline(pipelines: Pipelines, camera_server: CameraServer) -> None:
    camera_server.offline["off"] = "Camera with prefix off is offline"
    for name in ("off", "unknown"):
        with pytest.raises(OfflineError) as caught:
            pipelines.create(at_beam(camera_name=name), "mine")
        assert caught.value.message == f"Camera {name} is not online. Cannot start pipeline."
    with pytest.raises(UnknownNameError):
        pipelines.instance_info("mine")


def test_a_collected_background_is_subtracted(pipelines: Pipelines) -> None:
    background = pipelines.collect("beam", 3)
    pipelines.create(at_beam(image_background=background, image_background_enable=True), "mine")
    assert pipelines.message("mine").values["max_value"] == 0


def test_a_background_of_another_size(pipelines: Pipelines) -> None:
    pipelines.save_background("small", np.zeros((3, 5), np.uint16))
    wrong = at_beam(image_background="small", image_background_enable=True)
    pipelines.create({**wrong, "abort_on_error": False}, "goes_on")
    told = wait_for(lambda: pipelines.instance_info("goes_on")["status"], "its trouble")
    assert "Bad background image size" in told
    pipelines.create(wrong, "ends")
    assert ended(pipelines, "ends") == 1
    assert "Bad background image size" in pipelines.info()["ended_instances"]["ends"]["status"]
    assert any("Bad background image size" in one[3] for one in pipelines.instance_logs("ends"))
    pipelines.save_background("small", beam())
    wait_for(lambda: not pipelines.instance_info("goes_on")["status"], "its trouble to be over")


def test_images_go_by_workers_and_come_back(pipelines: Pipelines) -> None:
    pipelines.save("out", at_beam(pipeline_type="fanout"))
    pipelines.save("in", {"pipeline_type": "fanin", "pid_buffer": 20, "no_client_timeout": 0})
    with listening(pipelines.stream("in")) as receiver:
        for name in ("a", "b"):
            worker = {"input_pipeline": "out", "input_mode": "PULL", "output_pipeline": "in"}
            pipelines.create({**worker, "no_client_timeout": 0}, name)
        for name in ("a", "b"):
            pipelines.message(name)
        messages = [message_of(receiver) for _ in range(20)]
    assert all("x_fit_mean" in message.values for message in messages)
    for name in ("out", "in"):
        pipelines.delete(name)


def test_a_file_is_written_by_one(pipelines: Pipelines, folder: Path) -> None:
    made = pipelines.create(at_beam(mode="FILE", file="run/1.h5"), "mine")
    assert made.stream == str(folder / "files" / "run" / "1.h5")
    with pytest.raises(BusyError, match=r"Instance 'mine' is writing the file 'run/1\.h5'"):
        pipelines.create(at_beam(mode="FILE", file="run/1.h5"), "other")
    assert pipelines.message("mine").values["width"] == WIDTH
    wait_for(lambda: (folder / "files" / "run" / "1.h5").exists(), "the file")


@pytest.mark.parametrize("words", ["import os; os._exit(3)", "import os; os.abort()"])
def test_a_function_that_ends_its_process_is_not_begun_again(pipelines: Pipelines, words: str) -> None:
    pipelines.save_script("bad", f"def process_image(*arguments):\n    {words}\n")
    pipelines.create(at_beam(function="bad"), "bad")
    pipelines.create(at_beam(), "good")
    assert ended(pipelines, "bad") in (3, -6)
    assert "its process" in pipelines.info()["ended_instances"]["bad"]["status"]
    assert pipelines.message("good").values["width"] == WIDTH
