"""What the machine cannot do now is no mistake of whoever asks: 503 or 507, in words."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from pyca.camera.files.folder import open_folder
from pyca.config.settings import Settings
from pyca.core.errors import ImagingError, MachineError
from pyca.folders import jsonfile, store
from pyca.folders.scripts import Scripts
from pyca.images import backgrounds
from pyca.images.backgrounds import Backgrounds
from pyca.store.database import Database
from pyca.ui.imaging.envelope import code_of
from tests.camera_desk import V1, make_app, told
from tests.fake_cameras import some
from tests.tools import FakeClock

CAM = f"{V1}/cam"
CONFIG = {"source": "simulation", "source_type": "simulation"}


@pytest.fixture
def cameras(tmp_path: Path) -> Path:
    return tmp_path / "cameras"


@pytest.fixture
def user(
    settings: Settings, database: Database, clock: FakeClock, cameras: Path, tmp_path: Path
) -> FlaskClient:
    """Somebody who asks for files that are really there."""
    folder, kept, texts = (
        open_folder(cameras),
        Backgrounds(tmp_path / "backgrounds"),
        Scripts(tmp_path / "scripts", "camera"),
    )
    fakes: Any = some()
    fakes.names = folder.names
    fakes.config = lambda name: folder.read(name).as_json()
    fakes.save = lambda name, raw: folder.save(name, raw).as_json()
    fakes.delete = folder.delete
    fakes.background = kept.save
    fakes.save_script = texts.save
    return make_app(settings, database, clock, fakes, scripts=tmp_path / "scripts").test_client()


def failing(number: int) -> Any:
    def fail(*_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_folder_that_is_gone(user: FlaskClient, cameras: Path) -> None:
    told(user.post(f"{CAM}/mine/config", json=CONFIG))
    shutil.rmtree(cameras)
    for answer in (
        user.get(CAM),
        user.get(f"{CAM}/mine/config"),
        user.post(f"{CAM}/mine/config", json=CONFIG),
        user.delete(f"{CAM}/mine/config"),
    ):
        assert f"“{cameras}” " in told(answer, 503)["status"]
        assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EMFILE, 503), (errno.EROFS, 503), (errno.EACCES, 503)],
)
def test_what_cannot_be_written(
    user: FlaskClient, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    for module in (jsonfile, store, backgrounds):
        monkeypatch.setattr(module, "write_durably", failing(number))
    image = {"data": np.zeros((2, 3)).dumps()}
    for answer in (
        user.post(f"{CAM}/mine/config", json=CONFIG),
        user.put(f"{CAM}/script/mine.py/script_bytes", data=b"x = 1\n"),
        user.put(f"{CAM}/background/mine/image_bytes", **image),
    ):
        found = told(answer, status)
        assert found["status"].endswith(f"cannot be written: {os.strerror(number)}.") and found["remedy"]


def test_a_configuration_is_read_as_soon_as_the_machine_can(
    user: FlaskClient, cameras: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(user.post(f"{CAM}/mine/config", json=CONFIG))
    os.utime(cameras / "mine.json", (1_000_000_000, 1_000_000_000))
    with monkeypatch.context() as scarce:
        scarce.setattr(jsonfile, "read_regular", failing(errno.EMFILE))
        answer = user.get(f"{CAM}/mine/config")
        assert "mine.json” cannot be read: Too many open files" in told(answer, 503)["status"]
    told(user.get(f"{CAM}/mine/config"))


def test_mistakes_are_still_those_of_who_asks() -> None:
    assert code_of(ImagingError("x")) == 400
    assert code_of(MachineError("x")) == 503
