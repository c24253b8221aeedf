"""A server of pipelines whose instances are stand-ins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.pipeline.pipelines import Pipelines
from tests.pipeline_doubles import CameraServer, running_pipelines, settings_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pipelines")


@pytest.fixture(scope="module")
def camera_server() -> Iterator[CameraServer]:
    server = CameraServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def shared_pipelines(folder: Path, camera_server: CameraServer) -> Iterator[Pipelines]:
    with running_pipelines(settings_in(folder, cameras=camera_server.address, token="secret")) as made:
        yield made


@pytest.fixture
def pipelines(shared_pipelines: Pipelines, folder: Path) -> Iterator[Pipelines]:
    """The server of this module; nothing runs at the beginning and at the end."""
    yield shared_pipelines
    (folder / "pipelines" / "permanent_instances.json").unlink(missing_ok=True)
    for name in shared_pipelines.names():
        shared_pipelines.delete(name)
    shared_pipelines.stop_all()
