"""Cameras that go away while their stream is used, as clients of the server see them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.camera.cameras import Cameras
from pyca.core.errors import OfflineError, PycaError
from tests.camera_doubles import listening, message_of, obedient_kind, running_cameras, settings_in
from tests.soft_ioc import SoftIoc
from tests.tools import wait_for


@pytest.fixture
def cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cameras]:
    obedient_kind(monkeypatch)
    with running_cameras(settings_in(tmp_path)) as made:
        yield made


@pytest.mark.parametrize("library", ["pyepics", "caproto"])
def test_an_ioc_that_dies_is_told_and_comes_back(soft_ioc: SoftIoc, tmp_path: Path, library: str) -> None:
    pytest.importorskip(library.removeprefix("py"))
    with running_cameras(settings_in(tmp_path)) as cameras:
        camera = {"source": soft_ioc.prefix, "source_type": "epics", "library": library}
        cameras.save("one", {**camera, "no_client_timeout": 0})
        # On a machine that does many things at once it may be late at first.
        address = wait_for(lambda: stream_of(cameras), "the stream")
        with listening(address) as receiver:
            message_of(receiver)
            soft_ioc.kill()
            offline = (False, f"Camera with prefix {soft_ioc.prefix} is offline")
            wait_for(lambda: cameras.online("one") == offline, "the loss")
            with pytest.raises(OfflineError, match="is offline"):
                cameras.snapshot("one", timeout=60)
            soft_ioc.start()
            wait_for(lambda: cameras.online("one") == (True, ""), "the return")
            message_of(receiver)
            assert cameras.snapshot("one", timeout=60).image.shape == (48, 64)


def stream_of(cameras: Cameras) -> str:
    try:
        return cameras.stream("one")
    except OfflineError:
        return ""


def test_who_waits_for_an_image_is_told_that_the_camera_is_gone(cameras: Cameras, tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.write_text("8x4")
    cameras.save("one", {"source": str(order), "source_type": "obedient", "no_client_timeout": 0})
    cameras.stream("one")
    cameras.snapshot("one")
    order.write_text("quiet")
    told: list[PycaError] = []
    asked = threading.Event()

    def ask() -> None:
        asked.set()
        while not told:
            try:
                cameras.snapshot("one", timeout=120)
            except PycaError as error:
                told.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    asked.wait()
    order.write_text("offline")
    asking.join(100)
    assert [type(error) for error in told] == [OfflineError]
    assert told[0].message == "Camera with prefix P is offline"


def test_another_source_makes_an_offline_camera_online(cameras: Cameras, tmp_path: Path) -> None:
    for name, words in (("old", "8x4"), ("new", "6x2")):
        (tmp_path / name).write_text(words)
    camera = {"source_type": "obedient", "no_client_timeout": 0}
    cameras.save("one", {**camera, "source": str(tmp_path / "old")})
    cameras.stream("one")
    (tmp_path / "old").write_text("offline")
    wait_for(lambda: not cameras.online("one")[0], "the loss")
    cameras.save("one", {**camera, "source": str(tmp_path / "new")})
    wait_for(lambda: cameras.online("one") == (True, ""), "the other camera")
    assert cameras.snapshot("one").image.shape == (2, 6)
