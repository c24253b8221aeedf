"""Backgrounds that are collected, and what else users keep."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import BusyError, ImagingError, OfflineError, SourceError, UnknownNameError
from pyca.pipeline.control import collect
from pyca.pipeline.control.collect import Mean
from pyca.pipeline.control.collector import MOST, number_of
from pyca.pipeline.pipelines import Pipelines
from pyca.runtime.channel import Channel
from tests.pipeline.test_pipelines_instances import small
from tests.pipeline_doubles import CameraServer, sending
from tests.tools import wait_for


def of(values: Any, dtype: str = "u2") -> Any:
    return np.array(values, dtype)


def test_a_background_is_the_mean_of_some_images(
    pipelines: Pipelines, camera_server: CameraServer, folder: Path
) -> None:
    with sending(of([[0, 1, 2], [3, 4, 65535]])) as address:
        camera_server.streams["cam"] = address
        camera_server.aliases["Kamera"] = "cam"
        first = pipelines.collect("cam", 4)
        second = pipelines.collect("Kamera")
    assert re.fullmatch(r"cam_\d{8}_\d{6}_\d{6}", first)
    assert first < second
    assert pipelines.backgrounds("cam") == pipelines.backgrounds("Kamera") == [first, second]
    assert pipelines.latest_background("Kamera") == second
    assert set(pipelines.backgrounds()) >= {first, second}
    found = pipelines.background(first)
    assert found.dtype == np.uint16
    assert found.tolist() == [[0, 1, 2], [3, 4, 65535]]
    assert (folder / "backgrounds" / f"{first}.npy").exists()


@given(st.lists(st.lists(st.integers(0, 65535), min_size=6, max_size=6), min_size=1, max_size=9))
def test_the_mean_is_rounded(images: list[list[int]]) -> None:
    mean = Mean("cam")
    for image in images:
        mean.add(of(image).reshape(2, 3))
    expected = [round(sum(pixel) / len(images)) for pixel in zip(*images, strict=True)]
    assert mean.image().ravel().tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "kept", "value"),
    [("u1", "u2", 255), ("i4", "i4", -7), ("u4", "u4", 2**32 - 1), ("f4", "f4", 0.25), ("f8", "f8", -1.5)],
)
def test_the_mean_has_a_type_that_holds_it(dtype: str, kept: str, value: float) -> None:
    mean = Mean("cam")
    for _ in range(3):
        mean.add(np.full((2, 2), value, dtype))
    assert mean.image().dtype == np.dtype(kept)
    assert (mean.image() == value).all()


def test_images_that_change_are_no_background(pipelines: Pipelines, camera_server: CameraServer) -> None:
    with sending(of([[1, 2]]), of([[1], [2]])) as address:
        camera_server.streams["cam"] = address
        with pytest.raises(SourceError) as caught:
            pipelines.collect("cam", 50)
    assert "The images of camera cam have changed" in caught.value.message
    assert "x 1 pixels of uint16" in caught.value.message


def test_a_camera_that_is_not_there(pipelines: Pipelines, camera_server: CameraServer) -> None:
    camera_server.offline["off"] = "Camera with prefix off is offline"
    with pytest.raises(OfflineError) as caught:
        pipelines.collect("off")
    assert caught.value.message == "Camera with prefix off is offline"
    with pytest.raises(UnknownNameError, match="Camera 'none' does not exist"):
        pipelines.collect("none")
    with pytest.raises(ImagingError, match="camera's name"):
        pipelines.collect("../none")


def test_a_camera_that_delivers_nothing(
    pipelines: Pipelines, camera_server: CameraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "SILENCE_SECONDS", 0.05)
    monkeypatch.setattr(collect, "_WORD_SECONDS", 0.02)
    ours, theirs = Channel.pair()
    with pytest.raises(SourceError, match=r"delivered no image within 0\.05 s, 0 of 3 have come"):
        collect.collected(theirs, "cam", "ipc:///nowhere/at/all", 3)
    assert ours.receive(1.0) is not None
    ours.close()
    theirs.close()


@pytest.mark.parametrize(("given_", "wanted"), [(None, 10), (3, 3), ("7", 7), (2.0, 2), (MOST, MOST)])
def test_how_many_images(given_: object, wanted: int) -> None:
    assert number_of(given_) == wanted


@pytest.mark.parametrize("wrong", ["many", "", "1.5", 1.5, True, [1], float("inf"), float("nan")])
def test_what_is_no_number_of_images(wrong: object) -> None:
    with pytest.raises(ImagingError) as caught:
        number_of(wrong)
    assert caught.value.message == "n_images must be a number."


@pytest.mark.parametrize("wrong", [0, -1, MOST + 1, "10" * 30])
def test_numbers_of_images_that_are_too_small_or_large(wrong: object) -> None:
    with pytest.raises(ImagingError, match="expected a number from 1 to"):
        number_of(wrong)


def test_collecting_blocks_nobody(pipelines: Pipelines, camera_server: CameraServer) -> None:
    with sending(of([[1, 2]])) as address, ThreadPoolExecutor(1) as pool:
        camera_server.streams["cam"] = address
        slow = pool.submit(pipelines.collect, "cam", MOST)
        wait_for(lambda: _collecting(pipelines), "the collecting process")
        pipelines.create(small(), "mine")
        assert pipelines.info()["active_instances"].keys() == {"mine"}
        assert pipelines.collect("cam", 1) < "cam_3"
        assert not slow.done()
        for ward in _collecting(pipelines):
            pipelines._nursery.kill(ward)
        with pytest.raises(ImagingError, match="has ended"):
            slow.result(60)


def _collecting(pipelines: Pipelines) -> list[Any]:
    """Return the processes that are no instances."""
    instances = {int(one["statistics"]["pid"] or 0) for one in pipelines.info()["active_instances"].values()}
    with pipelines._nursery._lock:
        wards = list(pipelines._nursery._wards.values())
    return [ward for ward in wards if ward.pid and ward.pid not in instances]


def test_too_many_at_once(pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines._collector, "_places", threading.BoundedSemaphore(1))
    with pipelines._collector._places, pytest.raises(BusyError, match="Too many at once"):
        pipelines.collect("cam")


def test_a_background_that_is_sent(pipelines: Pipelines) -> None:
    pipelines.save_background("own", of([[1, 2]]))
    assert pipelines.background("own").tolist() == [[1, 2]]
    made = pipelines.create(small(image_background="own", image_background_enable=True), "mine")
    assert made.config["image_background"] == "own"
    pipelines.save_background("own", of([[3, 4]]))
    for wrong in ("../own", ""):
        with pytest.raises(ImagingError):
            pipelines.save_background(wrong, of([[1]]))
    with pytest.raises(ImagingError, match=r"Requested background 'none' does not exist\."):
        pipelines.background("none")
    with pytest.raises(ImagingError, match=r"No background matches for the specified prefix 'none'\."):
        pipelines.latest_background("none")


def test_a_saved_pipeline_needs_its_background(pipelines: Pipelines) -> None:
    with pytest.raises(Exception, match=r"Requested background 'none' does not exist\."):
        pipelines.save("laser", small(image_background="none"))


def test_scripts_and_libraries_are_kept(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save_script("beam", "def process_image(): ...\n")
    assert pipelines.script_names() == ["beam.py"]
    assert pipelines.script("beam.py").startswith("def")
    pipelines.save_lib("table.csv", b"\x00\xff")
    assert pipelines.lib_names() == ["table.csv"]
    assert pipelines.lib("table.csv") == b"\x00\xff"
    assert (folder / "scripts" / "lib" / "table.csv").exists()
    pipelines.delete_script("beam")
    pipelines.delete_lib("table.csv")
    assert pipelines.script_names() == pipelines.lib_names() == []
    with pytest.raises(ImagingError, match=r"Requested script 'beam' does not exist\."):
        pipelines.script("beam")
    with pytest.raises(ImagingError, match=r"Requested library 'table\.csv' does not exist\."):
        pipelines.lib("table.csv")
    for wrong in ("../a.csv", "a.exe", "a", ".csv/"):
        with pytest.raises(ImagingError):
            pipelines.save_lib(wrong, b"")


def test_ids_of_backgrounds_follow_the_clock(pipelines: Pipelines, camera_server: CameraServer) -> None:
    with sending(of([[1]])) as address:
        camera_server.streams["cam1"] = address
        before = time.strftime("cam1_%Y%m%d_%H%M", time.gmtime())
        name = pipelines.collect("cam1", 1)
    assert before <= name
    assert pipelines.background(name).tolist() == [[1]]
