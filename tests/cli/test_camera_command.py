"""``pyca camera``: what is given wins, nothing is half started, and all mistakes of a folder are told."""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from pyca.camera.cameras import Cameras
from pyca.cli.cameras import check_libraries
from pyca.cli.imaging_work import ImagingWork, needing
from pyca.client import CamClient
from pyca.config.settings import Camera, Settings
from pyca.core.errors import MissingError
from pyca.core.states import ServiceName, ServiceState
from pyca.store.database import Database
from pyca.store.services import statuses
from pyca.ui.imaging.server import ImagingServer
from tests.cli.conftest import Run, Started
from tests.fake_cameras import FakeCameras, some
from tests.tools import FakeClock


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log messages to the tests."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch, quiet: None) -> FakeCameras:
    """Those that the server is given."""
    found = some()
    monkeypatch.setattr("pyca.camera.cameras.open_cameras", lambda settings: found)
    return found


def configure(folder: Path, text: str) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "pyca.conf").write_text(text, "utf-8")


@pytest.mark.parametrize(
    "given",
    [
        ["-p", "8123", "-i", "192.0.2.1", "-b", "cams", "-n", "beam", "--log_level", "DEBUG"],
        ["--port", "8123", "--interface", "192.0.2.1", "--base", "cams", "--hostname", "beam",
         "--log-level", "debug"],
    ],
)  # fmt: skip
def test_what_is_given_wins(pyca: Run, folder: Path, started: Started, given: list[str]) -> None:
    configure(folder, "[camera]\nport = 1\nfirst_port = 2000\n[logging]\nlevel = error\n")
    assert pyca("camera", *given).code == 0
    name, settings = started[0]
    camera = settings.camera
    assert (name, camera.port, camera.bind) == (ServiceName.CAMERA, 8123, "192.0.2.1")
    assert (camera.directory, camera.hostname, camera.first_port) == (folder / "cams", "beam", 2000)
    assert settings.logging.level == "debug"


def test_without_options_the_configuration_counts(pyca: Run, folder: Path, started: Started) -> None:
    assert pyca("camera").code == 0
    camera = started[0][1].camera
    assert (camera.bind, camera.port) == ("localhost", 8888)
    assert camera.directory == folder / "configuration" / "camera_config"


def test_the_level_that_we_do_not_have_is_the_next_one(pyca: Run, folder: Path, started: Started) -> None:
    assert pyca("camera", "--log_level", "CRITICAL").code == 0
    assert started[0][1].logging.level == "error"


@pytest.mark.parametrize(
    "given", [["-p", "70000"], ["-p", "x"], ["--log_level", "LOUD"], ["what"], ["-p", "1", "validate", "."]]
)
def test_what_cannot_be_is_refused(pyca: Run, folder: Path, started: Started, given: list[str]) -> None:
    assert pyca("camera", *given).code == os.EX_USAGE
    assert started == []


def test_a_port_that_is_taken_is_told_and_the_cameras_are_closed(
    pyca: Run, folder: Path, cameras: FakeCameras
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pyca("camera", "--port", str(port))
    assert result.code == os.EX_USAGE
    assert f"port {port} is taken" in result.err
    assert cameras.closed.is_set()
    database = Database(f"sqlite:///{folder / 'pyca.db'}")
    with database.read() as session:
        camera = next(one for one in statuses(session, 0.0) if one.name == ServiceName.CAMERA)
    database.dispose()
    assert camera.state is ServiceState.STOPPED


def test_a_library_that_is_not_there_is_told_with_its_remedy() -> None:
    with pytest.raises(MissingError, match="needs “zmq”") as caught, needing("camera"):
        raise ModuleNotFoundError("No module named 'zmq.utils'", name="zmq.utils")
    assert "./start.sh camera" in caught.value.remedy and "'.[camera]'" in caught.value.remedy


def test_without_a_library_nothing_is_made(pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        with needing("camera"):
            raise ModuleNotFoundError("No module named 'zmq'", name="zmq")

    monkeypatch.setattr("pyca.cli.cameras.check_libraries", missing)
    result = pyca("camera")
    assert result.code == os.EX_UNAVAILABLE
    assert "needs “zmq”" in result.err and list(folder.iterdir()) == []


def test_the_libraries_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    check_libraries()
    monkeypatch.delitem(sys.modules, "pyca.instances.newest")
    monkeypatch.delitem(sys.modules, "pyca.camera.cameras")
    monkeypatch.delattr("pyca.camera.cameras")
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingError, match="needs “numpy”"):
        check_libraries()


def test_a_fault_of_ours_is_not_taken_for_a_library() -> None:
    with pytest.raises(ModuleNotFoundError), needing("camera"):
        raise ModuleNotFoundError("No module named 'pyca.wrong'", name="pyca.wrong")


def working(cameras: FakeCameras, settings: Settings | None = None) -> ImagingWork:
    return ImagingWork(
        ServiceName.CAMERA, settings or Settings(), cast(Cameras, cameras), FakeClock(), cameras.close
    )


def test_the_status_tells_how_many_cameras_run() -> None:
    cameras = some()
    work = working(cameras)
    assert work.tick() > FakeClock().now()
    known = len(cameras.names())
    assert (work.status(), work.busy()) == (f"0 of {known} cameras run, 0 clients", False)
    name = cameras.names()[0]
    cameras.stream(name)
    clients = Mock(return_value={"instances": {name: {"clients": 1}}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cameras, "heartbeat", clients)
        work.tick()
    assert (work.status(), work.busy()) == (f"1 of {known} cameras run, 1 client", True)
    assert list(work.files()) == []
    work.close()
    assert cameras.closed.is_set()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"port": 9999}, False),
        ({"authentication": "on", "origins": ("*",), "enabled": True}, False),
        ({"first_port": 2000}, True),
        ({"directory": Path("/elsewhere")}, True),
        ({"bind": "*"}, True),
    ],
)
def test_what_needs_a_restart_is_told(
    caplog: pytest.LogCaptureFixture, change: dict[str, Any], told: bool
) -> None:
    working(some()).follow(Settings(camera=Camera(**change)))
    assert ("after a restart only" in caplog.text) is told


def test_the_server_answers_until_it_is_told_to_stop(
    pyca: Run, folder: Path, cameras: FakeCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    tick = ImagingWork.tick

    def ask(work: ImagingWork) -> float:
        due = tick(work)
        with Database(f"sqlite:///{folder / 'pyca.db'}").read() as session:
            seen.extend(one.state for one in statuses(session, 0.0) if one.name == ServiceName.CAMERA)
        seen.append(CamClient(address[0]).get_cameras())
        # As systemd does.
        os.kill(os.getpid(), signal.SIGTERM)
        return due

    address: list[str] = []
    start = ImagingServer.start

    def note(server: ImagingServer) -> None:
        start(server)
        address.append(server.address)

    monkeypatch.setattr(ImagingServer, "start", note)
    monkeypatch.setattr(ImagingWork, "tick", ask)
    raised: list[bool] = []
    monkeypatch.setattr("pyca.cli.imaging_work.allow_many", lambda: raised.append(True))
    assert pyca("camera", "-p", "0").code == 0
    assert raised
    assert seen == [ServiceState.IDLE, cameras.names()]
    assert cameras.closed.is_set()
    with pytest.raises(ConnectionError):
        CamClient(address[0]).get_cameras()


def put(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.json").write_text(text, "utf-8")


def test_a_folder_in_order_is_said_to_be(pyca: Run, folder: Path) -> None:
    put(folder, "one", json.dumps({"source": "x", "source_type": "simulation"}))
    result = pyca("camera", "validate", str(folder))
    assert (result.code, result.out) == (0, "1 camera, no mistakes\n")


def test_every_mistake_of_every_file_is_told(pyca: Run, folder: Path) -> None:
    put(folder, "good", json.dumps({"source": "x", "source_type": "simulation"}))
    put(folder, "bad", json.dumps({"source_type": "telepathy", "mirrorx": True, "rotate": "left"}))
    put(folder, "torn", '{"source": ')
    result = pyca("camera", "validate", str(folder))
    assert result.code == os.EX_CONFIG
    assert result.out == "3 cameras, mistakes in 2\n"
    lines = result.err.splitlines()
    bad = [line for line in lines if line.startswith(f"{folder / 'bad.json'}: ")]
    assert any("telepathy" in line for line in bad)
    assert any("mirrorx" in line and "mirror_x" in line for line in bad)
    assert any("rotate" in line for line in bad)
    assert any(line.startswith(f"{folder / 'torn.json'}: ") for line in lines)
    assert "good.json" not in result.err
    found = json.loads(pyca("camera", "validate", str(folder), "--json").out)
    assert {Path(one["file"]).stem: bool(one["problems"]) for one in found} == {
        "good": False, "bad": True, "torn": True,
    }  # fmt: skip


def test_one_file_is_looked_at_alone_and_its_aliases_among_all(pyca: Run, folder: Path) -> None:
    put(folder, "good", json.dumps({"source": "x", "source_type": "simulation", "alias": ["mine"]}))
    put(folder, "torn", '{"source": ')
    result = pyca("camera", "validate", str(folder / "good.json"))
    assert (result.code, result.out, result.err) == (0, "1 camera, no mistakes\n", "")
    result = pyca("camera", "validate", "torn.json")
    assert result.code == os.EX_CONFIG and "torn.json" in result.err
    (folder / "notes.txt").write_text("x")
    result = pyca("camera", "validate", "notes.txt")
    assert result.code == os.EX_USAGE and "no configuration of a camera" in result.err


def test_by_default_the_configured_folder_is_looked_at(pyca: Run, folder: Path) -> None:
    configure(folder, f"[camera]\ndirectory = {folder / 'cams'}\n")
    (folder / "cams").mkdir()
    put(folder / "cams", "one", "[]")
    assert pyca("camera", "validate").code == os.EX_CONFIG


def test_a_background_that_is_not_there_is_told_where_their_folder_is_known(pyca: Run, folder: Path) -> None:
    configure(folder, f"[camera]\ndirectory = {folder / 'cams'}\nbackgrounds = {folder / 'dark'}\n")
    (folder / "cams").mkdir()
    text = '{"source": "x", "source_type": "simulation", "image_background": "night"}'
    put(folder / "cams", "one", text)
    result = pyca("camera", "validate")
    assert result.code == os.EX_CONFIG
    assert "Requested background 'night' does not exist." in result.err
    assert pyca("camera", "validate", str(folder / "cams")).code == 0


def test_a_folder_that_is_not_there_is_told_and_not_made(pyca: Run, folder: Path) -> None:
    result = pyca("camera", "validate", "nowhere")
    assert result.code == os.EX_USAGE
    assert "nowhere" in result.err
    assert not (folder / "nowhere").exists()
