"""The interface over real cameras: real processes, real frames, nothing stands in for anything."""

import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pyca.camera.cameras import open_cameras
from pyca.config.settings import Agent, Camera, Settings
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from pyca.ui.camera.server import camera_server
from pyca.ui.imaging.server import ImagingServer
from tests.camera_desk import V1
from tests.http_streams import ask, part, watch
from tests.tools import wait_for

pytestmark = pytest.mark.system

CAM = f"{V1}/cam"
CONFIG = {"source": "demo", "source_type": "simulation", "frame_rate": 20, "alias": ["one"], "group": ["lab"]}


@pytest.fixture
def server(tmp_path: Path, database: Database) -> Iterator[ImagingServer]:
    camera = Camera(
        port=0,
        directory=tmp_path / "cameras",
        backgrounds=tmp_path / "backgrounds",
        scripts=tmp_path / "scripts",
        first_port=33_000,
        last_port=33_200,
    )
    settings = Settings(agent=Agent(name="lab", database=f"sqlite:///{tmp_path}/pyca.db"), camera=camera)
    cameras = open_cameras(settings)
    cameras.start()
    with closing(cameras), closing(camera_server(settings, database, SystemClock(), cameras)) as server:
        server.start()
        found = told(server, f"{CAM}/cam1/config", "POST", json.dumps(CONFIG).encode())
        assert found["config"]["frame_rate"] == 20
        yield server


def told(server: ImagingServer, path: str, method: str = "GET", body: bytes | None = None) -> Any:
    status, answer = ask(server, path, method, body)
    assert status == 200, answer
    return json.loads(answer)


def test_a_camera_from_its_configuration_to_its_end(server: ImagingServer) -> None:
    assert told(server, CAM)["cameras"] == ["cam1", "simulation"]
    assert told(server, f"{CAM}/one/is_online")["online"] is True
    width, height = told(server, f"{CAM}/one/geometry")["geometry"]
    _, png = ask(server, f"{CAM}/one/image?scale=0.5&colormap=viridis")
    assert Image.open(io.BytesIO(png)).size == (width // 2, height // 2)
    values = told(server, f"{CAM}/cam1/image_bytes")["image"]
    assert values["shape"] == [height, width]
    assert str(told(server, f"{CAM}/one")["stream"]).startswith("tcp://")
    found = wait_for(lambda: told(server, f"{CAM}/info")["info"], "figures")
    assert list(found["active_instances"]) == ["cam1"]
    status, metrics = ask(server, "/metrics")
    assert status == 200 and b'pyca_camera_clients{camera="cam1"} ' in metrics
    status, page = ask(server, "/")
    assert status == 200 and b"cam1" in page and b"running" in page
    told(server, f"{CAM}/one", "DELETE")
    assert told(server, f"{CAM}/info")["info"]["active_instances"] == {}
    told(server, f"{CAM}/cam1/rename", "POST", b'{"name": "cam2"}')
    told(server, f"{CAM}/cam2/config", "DELETE")
    assert ask(server, f"{CAM}/cam2")[0] == 404


def test_real_pictures_move_and_count_as_one_client(server: ImagingServer) -> None:
    with ExitStack() as stack:
        viewers = [watch(server, stack, f"{CAM}/cam1/mjpeg?scale=0.25") for _ in range(5)]
        for viewer in viewers:
            assert len({part(viewer) for _ in range(3)}) > 1

        def clients() -> object:
            return told(server, f"{CAM}/heartbeat")["instances"]["cam1"]["clients"] == 1

        wait_for(clients, "one client")
        told(server, f"{CAM}/cam1", "DELETE")
        for viewer in viewers:
            while viewer.read(65536):
                pass


def test_ffmpeg_reads_the_raw_frames(server: ImagingServer, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    address = f"{server.address}{CAM[1:]}/cam1/y4m?min_value=0&max_value=4000"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-use_wallclock_as_timestamps", "1", "-f", "yuv4mpegpipe", "-i", address,
         "-frames:v", "5", "-c:v", "ffv1", film],
        check=True, timeout=120,
    )  # fmt: skip
    assert film.stat().st_size > 1000


def test_what_is_offline_is_said_at_once(server: ImagingServer) -> None:
    gone = {"source": "tcp://127.0.0.1:9", "source_type": "bsread"}
    told(server, f"{CAM}/gone/config", "POST", json.dumps(gone).encode())
    found = told(server, f"{CAM}/gone/is_online")
    assert found["online"] is False and found["status"]
    assert ask(server, f"{CAM}/gone/image")[0] == 503


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fx", "a%00b", "x" * 300, "%F0%9F%8E%A5", ".hidden"])
def test_odd_names_are_no_cameras(server: ImagingServer, name: str) -> None:
    for path in ("", "/config", "/geometry", "/image", "/mjpeg", "/is_online"):
        assert ask(server, f"{CAM}/{name}{path}")[0] in (400, 404)
    status, _ = ask(server, f"{CAM}/{name}", "DELETE")
    assert status in (200, 404)
    assert ask(server, f"{CAM}/{name}/config", "POST", b"{}")[0] in (400, 404)
    assert ask(server, f"{CAM}/background/{name}/image_bytes", "PUT", b"cos\nsystem\n.")[0] in (400, 404)
    assert ask(server, f"{CAM}/script/{name}/script_bytes", "GET")[0] in (400, 404)
    assert ask(server, f"{V1}/logs/instance/{name}")[0] in (200, 404)
