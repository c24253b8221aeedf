"""``pyca pipeline``: what is given wins, nothing is half started, and all mistakes of a folder are told."""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from pyca.cli.imaging_work import ImagingWork
from pyca.cli.pipelines import check_libraries
from pyca.config.imaging import Pipeline
from pyca.config.settings import Settings
from pyca.core.errors import MissingError
from pyca.core.states import ServiceName, ServiceState
from pyca.pipeline.pipelines import Pipelines
from pyca.runtime.bell import Bell
from pyca.store.database import Database
from pyca.store.services import statuses
from tests.cli.conftest import Run, Started
from tests.fake_pipelines import FakePipelines, some
from tests.tools import FakeClock


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log messages to the tests."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch, quiet: None) -> FakePipelines:
    """Those that the server is given."""
    found = ended(some())
    monkeypatch.setattr("pyca.pipeline.pipelines.open_pipelines", lambda settings, clock: found)
    return found


def ended(pipelines: FakePipelines) -> FakePipelines:
    """Have pipelines note that they were closed."""
    pipelines.close = Mock(wraps=pipelines.close)  # type: ignore[method-assign]
    return pipelines


def configure(folder: Path, text: str) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "pyca.conf").write_text(text, "utf-8")


@pytest.mark.parametrize(
    "given",
    [
        ["-c", "http://cams:8888/", "-p", "8123", "-i", "192.0.2.1", "-b", "pipes", "-g", "dark",
         "-u", "code", "-n", "beam", "--log_level", "DEBUG"],
        ["--cam_server", "http://cams:8888", "--port", "8123", "--interface", "192.0.2.1", "--base", "pipes",
         "--background_base", "dark", "--user_scripts_base", "code", "--hostname", "beam",
         "--log_level", "debug"],
        ["--cam-server", "http://cams:8888", "--port", "8123", "--interface", "192.0.2.1", "--base", "pipes",
         "--background-base", "dark", "--user-scripts-base", "code", "--hostname", "beam",
         "--log-level", "debug"],
    ],
)  # fmt: skip
def test_what_is_given_wins(pyca: Run, folder: Path, started: Started, given: list[str]) -> None:
    configure(folder, "[pipeline]\nport = 1\nfirst_port = 2000\n[logging]\nlevel = error\n")
    assert pyca("pipeline", *given).code == 0
    name, settings = started[0]
    pipeline = settings.pipeline
    assert (name, pipeline.cameras) == (ServiceName.PIPELINE, "http://cams:8888")
    assert (pipeline.port, pipeline.bind, pipeline.hostname) == (8123, "192.0.2.1", "beam")
    assert (pipeline.directory, pipeline.backgrounds) == (folder / "pipes", folder / "dark")
    assert (pipeline.scripts, pipeline.run_scripts, pipeline.first_port) == (folder / "code", False, 2000)
    assert settings.logging.level == "debug"


def test_without_options_the_configuration_counts(pyca: Run, folder: Path, started: Started) -> None:
    configure(folder, "[pipeline]\nport = 8123\n")
    (folder / "other.conf").write_text("[pipeline]\nport = 8124\n", "utf-8")
    assert pyca("pipeline").code == 0
    # Its own -c is another one; before the command it is that of all commands.
    assert pyca("pipeline", "--config", "other.conf").code == 0
    assert pyca("-c", "other.conf", "pipeline", "-c", "http://cams").code == 0
    assert [settings.pipeline.port for _, settings in started] == [8123, 8124, 8124]
    assert started[0][1].pipeline.cameras == "http://localhost:8888"
    assert started[2][1].pipeline.cameras == "http://cams"


@pytest.mark.parametrize(
    "given",
    [
        ["-p", "70000"], ["-c", "cams:8888"], ["-c", ""], ["--log_level", "LOUD"], ["what"],
        ["-c", "http://cams", "validate", "."],
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(pyca: Run, folder: Path, started: Started, given: list[str]) -> None:
    assert pyca("pipeline", *given).code == os.EX_USAGE
    assert started == []


def test_a_port_that_is_taken_is_told_and_the_pipelines_are_closed(
    pyca: Run, folder: Path, pipelines: FakePipelines
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pyca("pipeline", "--port", str(port))
    assert result.code == os.EX_USAGE
    assert f"port {port} is taken" in result.err
    assert cast(Mock, pipelines.close).called
    database = Database(f"sqlite:///{folder / 'pyca.db'}")
    with database.read() as session:
        found = next(one for one in statuses(session, 0.0) if one.name == ServiceName.PIPELINE)
    database.dispose()
    assert found.state is ServiceState.STOPPED


def test_a_second_server_begins_nothing(pyca: Run, folder: Path, pipelines: FakePipelines) -> None:
    pipelines.start = Mock()  # type: ignore[method-assign]
    database = Database(f"sqlite:///{folder / 'pyca.db'}")
    bell = Bell(database.scope, "pipeline")
    try:
        result = pyca("pipeline", "--port", "0")
    finally:
        bell.close()
        database.dispose()
    assert result.code == os.EX_TEMPFAIL and "pipeline is already running for this database" in result.err
    assert not pipelines.start.called, "permanent instances would write to the same files"


def test_a_library_that_is_not_there_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    check_libraries()
    monkeypatch.delitem(sys.modules, "pyca.images.backgrounds")
    monkeypatch.delitem(sys.modules, "pyca.pipeline.pipelines")
    monkeypatch.delattr("pyca.pipeline.pipelines")
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingError, match="the pipeline server needs “numpy”") as caught:
        check_libraries()
    assert "./start.sh pipeline" in caught.value.remedy and "'.[camera]'" in caught.value.remedy


def working(pipelines: FakePipelines) -> ImagingWork:
    return ImagingWork(
        ServiceName.PIPELINE, Settings(), cast(Pipelines, pipelines), FakeClock(), pipelines.close
    )


def test_the_status_tells_how_many_pipelines_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pipelines = ended(some())
    work = working(pipelines)
    for instances, text in (
        ({}, "0 pipelines run, 0 clients"),
        ({"a": {"clients": 2}, "b": {"clients": None}}, "2 pipelines run, 2 clients"),
        ({"a": {"clients": 1}}, "1 pipeline runs, 1 client"),
    ):
        answer = {"version": "1", "instances": instances}
        monkeypatch.setattr(pipelines, "heartbeat", lambda answer=answer: answer)
        assert work.tick() > FakeClock().now()
        assert (work.status(), work.busy()) == (text, bool(instances))
    work.close()
    assert cast(Mock, pipelines.close).called


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"port": 9999, "authentication": "on"}, False),
        ({"cameras": "http://other"}, True),
        ({"run_scripts": True}, True),
    ],
)
def test_what_needs_a_restart_is_told(
    caplog: pytest.LogCaptureFixture, change: dict[str, Any], told: bool
) -> None:
    working(some()).follow(Settings(pipeline=Pipeline(**change)))
    assert ("after a restart only" in caplog.text) is told


def test_the_server_answers_until_it_is_told_to_stop(
    pyca: Run, folder: Path, pipelines: FakePipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyca.client.http import Connection
    from pyca.ui.imaging.server import ImagingServer

    seen: list[Any] = []
    tick, start = ImagingWork.tick, ImagingServer.start
    address: list[str] = []

    def note(server: ImagingServer) -> None:
        start(server)
        address.append(server.address)

    def ask(work: ImagingWork) -> float:
        due = tick(work)
        seen.append(Connection(address[0], 30.0, None).field("pipelines", "GET", "pipeline"))
        # As systemd does.
        os.kill(os.getpid(), signal.SIGTERM)
        return due

    monkeypatch.setattr(ImagingServer, "start", note)
    monkeypatch.setattr(ImagingWork, "tick", ask)
    monkeypatch.setattr("pyca.cli.imaging_work.allow_many", lambda: None)
    assert pyca("pipeline", "-p", "0").code == 0
    assert seen == [pipelines.names()]
    assert cast(Mock, pipelines.close).called


def put(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.json").write_text(text, "utf-8")


def test_every_mistake_of_every_file_is_told(pyca: Run, folder: Path) -> None:
    put(folder, "good", '{"camera_name": "simulation"}')
    put(folder, "warned", '{"camera_name": "simulation", "image_threshold": 0.5}')
    put(folder, "bad", '{"pipeline_type": "mill", "mode": "SUB", "image_treshold": 3}')
    put(folder, "torn", '{"camera_name": ')
    result = pyca("pipeline", "validate", str(folder))
    assert result.code == os.EX_CONFIG
    assert result.out == "4 pipelines, mistakes in 2\n"
    lines = result.err.splitlines()
    bad = [line for line in lines if line.startswith(f"{folder / 'bad.json'}: ")]
    assert len(bad) == 3
    assert any("pipeline_type 'mill' not present in mapping." in line for line in bad)
    assert any("image_treshold" in line and "image_threshold" in line for line in bad)
    assert any(line.startswith(f"{folder / 'torn.json'}: ") for line in lines)
    assert any(line.startswith(f"{folder / 'warned.json'}: warning: ") for line in lines)
    assert "good.json" not in result.err
    found = json.loads(pyca("pipeline", "validate", str(folder), "--json").out)
    assert {Path(one["file"]).stem: (bool(one["problems"]), bool(one["warnings"])) for one in found} == {
        "good": (False, False), "warned": (False, True), "bad": (True, False), "torn": (True, False),
    }  # fmt: skip


def test_one_file_is_looked_at_alone(pyca: Run, folder: Path) -> None:
    put(folder, "good", '{"camera_name": "simulation"}')
    put(folder, "torn", '{"camera_name": ')
    result = pyca("pipeline", "validate", str(folder / "good.json"))
    assert (result.code, result.out, result.err) == (0, "1 pipeline, no mistakes\n", "")
    (folder / "notes.txt").write_text("x")
    result = pyca("pipeline", "validate", "notes.txt")
    assert result.code == os.EX_USAGE and "no configuration of a pipeline" in result.err


def test_by_default_the_configured_folder_and_its_backgrounds_are_looked_at(pyca: Run, folder: Path) -> None:
    configure(folder, "[pipeline]\ndirectory = pipes\nbackgrounds = dark\n")
    assert pyca("pipeline", "validate").code == os.EX_USAGE
    assert not (folder / "pipes").exists()
    (folder / "pipes").mkdir()
    put(folder / "pipes", "one", '{"camera_name": "simulation", "background_id": "night"}')
    result = pyca("pipeline", "validate")
    assert result.code == os.EX_CONFIG
    assert "Requested background 'night' does not exist." in result.err
    assert pyca("pipeline", "validate", str(folder / "pipes")).code == 0
