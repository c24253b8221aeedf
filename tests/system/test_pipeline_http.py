"""The pipeline server over real connections: viewers, slow calls, two at the same time, large bodies."""

import io
import json
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from pyca.client import PipelineClient
from pyca.client.http import RefusedError
from pyca.config.settings import Agent, Settings, Ui
from pyca.core.access import Scope
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from pyca.ui.imaging.bodies import LONGEST_JSON, LONGEST_LISTS
from pyca.ui.imaging.server import ImagingServer
from tests.fake_pipelines import FakePipelines, some
from tests.http_streams import ask, part, watch
from tests.pipeline_desk import PIPELINE, serving, token
from tests.tools import wait_for

pytestmark = pytest.mark.system


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(agent=Agent(name="lab", database=f"sqlite:///{tmp_path}/pyca.db"), ui=Ui())


@pytest.fixture
def fakes() -> FakePipelines:
    return some()


@pytest.fixture
def server(
    settings: Settings, database: Database, fakes: FakePipelines, tmp_path: Path
) -> Iterator[ImagingServer]:
    with serving(settings, database, SystemClock(), fakes, scripts=tmp_path) as server:
        yield server
        fakes.hold.set()


@pytest.fixture
def client(server: ImagingServer, database: Database) -> PipelineClient:
    _, _, admin = token(database, SystemClock(), Scope.ADMIN)["Authorization"].partition(" ")
    return PipelineClient(server.address, timeout=60, token=admin)


def test_a_slow_call_keeps_nobody_waiting(
    client: PipelineClient, server: ImagingServer, fakes: FakePipelines
) -> None:
    fakes.hold.clear()
    found: list[str] = []
    slow = [
        threading.Thread(target=lambda: found.append(client.collect_background("cam1"))) for _ in range(8)
    ]
    for one in slow:
        one.start()
    wait_for(lambda: fakes.waiting == 8, "all to collect")
    assert client.get_pipelines() == ["one", "two"]
    instance, _ = client.create_instance_from_config({"camera_name": "cam1"})
    assert client.get_instance_info(instance)["is_stream_active"]
    assert client.get_server_info()["active_instances"] and client.get_cameras()
    assert ask(server, "/health/live")[0] == 200 and not found
    fakes.hold.set()
    for one in slow:
        one.join(60)
    assert len(set(found)) == 8 and client.get_backgrounds("cam1") == sorted(found)


def test_many_make_instances_at_the_same_time(client: PipelineClient, fakes: FakePipelines) -> None:
    with ThreadPoolExecutor(16) as pool:
        config = {"camera_name": "cam1"}
        private = list(pool.map(lambda _: client.create_instance_from_config(config), range(16)))
        shared = list(pool.map(lambda _: client.get_instance_stream_from_config(config), range(16)))
        saved = list(pool.map(lambda _: client.get_instance_stream("one"), range(16)))
    assert len(set(private)) == 16 and len(set(shared)) == 1 and len(set(saved)) == 1
    assert len(fakes.instances) == 18


def test_one_id_is_given_once(client: PipelineClient) -> None:
    def make(_: int) -> str:
        try:
            return client.create_instance_from_config({"camera_name": "cam1"}, "mine")[0]
        except RefusedError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(make, range(8)))
    assert found.count("mine") == 1
    assert all("already present and running" in one for one in found if one != "mine")


def test_moving_pictures_end_with_their_instance(server: ImagingServer, fakes: FakePipelines) -> None:
    fakes.stream("one")
    with ExitStack() as stack:
        viewers = [watch(server, stack, f"{PIPELINE}/instance/one/mjpeg?fps=50") for _ in range(3)]
        pictures = {part(viewer) for viewer in viewers for _ in range(3)}
        assert len(pictures) > 1 and all(one[:2] == b"\xff\xd8" for one in pictures)
        fakes.remove("one")
        for viewer in viewers:
            while viewer.read(65536):
                pass
    assert ask(server, f"{PIPELINE}/instance/one/mjpeg")[0] == 404


def test_an_array_of_the_protocol_of_existing_clients(server: ImagingServer, fakes: FakePipelines) -> None:
    image = np.arange(6_000_000, dtype=np.uint16).reshape(2000, 3000)
    path = f"{PIPELINE}/background/dark/image_bytes"
    assert ask(server, path, "PUT", pickle.dumps(image, 0))[0] == 200
    assert np.array_equal(fakes.kept.pop("dark"), image)
    body = io.BytesIO()
    np.save(body, image)
    assert ask(server, path, "PUT", body.getvalue())[0] == 200
    assert np.array_equal(fakes.kept["dark"], image)


@pytest.mark.parametrize(
    ("method", "path", "size"),
    [("POST", "", LONGEST_JSON), ("POST", "/one", LONGEST_JSON), ("POST", "/instance/x/config", LONGEST_JSON),
     ("PUT", "/script/x/script_bytes", LONGEST_JSON), ("POST", "/background", LONGEST_LISTS)],
)  # fmt: skip
def test_what_is_too_large_is_refused(server: ImagingServer, method: str, path: str, size: int) -> None:
    status, body = ask(server, PIPELINE + path, method, b" " * (size + 1))
    found = json.loads(body)
    assert (status, found["state"]) == (413, "error") and str(size) in found["status"]


def test_the_client_steers_a_server(client: PipelineClient, fakes: FakePipelines) -> None:
    saved = client.save_pipeline_config("new", {"camera_name": "cam1"})
    assert saved["name"] == "new" and client.get_config_names() == ["new", "one", "two"]
    assert client.get_pipeline_groups() == {"lab": ["one", "two"], "hall": ["two"]}
    instance, stream = client.create_instance_from_name("new", additional_config={"image_threshold": 3})
    assert client.get_instance_stream(instance) == stream
    assert client.set_instance_config(instance, {"image_threshold": 4})["image_threshold"] == 4
    with pytest.raises(ValueError, match=r"^Config updates cannot be empty\.$"):
        client.set_instance_config(instance, {})
    client.set_background("dark", [[1, 2], [3, 4]])
    assert client.get_background_image_array("dark").tolist() == [[1, 2], [3, 4]]
    assert client.get_background_image("dark").startswith(b"\x89PNG")
    for data in (b"x = '\xc3\xa9'", b"\xff\0"):
        client.set_user_lib("l.zip", data)
        assert client.get_user_lib("l.zip") == data
    client.set_user_script("s.py", "é")
    assert client.get_user_script("s.py") == "é" and client.get_user_scripts() == ["s.py"]
    client.delete_user_script("s.py")
    client.delete_user_lib("l.zip")
    assert client.is_instance_running(instance) and client.get_instance_logs(instance, txt=True)
    client.stop_instance(instance)
    assert client.wait_instance_completed(instance, 60) == 0
    client.delete_instance(instance)
    with pytest.raises(ValueError, match="does not exist"):
        client.wait_instance_completed(instance, 60)
    client.delete_pipeline_config(client.rename_pipeline("new", "newer"))
    client.stop_all_instances()
    assert client.get_pipelines() == ["one", "two"]
