"""Helpers for the tests of the camera server's interface."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui.camera.app import create_camera_app
from pyca.ui.camera.server import camera_server
from pyca.ui.connections import Limits
from pyca.ui.imaging.server import LIMITS, ImagingServer
from tests.fake_cameras import FakeCameras

V1 = "/api/v1"


def make_app(
    settings: Settings,
    database: Database,
    clock: Clock,
    cameras: FakeCameras,
    *,
    is_local: bool = True,
    **camera: Any,
) -> Flask:
    """Return the application of some fake cameras.

    :param camera: keys of ``[camera]``
    """
    changed = replace(settings, camera=replace(settings.camera, **camera))
    return create_camera_app(changed, database, clock, _as_real(cameras), is_local=is_local)


@contextmanager
def serving(
    settings: Settings,
    database: Database,
    clock: Clock,
    cameras: FakeCameras,
    limits: Limits = LIMITS,
    **camera: Any,
) -> Iterator[ImagingServer]:
    """Serve some fake cameras at a port of their own."""
    changed = replace(settings, camera=replace(settings.camera, **({"port": 0} | camera)))
    with closing(camera_server(changed, database, clock, _as_real(cameras), limits)) as server:
        server.start()
        yield server


def told(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    """Return what an answer holds; its envelope and its headers are as they have to be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = json.loads(answer.data)
    assert list(found)[:2] == ["state", "status"]
    assert found["state"] == ("ok" if status == 200 else "error")
    assert isinstance(found["status"], str) and found["status"]
    return found


def _as_real(cameras: FakeCameras) -> Cameras:
    made: Any = cameras
    return made
